/** What the microphone heard while nobody could be told, oldest first. What exceeds the bound is forgotten, oldest first. */

export class HeldAudio {
  readonly #most: number;
  #frames: Int16Array<ArrayBuffer>[] = [];

  /** `most` in frames. */
  constructor(most: number) {
    this.#most = most;
  }

  push(frame: Int16Array<ArrayBuffer>): void {
    this.#frames.push(frame);
    if (this.#frames.length > this.#most) this.#frames.shift();
  }

  /** All of it, once. */
  take(): readonly Int16Array<ArrayBuffer>[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }
}
