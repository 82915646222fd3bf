/**
 * The way to the server: checks it, opens the socket, opens it again when it is lost, and says what is wrong meanwhile.
 * Knows nothing of what is said over it, but keeps count, so that the next socket can go on where the last one was.
 */

import type { Beginning, ConnectionEvents, ConnectionState, Move } from "./connectionState";
import type { Door } from "./door";
import { Outflow } from "./outflow";
import { needsKey, type ConnectionFault } from "./problems";
import { delayBefore, isResumable, Resumption } from "./resumption";
import type { Opening, Transport } from "./transport";
import { readServerMessage, type ClientMessage } from "./wire";

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** A session that lived this long was a good one: the next failure is a first one again. */
const GOOD_SESSION_MS = 5_000;
/** From the opening of the socket to its first message. */
const GREETING_MS = 10_000;
const TRY_AGAIN_LATER = 1013;
/** A browser does not see why a socket was refused: a server that answers, and refuses so often, has forgotten. */
const MOST_REFUSALS = 2;
/** Codes with which this side closes: for good, or to come back over another socket. */
const GOODBYE = 1000;
const COMES_BACK = 4000;

export class Connection {
  readonly #door: Door;
  readonly #events: ConnectionEvents;
  #state: ConnectionState = { kind: "closed" };
  #transport: Transport | null = null;
  #move: Move | null = null;
  #resumption: Resumption;
  #failures = 0;
  #refusals = 0;
  #hasAskedToMove = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Grows with each attempt: what belongs to an older one is ignored. */
  #attempt = 0;
  #serverIsFull = false;
  #openedAt = 0;
  #lostAt = 0;
  #outflow = new Outflow(0);

  constructor(door: Door, resumption: Resumption, events: ConnectionEvents) {
    this.#door = door;
    this.#resumption = resumption;
    this.#events = events;
  }

  state(): ConnectionState {
    return this.#state;
  }

  /** Whether what is said now is sent. */
  get canSend(): boolean {
    return this.#state.kind === "open" && this.#move === null;
  }

  /** Whether the conversation outlives the socket. */
  get canResume(): boolean {
    return this.#resumption.query() !== null;
  }

  /** Does nothing if it is open or on the way; shortens the wait if it waits. */
  open(): void {
    const { kind } = this.#state;
    if (kind === "open" || kind === "connecting") return;
    this.#failures = 0;
    if (kind === "resuming") this.#resumeSoon();
    else if (this.canResume) this.#beginResuming();
    else void this.#connect();
  }

  /** The network is another one now: a socket that still seems open may be dead. */
  move(): void {
    if (this.#state.kind !== "open" || this.#move !== null || !this.canResume) return;
    const waiting: (string | ArrayBuffer)[] = [];
    const isMoving = (): boolean => this.#move?.waiting === waiting;
    let attempt: number | null = null;
    try {
      const transport = this.#door.open(this.#opening(), {
        onMessage: (data) => {
          if (isMoving()) attempt = this.#takeOver();
          if (attempt === this.#attempt) this.#receive(data);
        },
        onClose: (code) => {
          if (isMoving()) this.#stay();
          else if (attempt === this.#attempt) this.#lose(code);
        },
      });
      this.#hasAskedToMove = true;
      this.#move = { transport, waiting, lostCode: null, timer: setTimeout(() => this.#stay(), GREETING_MS) };
    } catch {
      console.warn("The key cannot be sent any more.");
    }
  }

  /** Once more, for there is another key, or somebody has logged in. */
  enter(): void {
    this.#abandon();
    this.#failures = 0;
    if (this.canResume) this.#beginResuming();
    else void this.#connect();
  }

  /** It is somebody else's from now on: what was held is not theirs to go on with. */
  changePerson(): void {
    const isWanted = this.#state.kind !== "closed";
    this.close();
    if (isWanted) this.enter();
  }

  close(): void {
    this.#abandon(GOODBYE);
    this.#resumption = new Resumption();
    this.#become({ kind: "closed" });
  }

  /** Sends, if the conversation is open. */
  send(message: ClientMessage): void {
    if (this.canSend) this.#transport?.send(JSON.stringify(message));
  }

  /** Sends audio, if the conversation is open and the network keeps up. False: it was not sent. */
  sendAudio(frame: Int16Array<ArrayBuffer>): boolean {
    if (!this.canSend || this.#transport === null) return false;
    this.#outflow.look(this.#transport.backlog(), Date.now());
    if (this.canResume && this.#outflow.isStuck(Date.now())) {
      this.#lose(1006);
      return false;
    }
    if (this.#outflow.isFull) return false;
    this.#transport.send(frame.buffer);
    this.#outflow.add(frame.byteLength);
    return true;
  }

  /** Sends audio that was kept, however much of it waits. */
  sendKeptAudio(frame: Int16Array<ArrayBuffer>): void {
    this.#outflow.addKept(frame.byteLength);
    this.#transport?.send(frame.buffer);
  }

  async #connect(): Promise<void> {
    this.#abandon();
    const attempt = this.#attempt;
    this.#become({ kind: "connecting" });
    const check = await this.#door.check();
    if (attempt !== this.#attempt) return;
    if (check === "ready") this.#openSocket(attempt);
    else if (check !== "forgotten") this.#fail(check);
  }

  #openSocket(attempt: number): void {
    const current = (): boolean => attempt === this.#attempt;
    this.#serverIsFull = false;
    try {
      this.#transport = this.#door.open(this.#opening(), {
        onMessage: (data) => current() && this.#receive(data),
        onClose: (code) => current() && this.#lose(code),
      });
    } catch {
      this.#fail("key-malformed");
      return;
    }
    this.#timer = setTimeout(() => this.#fail("silent"), GREETING_MS);
  }

