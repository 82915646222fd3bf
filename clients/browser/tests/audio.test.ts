import { describe, expect, test } from "vitest";
import { Framer } from "../src/audio/framer";
import { Resampler } from "../src/audio/resampler";
import { rms } from "../src/audio/samples";

function tone(hertz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / rate));
}

function inChunks(samples: Float32Array, length: number): Float32Array[] {
  return Array.from({ length: Math.ceil(samples.length / length) }, (_, n) =>
    samples.subarray(n * length, (n + 1) * length),
  );
}

function joined(chunks: readonly Float32Array[]): Float32Array {
  return Float32Array.from(chunks.flatMap((chunk) => Array.from(chunk)));
}

function resample(samples: Float32Array, from: number, to: number, chunk = 128): Float32Array {
  const resampler = new Resampler(from, to);
  return joined(inChunks(samples, chunk).map((part) => resampler.push(part)));
}

describe("Resampler", () => {
  test.each([8_000, 16_000, 32_000, 44_100, 48_000, 96_000])("keeps a 1 kHz tone of a %i Hz device", (rate) => {
    const output = resample(tone(1_000, rate, 1), rate, 24_000);
    const settled = output.subarray(1_000, 23_000);
    expect(rms(settled)).toBeCloseTo(0.5 / Math.SQRT2, 3);
    // What is left after the best fitting 1 kHz tone is taken away: distortion.
    const basis = (f: (x: number) => number) => settled.map((_, n) => f((2 * Math.PI * n) / 24));
    const sine = basis(Math.sin);
    const cosine = basis(Math.cos);
    const along = (b: Float32Array) => (2 * settled.reduce((sum, x, n) => sum + x * (b[n] ?? 0), 0)) / settled.length;
    const [a, b] = [along(sine), along(cosine)];
    const rest = settled.map((x, n) => x - a * (sine[n] ?? 0) - b * (cosine[n] ?? 0));
    expect(20 * Math.log10(rms(rest) / rms(settled))).toBeLessThan(-65);
  });

  test.each([12_500, 14_000, 18_000, 21_000])("removes %i Hz, which 24 kHz cannot hold", (hertz) => {
    const output = resample(tone(hertz, 48_000, 0.5), 48_000, 24_000);
    expect(20 * Math.log10(rms(output.subarray(500)) / (0.5 / Math.SQRT2))).toBeLessThan(-60);
  });

  test("keeps speech up to 9 kHz", () => {
    const output = resample(tone(9_000, 48_000, 0.5), 48_000, 24_000);
    expect(rms(output.subarray(500)) / (0.5 / Math.SQRT2)).toBeGreaterThan(0.97);
  });

  test("gives one second for one second, however the input is cut", () => {
    const input = tone(440, 44_100, 1);
    const whole = resample(input, 44_100, 24_000, input.length);
    const pieces = resample(input, 44_100, 24_000, 37);
    expect(Math.abs(whole.length - 24_000)).toBeLessThan(40);
    expect(pieces).toEqual(whole);
  });
});

describe("Framer", () => {
  test("cuts frames of equal length across the input's chunks", () => {
    const framer = new Framer(4);
    expect(framer.push(Float32Array.of(0, 0.5, -0.5))).toEqual([]);
    expect(framer.push(Float32Array.of(1, -1, 0.25))).toEqual([Int16Array.of(0, 16_384, -16_384, 32_767)]);
    expect(framer.push(Float32Array.of(0, 0, 0, 0, 0, 0))).toEqual([
      Int16Array.of(-32_768, 8_192, 0, 0),
      Int16Array.of(0, 0, 0, 0),
    ]);
  });

  test("clips what is too loud instead of wrapping it round", () => {
    expect(new Framer(2).push(Float32Array.of(3, -3))).toEqual([Int16Array.of(32_767, -32_768)]);
  });
});
