/** What there is to say of a connection that was lost; good news go by themselves. */

import type { ConnectionNews } from "./voiceState";

/** How long good news are shown. */
const SHOWN_MS = 6_000;

export class News {
  readonly #show: (news: ConnectionNews | null) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(show: (news: ConnectionNews | null) => void) {
    this.#show = show;
  }

  tell(news: ConnectionNews | null): void {
    clearTimeout(this.#timer);
    this.#show(news);
    if (news === "back" || news === "restarted") this.#timer = setTimeout(() => this.#show(null), SHOWN_MS);
  }
}
