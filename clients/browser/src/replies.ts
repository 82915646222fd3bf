/** The server's replies on their way to the loudspeaker, and what was heard of them on its way back. */

import type { Connection } from "./connection";
import type { Line } from "./conversation";
import type { Outgoing } from "./outgoing";
import type { Heard, Speaker } from "./player";
import type { ServerEvent } from "./wire";

export class Replies {
  readonly #speaker: Speaker;
  readonly #connection: Connection;
  readonly #outgoing: Outgoing;
  /** Responses that the user stopped: what still comes of them is not played. */
  readonly #stopped = new Set<string>();
  /** Items of this conversation: playback of earlier ones is of no interest to the server. */
  readonly #items = new Set<string>();

  constructor(speaker: Speaker, connection: Connection, outgoing: Outgoing) {
    this.#speaker = speaker;
    this.#connection = connection;
    this.#outgoing = outgoing;
  }

  receive(event: ServerEvent): void {
    switch (event.type) {
      case "audio":
        this.#items.add(event.itemId);
        this.#speaker.append(event.itemId, event.samples);
        break;
      case "response.output_audio.done":
        this.#speaker.finish(event.itemId);
        break;
      case "voice.duck":
        this.#speaker.duck(event.itemId);
        break;
      case "voice.restore":
        this.#speaker.restore();
        break;
      case "input_audio_buffer.speech_started":
        this.#speaker.interrupt();
        break;
      case "voice.continued":
        // What the user had stopped would go on after a lost connection.
        if (this.#stopped.has(event.continues)) this.#cancel(event.responseId);
        break;
      case "response.output_item.added":
        if (this.#stopped.has(event.responseId)) this.#speaker.ignore(event.item.id);
        break;
    }
  }

  /** The user wants no more of it. Null: of what is played, for nothing more will come. */
  stop(responseId: string | null, lines: readonly Line[]): void {
    if (responseId !== null) {
      for (const line of lines) {
        if (line.responseId === responseId) this.#speaker.ignore(line.id);
      }
      this.#cancel(responseId);
    }
    this.#speaker.interrupt();
  }

  reportHeard({ itemId, heardMs, playing }: Heard): void {
    if (!this.#items.has(itemId)) return;
    this.#outgoing.report({ type: "voice.playback", item_id: itemId, heard_ms: heardMs, playing });
  }

  /** What has come is played; nothing more of it will come, so that the loudspeaker must not wait for it. */
  lose(): void {
    for (const itemId of this.#items) this.#speaker.finish(itemId);
  }

  /** Another conversation begins. */
  restart(): void {
    this.#items.clear();
    this.#stopped.clear();
  }

  #cancel(responseId: string): void {
    this.#stopped.add(responseId);
    this.#connection.send({ type: "response.cancel", response_id: responseId });
  }
}
