import { describe, expect, test } from "vitest";
import { Framer } from "../src/audio/framer";
import { PlaybackQueue, type Progress } from "../src/audio/playbackQueue";
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

describe("PlaybackQueue", () => {
  const LENGTHS = { jitter: 40, fade: 10, report: 100, most: 10_000 };
  const loud = (length: number): Int16Array => new Int16Array(length).fill(16_384);
  const pull = (queue: PlaybackQueue, length: number): Float32Array => {
    const output = new Float32Array(length);
    queue.pull(output);
    return output;
  };
  const largestStep = (samples: Float32Array): number =>
    samples.reduce((largest, sample, n) => Math.max(largest, Math.abs(sample - (n > 0 ? (samples[n - 1] ?? 0) : 0))), 0);
  const last = (progress: readonly Progress[]): Progress | undefined => progress.at(-1);

  test("is silent without audio", () => {
    expect(rms(pull(new PlaybackQueue(LENGTHS), 100))).toBe(0);
  });

  test("waits for a little audio, but not for ever", () => {
    const queue = new PlaybackQueue(LENGTHS);
    queue.append("a", loud(20));
    expect(rms(pull(queue, 30))).toBe(0);
    expect(rms(pull(queue, 30))).toBeGreaterThan(0);
  });

  test("starts at once when enough is there, and tells so", () => {
    const queue = new PlaybackQueue(LENGTHS);
    queue.append("a", loud(40));
    expect(pull(queue, 1)[0]).toBeGreaterThan(0);
    expect(queue.takeProgress()).toEqual([{ itemId: "a", played: 1, playing: true }]);
  });

  test("starts a short item once it is complete", () => {
    const queue = new PlaybackQueue(LENGTHS);
    queue.append("a", loud(15));
    queue.finish("a");
    expect(rms(pull(queue, 15))).toBeGreaterThan(0);
    pull(queue, 1);
    expect(last(queue.takeProgress())).toEqual({ itemId: "a", played: 15, playing: false });
  });

  test("counts what was played and reports it regularly, then once more at the end", () => {
    const queue = new PlaybackQueue(LENGTHS);
    queue.append("a", loud(250));
    queue.finish("a");
    pull(queue, 300);
    expect(queue.takeProgress().map(({ played, playing }) => [played, playing])).toEqual([
      [1, true],
      [101, true],
      [201, true],
      [250, false],
    ]);
  });

  test("plays items in order without a gap", () => {
    const queue = new PlaybackQueue(LENGTHS);
    queue.append("a", loud(60));
    queue.append("b", loud(60));
    queue.finish("a");
    queue.finish("b");
    const output = pull(queue, 120);
    expect(Math.min(...output.subarray(10))).toBeCloseTo(0.5);
    pull(queue, 20);
    const ended = queue.takeProgress().filter(({ playing }) => !playing);
    expect(ended).toEqual([
      { itemId: "a", played: 60, playing: false },
      { itemId: "b", played: 60, playing: false },
    ]);
  });

  test("stops within a fade, tells what was heard, and forgets the rest", () => {
    const queue = new PlaybackQueue(LENGTHS);
    queue.append("a", loud(500));
    queue.append("b", loud(500));
    pull(queue, 150);
    queue.takeProgress();
    queue.stop();
    expect(queue.takeProgress()).toEqual([
      { itemId: "a", played: 150, playing: false },
      { itemId: "b", played: 0, playing: false },
    ]);
    const output = pull(queue, 100);
    expect(rms(output.subarray(10))).toBe(0);
  });

  test("never clicks: at the start, at a stop, when it runs dry, and at the end", () => {
    const queue = new PlaybackQueue(LENGTHS);
    const heard: Float32Array[] = [];
    queue.append("a", loud(200));
    heard.push(pull(queue, 300)); // runs dry
    queue.append("a", loud(200));
    heard.push(pull(queue, 100));
    queue.stop();
    heard.push(pull(queue, 50));
    queue.append("b", loud(60));
    queue.finish("b");
    heard.push(pull(queue, 100)); // ends
    expect(largestStep(joined(heard))).toBeLessThanOrEqual(0.5 / LENGTHS.fade + 1e-6);
    expect(rms(joined(heard))).toBeGreaterThan(0.2);
  });

  test("goes on after it ran dry, and counts only what was really played", () => {
    const queue = new PlaybackQueue(LENGTHS);
    queue.append("a", loud(50));
    pull(queue, 200);
    queue.append("a", loud(50));
    queue.finish("a");
    pull(queue, 200);
    expect(last(queue.takeProgress())).toEqual({ itemId: "a", played: 100, playing: false });
  });

  test("has a bound", () => {
    const queue = new PlaybackQueue(LENGTHS);
    expect(queue.append("a", loud(9_000))).toBe(true);
    expect(queue.append("a", loud(2_000))).toBe(false);
    expect(queue.append("a", loud(1_000))).toBe(true);
  });
});
