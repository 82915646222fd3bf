/** What the user wrote and the server has not answered yet: after a lost connection it is sent again. */

import { messageItem, type ClientMessage, type ServerEvent } from "./wire";

interface Text {
  readonly id: string;
  readonly text: string;
  sent: boolean;
}

const MOST_TEXTS = 20;

export class Requests {
  #texts: Text[] = [];
  #reply: "none" | "wanted" | "asked" = "none";

  /** To be said in writing, and answered. With an id of its own it can be sent twice and is said once. */
  add(id: string, text: string): void {
    this.#texts = [...this.#texts, { id, text, sent: false }].slice(-MOST_TEXTS);
    this.#reply = "wanted";
  }

  /** What is to be sent now; counts as sent. */
  take(): readonly ClientMessage[] {
    const messages: ClientMessage[] = [];
    for (const text of this.#texts.filter(({ sent }) => !sent)) {
      text.sent = true;
      messages.push({ type: "conversation.item.create", item: messageItem(text.id, "user", text.text) });
    }
    if (this.#reply === "wanted") {
      this.#reply = "asked";
      messages.push({ type: "response.create" });
    }
    return messages;
  }

  /** The connection was lost: what was not answered may not have arrived. */
  again(): void {
    for (const text of this.#texts) text.sent = false;
    if (this.#reply === "asked") this.#reply = "wanted";
  }

  /** Whether this text is still to be sent, or on its way. */
  has(id: string): boolean {
    return this.#texts.some((text) => text.id === id);
  }

  /** `isContinuation`: of an answer that was cut; nobody asked for it. */
  receive(event: ServerEvent): void {
    if (event.type === "conversation.item.added") this.#texts = this.#texts.filter(({ id }) => id !== event.item.id);
    if (event.type === "response.created" && !event.isContinuation) this.#reply = "none";
    if (event.type === "error" && event.code === "conversation_already_has_active_response") this.#reply = "none";
  }

  forget(): void {
    this.#texts = [];
    this.#reply = "none";
  }
}
