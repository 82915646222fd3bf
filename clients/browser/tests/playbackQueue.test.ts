import { describe, expect, test } from "vitest";
import { PlaybackQueue, type Progress } from "../src/audio/playbackQueue";
import { rms } from "../src/audio/samples";
import { DUCKED_LEVEL } from "../src/audio/volume";

function joined(chunks: readonly Float32Array[]): Float32Array {
  return Float32Array.from(chunks.flatMap((chunk) => Array.from(chunk)));
}

describe("PlaybackQueue", () => {
  const LENGTHS = { jitter: 40, fade: 10, report: 100, most: 10_000, duck: 30, restore: 100, longestDuck: 1_500 };
  const loud = (length: number): Int16Array => new Int16Array(length).fill(16_384);
  const pull = (queue: PlaybackQueue, length: number): Float32Array => {
    const output = new Float32Array(length);
    queue.pull(output);
    return output;
  };
  const largestStep = (samples: Float32Array, from = 0): number =>
    samples.reduce((largest, sample, n) => Math.max(largest, Math.abs(sample - (n > 0 ? (samples[n - 1] ?? 0) : from))), 0);
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

  test("plays pieces that come early, late within the lead and unevenly without a gap", () => {
    const queue = new PlaybackQueue(LENGTHS);
    const heard: Float32Array[] = [];
    // Ten pieces of 100: two come at once, then one about every 100 samples, give or take 90, up to 1000 ahead.
    const arrivals = [0, 0, 15, 190, 210, 395, 590, 600, 790, 880];
    for (let now = 0; now < 1_050; now += 5) {
      for (const at of arrivals) if (at === now) queue.append("a", loud(100));
      if (now === 885) queue.finish("a");
      heard.push(pull(queue, 5));
    }
    const played = joined(heard);
    expect(Math.min(...played.subarray(LENGTHS.fade, 1_000))).toBeCloseTo(0.5, 5);
    expect(last(queue.takeProgress())).toEqual({ itemId: "a", played: 1_000, playing: false });
  });

  describe("with a device that takes its time", () => {
    const queueOf = (length: number): PlaybackQueue => {
      const queue = new PlaybackQueue(LENGTHS);
      queue.setLatency(60);
      queue.append("a", loud(length));
      queue.finish("a");
      return queue;
    };

    test("tells of the first sample when it sounds, not when it was given away", () => {
      const queue = queueOf(250);
      pull(queue, 60);
      expect(queue.takeProgress()).toEqual([]);
      pull(queue, 1);
      expect(queue.takeProgress()).toEqual([{ itemId: "a", played: 1, playing: true }]);
    });

    test("tells of the end when it has sounded", () => {
      const queue = queueOf(250);
      pull(queue, 251 + 59);
      expect(last(queue.takeProgress())).toMatchObject({ playing: true });
      pull(queue, 1);
      expect(queue.takeProgress()).toEqual([{ itemId: "a", played: 250, playing: false }]);
    });

    test("does not count as heard what had not sounded when it was stopped", () => {
      const queue = queueOf(500);
      pull(queue, 200);
      queue.takeProgress();
      queue.stop();
      expect(queue.takeProgress()).toEqual([{ itemId: "a", played: 140, playing: false }]);
      pull(queue, 500);
      expect(queue.takeProgress()).toEqual([]);
    });

    test("counts as heard what ended just before the stop", () => {
      const queue = queueOf(100);
      queue.append("b", loud(100));
      pull(queue, 120);
      queue.stop();
      expect(queue.takeProgress().filter(({ playing }) => !playing)).toEqual([
        { itemId: "a", played: 100, playing: false },
        { itemId: "b", played: 0, playing: false },
      ]);
    });
  });

  describe("that is ducked", () => {
    const QUIET = 0.5 * DUCKED_LEVEL;
    const ducked = (length: number): PlaybackQueue => {
      const queue = new PlaybackQueue(LENGTHS);
      queue.append("a", loud(length));
      pull(queue, 50);
      queue.duck("a");
      return queue;
    };
    const lastOf = (samples: Float32Array): number => samples.at(-1) ?? NaN;

    test("goes down by 18 dB within the ramp, plays on and reports on", () => {
      const queue = ducked(1_000);
      queue.takeProgress();
      const output = pull(queue, LENGTHS.duck);
      expect(output[10]).toBeGreaterThan(QUIET);
      expect(lastOf(output)).toBeCloseTo(QUIET, 5);
      expect(20 * Math.log10(lastOf(output) / 0.5)).toBeCloseTo(-18, 3);
      pull(queue, 200);
      expect(queue.takeProgress()).toHaveLength(2);
    });

    test("comes back within the ramp when it was nothing", () => {
      const queue = ducked(1_000);
      pull(queue, 200);
      queue.restore();
      expect(lastOf(pull(queue, LENGTHS.restore))).toBeCloseTo(0.5, 5);
    });

    test("comes back by itself, should nobody say anything", () => {
      const queue = ducked(5_000);
      expect(lastOf(pull(queue, LENGTHS.longestDuck))).toBeCloseTo(QUIET, 5);
      expect(lastOf(pull(queue, LENGTHS.restore + 1))).toBeCloseTo(0.5, 5);
    });

    test("comes back by itself also when it was silent meanwhile", () => {
      const queue = ducked(60);
      pull(queue, LENGTHS.longestDuck + LENGTHS.restore);
      queue.append("a", loud(100));
      expect(lastOf(pull(queue, 60))).toBeCloseTo(0.5, 5);
    });

    test("stays quiet over a gap", () => {
      const queue = ducked(100);
      pull(queue, 200);
      queue.append("a", loud(100));
      expect(lastOf(pull(queue, 60))).toBeCloseTo(QUIET, 5);
    });

    test("stops, and the next item is at full volume from its beginning", () => {
      const queue = ducked(1_000);
      pull(queue, 100);
      queue.stop();
      queue.append("b", loud(100));
      const output = pull(queue, 100);
      expect(output[2 * LENGTHS.fade]).toBeCloseTo(0.5, 5);
    });

    test("ends, and the next item is at full volume without a click", () => {
      const queue = ducked(100);
      queue.append("b", loud(100));
      queue.finish("a");
      const output = pull(queue, 100);
      expect(output[49]).toBeCloseTo(QUIET, 5);
      expect(output[49 + 2 * LENGTHS.fade]).toBeCloseTo(0.5, 5);
      expect(largestStep(output, 0.5)).toBeLessThanOrEqual(0.5 / LENGTHS.fade + 1e-6);
    });

    test("is not touched by the ducking of another item", () => {
      const queue = ducked(1_000);
      queue.restore();
      pull(queue, LENGTHS.restore);
      queue.duck("z");
      expect(Math.min(...pull(queue, 300))).toBeGreaterThan(0.45);
    });

    test("never clicks: down, up, and stopped while quiet", () => {
      const queue = ducked(2_000);
      const heard = [pull(queue, 100)];
      queue.restore();
      heard.push(pull(queue, 50));
      queue.duck("a");
      heard.push(pull(queue, 100));
      queue.stop();
      heard.push(pull(queue, 50));
      expect(largestStep(joined(heard), 0.5)).toBeLessThanOrEqual(0.5 / LENGTHS.fade + 1e-6);
    });
  });

  test("has a bound", () => {
    const queue = new PlaybackQueue(LENGTHS);
    expect(queue.append("a", loud(9_000))).toBe(true);
    expect(queue.append("a", loud(2_000))).toBe(false);
    expect(queue.append("a", loud(1_000))).toBe(true);
  });
});
