/**
 * The way to the server: checks it, opens the socket, opens it again when it is lost, and says what is wrong meanwhile.
 * Knows nothing of what is said over it.
 */

import { needsKey, type ConnectionFault } from "./problems";
import type { CheckServer } from "./server";
import type { OpenTransport, Opening, Transport } from "./transport";
import { readServerEvent, type ClientMessage, type ServerEvent } from "./wire";

export type ConnectionState =
  | { readonly kind: "closed" }
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  /** Tries again at `retryAt` (Date.now()). */
  | { readonly kind: "waiting"; readonly fault: ConnectionFault; readonly retryAt: number }
  /** Goes no further without another key. */
  | { readonly kind: "blocked"; readonly fault: ConnectionFault };

export interface ConnectionEvents {
  onState: (state: ConnectionState) => void;
  onEvent: (event: ServerEvent) => void;
  /** Asked at each attempt: what a conversation begins with may have changed meanwhile. */
  opening: () => Opening;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** A session that lived this long was a good one: the next failure is a first one again. */
const GOOD_SESSION_MS = 5_000;
/** From the opening of the socket to `session.created`. */
const GREETING_MS = 10_000;
/**
 * Twenty seconds of audio: ten that were said before the connection was there, and as many again. Beyond that the
 * network is too slow to talk, and what waits would only come late.
 */
const MOST_BACKLOG_BYTES = 960_000;
const TRY_AGAIN_LATER = 1013;

export class Connection {
  readonly #openTransport: OpenTransport;
  readonly #checkServer: CheckServer;
  readonly #events: ConnectionEvents;
  #state: ConnectionState = { kind: "closed" };
  #transport: Transport | null = null;
  #key: string | null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with each attempt: what belongs to an older one is ignored. */
  #attempt = 0;
  #serverIsFull = false;
  #openedAt = 0;

  constructor(openTransport: OpenTransport, checkServer: CheckServer, key: string | null, events: ConnectionEvents) {
    this.#openTransport = openTransport;
    this.#checkServer = checkServer;
    this.#key = key;
    this.#events = events;
  }

  state(): ConnectionState {
    return this.#state;
  }

  /** Does nothing if it is open or on the way; shortens the wait if it waits. */
  open(): void {
    if (this.#state.kind === "open" || this.#state.kind === "connecting") return;
    this.#failures = 0;
    void this.#connect();
  }

  useKey(key: string): void {
    this.#abandon();
    this.#key = key;
    this.#failures = 0;
    void this.#connect();
  }

  close(): void {
    this.#abandon();
    this.#become({ kind: "closed" });
  }

  /** Sends, if the conversation is open. */
  send(message: ClientMessage): void {
    if (this.#state.kind === "open") this.#transport?.send(JSON.stringify(message));
  }

  /** Sends audio, if the conversation is open and the network keeps up. */
  sendAudio(frame: Int16Array<ArrayBuffer>): void {
    if (this.#state.kind !== "open" || this.#transport === null) return;
    if (this.#transport.backlog() < MOST_BACKLOG_BYTES) this.#transport.send(frame.buffer);
  }

  async #connect(): Promise<void> {
    this.#abandon();
    const attempt = this.#attempt;
    this.#become({ kind: "connecting" });
    const check = await this.#checkServer(this.#key);
    if (attempt !== this.#attempt) return;
    if (check === "ready") this.#openSocket(attempt);
    else if (check === "key-needed") this.#fail(this.#key === null ? "key-needed" : "key-wrong");
    else this.#fail(check);
  }

  #openSocket(attempt: number): void {
    const current = (): boolean => attempt === this.#attempt;
    this.#serverIsFull = false;
    try {
      this.#transport = this.#openTransport(this.#events.opening(), this.#key, {
        onMessage: (data) => current() && this.#receive(data),
        onClose: (code) => current() && this.#lose(code),
      });
    } catch {
      this.#fail("key-malformed");
      return;
    }
    this.#timer = setTimeout(() => this.#fail("silent"), GREETING_MS);
  }

  #receive(data: string | ArrayBuffer): void {
    const event = readServerEvent(data);
    if (event.type === "error" && (event.code === "server_overloaded" || event.code === "rate_limit_exceeded")) {
      this.#serverIsFull = true;
    }
    if (event.type === "session.created") {
      clearTimeout(this.#timer);
      this.#openedAt = Date.now();
      this.#become({ kind: "open" });
    }
    this.#events.onEvent(event);
  }

  #lose(code: number): void {
    if (this.#state.kind === "open" && Date.now() - this.#openedAt >= GOOD_SESSION_MS) this.#failures = 0;
    if (this.#serverIsFull || code === TRY_AGAIN_LATER) this.#fail("full");
    else this.#fail(this.#state.kind === "open" ? "gone" : "refused");
  }

  #fail(fault: ConnectionFault): void {
    this.#abandon();
    if (needsKey(fault)) {
      this.#become({ kind: "blocked", fault });
      return;
    }
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures) * (0.75 + 0.5 * Math.random());
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#connect(), wait);
    this.#become({ kind: "waiting", fault, retryAt: Date.now() + wait });
  }

  #abandon(): void {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#transport?.close();
    this.#transport = null;
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#events.onState(state);
  }
}
