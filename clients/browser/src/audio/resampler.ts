/** Changes the sample rate of a stream: a windowed-sinc low-pass, one set of coefficients for each phase. */

/** Zero crossings of the sinc on each side; sets the steepness and a delay of 24 samples at the lower rate. */
const ZERO_CROSSINGS = 24;
/** Kaiser window: about 80 dB in the stop band. */
const KAISER_BETA = 8;
/** Half the amplitude is left here, as a part of the lower rate's Nyquist frequency; at that frequency, nothing. */
const CUTOFF = 0.9;

export class Resampler {
  readonly #step: number;
  readonly #phases: readonly Float32Array[];
  #history: Float32Array;
  /** Where the next output sample's coefficients begin in `#history`, and its phase. */
  #position = 0;
  #phase = 0;

  /** Rates in Hz. */
  constructor(fromRate: number, toRate: number) {
    const divisor = greatestCommonDivisor(fromRate, toRate);
    this.#step = fromRate / divisor;
    this.#phases = designPhases(fromRate, toRate, toRate / divisor);
    this.#history = new Float32Array(Math.ceil((this.#phases[0]?.length ?? 0) / 2));
  }

  /** Takes the next samples, in any number; returns the output that is complete. */
  push(samples: Float32Array): Float32Array {
    const input = new Float32Array(this.#history.length + samples.length);
    input.set(this.#history);
    input.set(samples, this.#history.length);
    const output: number[] = [];
    for (;;) {
      const coefficients = this.#phases[this.#phase];
      if (coefficients === undefined || this.#position + coefficients.length > input.length) break;
      let sum = 0;
      for (let tap = 0; tap < coefficients.length; tap += 1) {
        sum += (coefficients[tap] ?? 0) * (input[this.#position + tap] ?? 0);
      }
      output.push(sum);
      const advanced = this.#phase + this.#step;
      this.#position += Math.floor(advanced / this.#phases.length);
      this.#phase = advanced % this.#phases.length;
    }
    const used = Math.min(this.#position, input.length);
    this.#history = input.slice(used);
    this.#position -= used;
    return Float32Array.from(output);
  }
}

function designPhases(fromRate: number, toRate: number, count: number): Float32Array[] {
  const cutoff = (CUTOFF * Math.min(1, toRate / fromRate)) / 2;
  const half = Math.ceil(ZERO_CROSSINGS * Math.max(1, fromRate / toRate));
  return Array.from({ length: count }, (_, phase) => {
    const centre = half - 1 + phase / count;
    const coefficients = Float32Array.from({ length: 2 * half }, (_, tap) => {
      const distance = tap - centre;
      return 2 * cutoff * sinc(2 * cutoff * distance) * kaiser(distance / half);
    });
    const gain = coefficients.reduce((sum, coefficient) => sum + coefficient, 0);
    return coefficients.map((coefficient) => coefficient / gain);
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** `x` from -1 to 1 across the window. */
function kaiser(x: number): number {
  if (Math.abs(x) >= 1) return 0;
  return besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA);
}

function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-9 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
