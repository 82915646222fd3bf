/**
 * What the microphone heard and the server may have to hear again: all of it while there is no connection, and, should
 * a connection be lost, what was on its way or belongs to an utterance whose beginning is lost with it.
 */

/** Ten seconds, in frames of 20 ms: before there is a conversation. What exceeds it is forgotten, oldest first. */
const MOST_FRAMES_BEFORE = 500;
/** A minute. */
const MOST_FRAMES = 3_000;
/** Speech is noticed a moment after it began. */
const PREFIX_FRAMES = 25;
/** A turn is known to be over a moment after it was: what was sent then may belong to the next one. */
const OVERLAP_FRAMES = 75;

type Frame = Int16Array<ArrayBuffer>;

export class UnheardSpeech {
  #held: Frame[] = [];
  /** Over the connection there is, since the last turn. */
  #sent: Frame[] = [];
  #sentSamples = 0;
  /** In frames of `#sent`, from its end. */
  #speechFrames: number | null = null;
  #most = MOST_FRAMES_BEFORE;
  /** By item: where the turns end whose words are not known; in frames of `#sent`, from its end. */
  readonly #turns = new Map<string, number>();

  /** There is a conversation: from now on more is kept. */
  begin(): void {
    this.#most = MOST_FRAMES;
  }

  /** There is nobody to send it to. */
  hold(frame: Frame): void {
    this.#held.push(frame);
    const excess = this.#held.length + this.#sent.length - this.#most;
    if (excess <= 0) return;
    const ofSent = Math.min(excess, this.#sent.length);
    this.#sent.splice(0, ofSent);
    this.#held.splice(0, excess - ofSent);
  }

  /** It was sent. */
  sent(frame: Frame): void {
    this.#sent.push(frame);
    this.#sentSamples += frame.length;
    if (this.#speechFrames !== null) this.#speechFrames += 1;
    for (const [itemId, frames] of this.#turns) this.#turns.set(itemId, frames + 1);
    if (this.#sent.length > this.#most) this.#sent.shift();
  }

  /** The server hears the user speak. */
  speechStarted(): void {
    this.#speechFrames = PREFIX_FRAMES;
  }

  /** The server has all of a turn; until it has understood it, it may have to hear it again. */
  committed(itemId: string): void {
    this.#speechFrames = null;
    this.#turns.set(itemId, 0);
  }

  /** The words of a turn are known, or will never be. */
  understood(itemId: string): void {
    const since = this.#turns.get(itemId);
    if (since === undefined) return;
    this.#turns.delete(itemId);
    this.#sent = this.#sent.slice(-OVERLAP_FRAMES - since);
  }

  /** Another socket goes on: what was sent over the lost one from this sample on is to be sent again. */
  resume(position: number): void {
    let count = this.#sentSamples - position;
    const again: Frame[] = [];
    for (let at = this.#sent.length - 1; at >= 0 && count > 0; at -= 1) {
      const frame = this.#sent[at];
      if (frame === undefined) break;
      again.unshift(count < frame.length ? frame.slice(frame.length - count) : frame);
      count -= frame.length;
    }
    this.#sendAnew(again);
  }

  /** Another conversation begins, and hears anew what the user was saying. */
  restart(): void {
    this.#sendAnew(this.#speechFrames === null ? [] : this.#sent.slice(-this.#speechFrames));
    this.#speechFrames = null;
  }

  /** What is to be sent first, in order; it counts as sent by those who send it. */
  take(): readonly Frame[] {
    const frames = this.#held;
    this.#held = [];
    return frames;
  }

  forget(): void {
    this.#sendAnew([]);
    this.#held = [];
    this.#speechFrames = null;
    this.#most = MOST_FRAMES_BEFORE;
  }

  #sendAnew(frames: readonly Frame[]): void {
    this.#held = [...frames, ...this.#held];
    this.#sent = [];
    this.#sentSamples = 0;
    this.#turns.clear();
  }
}
