/**
 * What it takes to go on with a conversation over another socket: what has been received, and the proof of it.
 * Pure state; it knows neither sockets nor clocks.
 */

import { SAMPLE_RATE, type ServerMessage } from "./wire";

/** What the next socket asks for. */
export interface ResumeQuery {
  readonly token: string;
  /** The greatest `seq` received. */
  readonly after: number;
  /** Which of the conversation's connections was lost, counted from 1; null: another page had it. */
  readonly connection: number | null;
  readonly item: { readonly id: string; readonly receivedMs: number } | null;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8_000;
const MOST_SEEN = 4_096;
/** Of RFC 6455: the server meant these as an end. */
const FINAL_CODES: ReadonlySet<number> = new Set([1000, 1008]);

/** Whether a conversation goes on after its socket was closed with this code. */
export function isResumable(code: number): boolean {
  return !FINAL_CODES.has(code);
}

/** Before the nth attempt (0: the first); `random`, 0 to 1, spreads the clients of a server that comes back. */
export function delayBefore(attempt: number, random: number): number {
  if (attempt === 0) return 0;
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)) * (0.75 + 0.5 * random);
}

export class Resumption {
  #token: string | null;
  #expiresInMs = 0;
  #seq = 0;
  #connection: number | null;
  /** Events that came since `#seq`. */
  readonly #seen = new Set<string>();
  #itemId: string | null = null;
  #itemSamples = 0;

  /** `token`: of a conversation that another page held; all of it is missed. */
  constructor(token: string | null = null, expiresInMs = 0) {
    this.#token = token;
    this.#connection = token === null ? 1 : null;
    this.#expiresInMs = expiresInMs;
  }

  /** Null: the server offers none. */
  query(): ResumeQuery | null {
    if (this.#token === null) return null;
    const receivedMs = Math.floor((1000 * this.#itemSamples) / SAMPLE_RATE);
    const item = this.#itemId === null ? null : { id: this.#itemId, receivedMs };
    return { token: this.#token, after: this.#seq, connection: this.#connection, item };
  }

  /** How long after its loss the conversation can be resumed. */
  get expiresInMs(): number {
    return this.#expiresInMs;
  }

  /** One message of the server. False if it came before. */
  receive({ event, eventId, seq }: ServerMessage): boolean {
    if (event.type === "audio") {
      this.#receiveAudio(event.itemId, event.samples.length);
      return true;
    }
    if (eventId !== null) {
      if (this.#seen.has(eventId)) return false;
      this.#seen.add(eventId);
      const [oldest] = this.#seen;
      if (this.#seen.size > MOST_SEEN && oldest !== undefined) this.#seen.delete(oldest);
    }
    if (seq !== null) {
      this.#seq = Math.max(this.#seq, seq);
      this.#seen.clear();
    }
    switch (event.type) {
      case "voice.resume":
        this.#token = event.token;
        this.#expiresInMs = event.expiresInMs;
        break;
      // The loudspeaker stops, or has all of it; and what was cut goes on as another item.
      case "input_audio_buffer.speech_started":
      case "response.output_audio.done":
      case "response.done":
        this.#itemId = null;
        break;
      case "voice.resumed":
        this.#itemId = null;
        this.#connection = event.connection;
        // What the lost socket had brought beyond that is in no log: its numbers stand for something else now.
        this.#seq = event.after;
        break;
    }
    return true;
  }

  #receiveAudio(itemId: string, samples: number): void {
    if (itemId !== this.#itemId) {
      this.#itemId = itemId;
      this.#itemSamples = 0;
    }
    this.#itemSamples += samples;
  }
}
