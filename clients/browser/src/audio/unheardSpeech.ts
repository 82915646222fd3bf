/**
 * What the microphone heard and no server may have heard: all of it while there is no connection, and, should the
 * connection be lost, the utterance that was under way, for the session that heard its beginning is gone.
 */

/** Ten seconds, in frames of 20 ms. What exceeds it is forgotten, oldest first. */
const MOST_FRAMES = 500;
/** Speech is noticed a moment after it began. */
const PREFIX_FRAMES = 25;

type Frame = Int16Array<ArrayBuffer>;

export class UnheardSpeech {
  #held: Frame[] = [];
  #sent: Frame[] = [];

  /** There is nobody to send it to. */
  hold(frame: Frame): void {
    push(this.#held, frame, MOST_FRAMES);
  }

  /** It was sent; `speaking`: the server knows that the user speaks. */
  sent(frame: Frame, speaking: boolean): void {
    push(this.#sent, frame, speaking ? MOST_FRAMES : PREFIX_FRAMES);
  }

  /** The connection is lost; `speaking`: in the middle of an utterance. */
  lose(speaking: boolean): void {
    if (speaking) this.#held = [...this.#sent, ...this.#held].slice(-MOST_FRAMES);
    this.#sent = [];
  }

  /** What is to be sent first, in order; it counts as sent by those who send it. */
  take(): readonly Frame[] {
    const frames = this.#held;
    this.#held = [];
    return frames;
  }

  forget(): void {
    this.#held = [];
    this.#sent = [];
  }
}

function push(frames: Frame[], frame: Frame, most: number): void {
  frames.push(frame);
  if (frames.length > most) frames.splice(0, frames.length - most);
}