  #opening(): Opening {
    return { ...this.#events.opening(), resume: this.#resumption.query() };
  }

  #receive(data: string | ArrayBuffer): void {
    if (this.#move !== null) {
      this.#move.waiting.push(data);
      return;
    }
    const message = readServerMessage(data);
    const { event } = message;
    if (event.type === "session.created") this.#resumption = new Resumption();
    if (!this.#resumption.receive(message)) return;
    // No other tab has taken the conversation: it was this one that had it moved.
    if (event.type === "error" && event.code === "session_moved" && this.#hasAskedToMove) return;
    if (event.type === "error" && (event.code === "server_overloaded" || event.code === "rate_limit_exceeded")) {
      this.#serverIsFull = true;
    }
    if (event.type === "session.created") this.#begin({ kind: "begun" });
    if (event.type === "voice.resumed") this.#begin({ ...event, kind: "resumed" });
    if (event.type === "voice.draining") this.move();
    this.#events.onEvent(event);
  }

  #begin(beginning: Beginning): void {
    clearTimeout(this.#timer);
    this.#openedAt = Date.now();
    this.#outflow = new Outflow(this.#openedAt);
    this.#refusals = 0;
    this.#hasAskedToMove = false;
    if (beginning.kind === "resumed") this.#failures = 0;
    this.#become({ kind: "open" });
    this.#events.onBeginning(beginning);
  }

  /** The new socket is answered: the old one is closed by its server. */
  #takeOver(): number {
    if (this.#move !== null) {
      clearTimeout(this.#move.timer);
      this.#transport?.leave();
      this.#transport = this.#move.transport;
      this.#move = null;
      this.#attempt += 1;
    }
    return this.#attempt;
  }

  /** None took over. */
  #stay(): void {
    const move = this.#move;
    if (move === null) return;
    clearTimeout(move.timer);
    move.transport.close(COMES_BACK);
    this.#move = null;
    for (const data of move.waiting) this.#receive(data);
    if (move.lostCode !== null) this.#lose(move.lostCode);
    else if (this.canSend) this.#events.onBeginning({ kind: "kept" });
  }

  #lose(code: number): void {
    if (this.#move !== null) {
      this.#move.lostCode = code;
      return;
    }
    const wasOpen = this.#state.kind === "open";
    if (wasOpen && !isResumable(code)) this.#resumption = new Resumption();
    if (this.canResume && wasOpen) {
      this.#beginResuming();
      return;
    }
    if (this.#state.kind === "resuming") {
      // Only of a server that answers otherwise.
      if (this.#failures > 0) this.#refusals += 1;
      if (this.#refusals >= MOST_REFUSALS) this.#beginAnew();
      else this.#tryAgain();
      return;
    }
    if (wasOpen && Date.now() - this.#openedAt >= GOOD_SESSION_MS) this.#failures = 0;
    if (this.#serverIsFull || code === TRY_AGAIN_LATER) this.#fail("full");
    else this.#fail(wasOpen ? "gone" : "refused");
  }

  #beginResuming(): void {
    this.#lostAt = Date.now();
    this.#failures = this.#refusals = 0;
    this.#abandon();
    this.#become({ kind: "resuming" });
    this.#resumeSoon();
  }

  #tryAgain(): void {
    this.#failures += 1;
    this.#resumeSoon();
  }

  #resumeSoon(): void {
    this.#abandon();
    const delay = delayBefore(this.#failures, Math.random());
    this.#timer = setTimeout(() => void this.#resume(), delay);
  }

  /** At once the first time; later the server is asked first what is wrong. */
  async #resume(): Promise<void> {
    if (Date.now() - this.#lostAt >= this.#resumption.expiresInMs) {
      this.#beginAnew();
      return;
    }
    const attempt = this.#attempt;
    const check = this.#failures === 0 ? "ready" : await this.#door.check(this.#resumption.query()?.token);
    if (attempt !== this.#attempt) return;
    if (check === "ready") this.#openSocket(attempt);
    else if (check === "forgotten") this.#beginAnew();
    else this.#fail(check);
  }

  /** The server has forgotten the conversation. */
  #beginAnew(): void {
    this.#resumption = new Resumption();
    this.#failures = 0;
    void this.#connect();
  }

  #fail(fault: ConnectionFault): void {
    if (this.#state.kind === "resuming" && !needsKey(fault)) {
      this.#tryAgain();
      return;
    }
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

  #abandon(code = this.canResume ? COMES_BACK : GOODBYE): void {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#transport?.close(code);
    this.#transport = null;
    if (this.#move === null) return;
    clearTimeout(this.#move.timer);
    this.#move.transport.close(code);
    this.#move = null;
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.#events.onState(state);
  }
}
