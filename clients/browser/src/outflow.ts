/** How well the network takes the audio that is sent into it. */

/**
 * Twenty seconds of audio: ten that were said before the connection was there, and as many again. Beyond that the
 * network is too slow to talk, and what waits would only come late.
 */
const MOST_BACKLOG_BYTES = 960_000;
/** Of audio that is sent and does not leave: the network is gone, though nobody has said so. */
const STUCK_MS = 6_000;

export class Outflow {
  /** What was kept and sent at once may wait beside what is said. */
  #keptBytes = 0;
  #backlog = 0;
  /** By `now`: when some of it left. */
  #flowedAt: number;

  constructor(now: number) {
    this.#flowedAt = now;
  }

  /** So many bytes wait to be sent. */
  look(backlog: number, now: number): void {
    if (backlog === 0 || backlog < this.#backlog) this.#flowedAt = now;
    if (backlog < MOST_BACKLOG_BYTES) this.#keptBytes = 0;
    this.#backlog = backlog;
  }

  /** So many bytes follow. */
  add(bytes: number): void {
    this.#backlog += bytes;
  }

  addKept(bytes: number): void {
    this.#keptBytes += bytes;
    this.#backlog += bytes;
  }

  get isFull(): boolean {
    return this.#backlog >= MOST_BACKLOG_BYTES + this.#keptBytes;
  }

  isStuck(now: number): boolean {
    return now - this.#flowedAt >= STUCK_MS;
  }
}
