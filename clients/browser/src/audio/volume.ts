/** How loud the loudspeaker plays: quietly while somebody may be speaking over it. All lengths are in samples. */

/** -18 dB: still to be followed, and no hindrance to speech. */
export const DUCKED_LEVEL = 10 ** (-18 / 20);

export interface VolumeLengths {
  /** From full volume to the quiet one. */
  readonly duck: number;
  /** And back. */
  readonly restore: number;
  /** How long it may stay quiet: whoever ducks it may not come back to say that it was nothing. */
  readonly longestDuck: number;
}

export class Volume {
  readonly #lengths: VolumeLengths;
  #level = 1;
  #target = 1;
  #step = 0;
  #duckedFor = 0;

  constructor(lengths: VolumeLengths) {
    this.#lengths = lengths;
  }

  duck(): void {
    this.#aim(DUCKED_LEVEL, this.#lengths.duck);
    this.#duckedFor = 0;
  }

  restore(samples: number = this.#lengths.restore): void {
    if (this.#target < 1) this.#aim(1, samples);
  }

  /** Where it was going, at once: there is nothing to hear of the change. */
  settle(): void {
    this.#level = this.#target;
  }

  /** The factor for the next sample, heard or not. */
  next(): number {
    if (this.#target < 1) {
      this.#duckedFor += 1;
      if (this.#duckedFor > this.#lengths.longestDuck) this.restore();
    }
    const missing = this.#target - this.#level;
    this.#level += Math.sign(missing) * Math.min(Math.abs(missing), this.#step);
    return this.#level;
  }

  #aim(target: number, samples: number): void {
    this.#target = target;
    this.#step = (1 - DUCKED_LEVEL) / samples;
  }
}
