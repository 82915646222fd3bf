/** Cuts the microphone's stream into frames of equal length. */

import { toInt16 } from "./samples";

export class Framer {
  readonly #length: number;
  #frame: Int16Array<ArrayBuffer>;
  #filled = 0;

  /** `length` in samples. */
  constructor(length: number) {
    this.#length = length;
    this.#frame = new Int16Array(length);
  }

  /** Takes floats, returns the int16 frames that are full. */
  push(samples: Float32Array): Int16Array<ArrayBuffer>[] {
    const full: Int16Array<ArrayBuffer>[] = [];
    for (const sample of samples) {
      this.#frame[this.#filled] = toInt16(sample);
      this.#filled += 1;
      if (this.#filled === this.#length) {
        full.push(this.#frame);
        this.#frame = new Int16Array(this.#length);
        this.#filled = 0;
      }
    }
    return full;
  }
}
