/** Samples: from -1 to 1 as floats in the browser, int16 on the wire. */

const FULL_SCALE = 32_768;

export function toInt16(sample: number): number {
  return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(sample * FULL_SCALE)));
}

export function toFloat(sample: number): number {
  return sample / FULL_SCALE;
}

/** Root mean square of floats, 0 to 1. */
export function rms(samples: Float32Array): number {
  if (samples.length === 0) return 0;
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}
