/**
 * What the loudspeaker plays next, and how much of each item it has played: the heart of the playback worklet, without
 * the browser.
 *
 * Items play in the order in which their audio came. An item waits until a little of it is there (jitter), fades in
 * after every gap and fades out before every silence, so that nothing clicks. What it plays has still to pass through the
 * device: progress is told when it has become sound. All lengths are in samples.
 */

import { toFloat } from "./samples";
import { Volume, type VolumeLengths } from "./volume";

export interface Progress {
  readonly itemId: string;
  readonly played: number;
  /** False: no more of this item will be played. */
  readonly playing: boolean;
}

export interface QueueLengths extends VolumeLengths {
  /** How much of an item must be there before it starts, and after it ran dry. */
  readonly jitter: number;
  readonly fade: number;
  /** How often the playing item's progress is told. */
  readonly report: number;
  /** How much may wait; what comes beyond it is dropped. */
  readonly most: number;
}

interface PendingProgress extends Progress {
  /** By the queue's clock: when it will have become sound. */
  readonly due: number;
}

interface QueuedItem {
  readonly id: string;
  readonly chunks: Int16Array[];
  /** Of the first chunk. */
  offset: number;
  waiting: number;
  played: number;
  complete: boolean;
}

export class PlaybackQueue {
  readonly #lengths: QueueLengths;
  readonly #volume: Volume;
  #items: QueuedItem[] = [];
  #progress: PendingProgress[] = [];
  /** Samples pulled. */
  #clock = 0;
  #latency = 0;
  #duckedItem: string | null = null;
  #level = 1;
  #sounding = false;
  #waited = 0;
  #sinceReport = 0;
  #gain = 0;
  #lastSample = 0;
  /** What is left to play of an item that was stopped: a few samples to fade out with. */
  #tail: number[] = [];

  constructor(lengths: QueueLengths) {
    this.#lengths = lengths;
    this.#volume = new Volume(lengths);
  }

  /** How long a sample that was pulled takes until it sounds. */
  setLatency(latency: number): void {
    this.#latency = latency;
  }

  /** False if the queue is full and the samples were dropped. */
  append(itemId: string, samples: Int16Array): boolean {
    const waiting = this.#items.reduce((sum, item) => sum + item.waiting, 0);
    if (waiting + samples.length > this.#lengths.most) return false;
    const item = this.#items.find((queued) => queued.id === itemId) ?? this.#add(itemId);
    item.chunks.push(samples);
    item.waiting += samples.length;
    return true;
  }

  /** No more audio of this item will come. */
  finish(itemId: string): void {
    const item = this.#items.find((queued) => queued.id === itemId);
    if (item) item.complete = true;
  }

  /** Plays this item quietly, but not what comes after it. */
  duck(itemId: string): void {
    this.#duckedItem = itemId;
    this.#volume.duck();
  }

  /** Full volume again. */
  restore(): void {
    this.#duckedItem = null;
    this.#volume.restore();
  }

  /** Stops everything at once. What was begun is told as no longer playing, what was not begun as played 0. */
  stop(): void {
    this.#tail = this.#fadeOut();
    // What ended shortly before still sounds to its end.
    this.#progress = this.#progress.filter(({ playing }) => !playing).map((ended) => ({ ...ended, due: this.#clock }));
    for (const { id, played } of this.#items) {
      this.#progress.push({ itemId: id, played: Math.max(0, played - this.#latency), playing: false, due: this.#clock });
    }
    this.#items = [];
    this.restore();
    this.#pause();
  }

  /** Fills `output` with the next samples, silence where there are none. */
  pull(output: Float32Array): void {
    for (let index = 0; index < output.length; index += 1) {
      this.#clock += 1;
      this.#level = this.#volume.next();
      output[index] = this.#tail.shift() ?? this.#next();
    }
  }

  /** What has become sound, or was stopped, since the last call. */
  takeProgress(): Progress[] {
    const taken: Progress[] = [];
    for (;;) {
      const next = this.#progress[0];
      if (next === undefined || next.due > this.#clock) return taken;
      this.#progress.shift();
      taken.push({ itemId: next.itemId, played: next.played, playing: next.playing });
    }
  }

  #add(itemId: string): QueuedItem {
    const item = { id: itemId, chunks: [], offset: 0, waiting: 0, played: 0, complete: false };
    this.#items.push(item);
    return item;
  }

  #next(): number {
    for (;;) {
      const item = this.#items[0];
      if (item === undefined) return this.#runDry();
      if (item.waiting > 0) return this.#sounding || this.#mayStart(item) ? this.#play(item) : 0;
      if (!item.complete && this.#items.length === 1) return this.#runDry();
      this.#report(item, false);
      this.#items.shift();
    }
  }

  #mayStart(item: QueuedItem): boolean {
    this.#waited += 1;
    if (item.waiting < this.#lengths.jitter && !item.complete && this.#waited < this.#lengths.jitter) return false;
    this.#sounding = true;
    this.#sinceReport = this.#lengths.report;
    return true;
  }

  #play(item: QueuedItem): number {
    if (this.#duckedItem !== null && this.#duckedItem !== item.id) this.#endDucking();
    const chunk = item.chunks[0];
    const sample = toFloat(chunk?.[item.offset] ?? 0);
    item.offset += 1;
    item.waiting -= 1;
    item.played += 1;
    if (chunk === undefined || item.offset >= chunk.length) {
      item.chunks.shift();
      item.offset = 0;
    }
    this.#sinceReport += 1;
    if (this.#sinceReport >= this.#lengths.report) this.#report(item, true);
    this.#gain = Math.min(1, this.#gain + 1 / this.#lengths.fade);
    this.#lastSample = sample * this.#gain * this.#level;
    return this.#lastSample;
  }

  /** Another item has begun: as soon as it can be done without a click. */
  #endDucking(): void {
    this.#duckedItem = null;
    this.#volume.restore(this.#lengths.fade);
  }

  /** Nothing is there (the end, or a late network): the last sample dies away instead of dropping to zero. */
  #runDry(): number {
    if (!this.#sounding) return 0;
    this.#tail = ramp(this.#lastSample, this.#lengths.fade);
    this.#pause();
    return this.#tail.shift() ?? 0;
  }

  #fadeOut(): number[] {
    if (!this.#sounding) return this.#tail;
    const from = this.#gain * this.#level;
    const length = this.#lengths.fade;
    const item = this.#items[0];
    if (item === undefined || item.waiting < length) return ramp(this.#lastSample, length);
    const samples: number[] = [];
    for (const chunk of item.chunks) {
      for (let at = samples.length === 0 ? item.offset : 0; at < chunk.length && samples.length < length; at += 1) {
        samples.push(toFloat(chunk[at] ?? 0) * from * (1 - (samples.length + 1) / length));
      }
      if (samples.length === length) break;
    }
    return samples;
  }

  #pause(): void {
    this.#sounding = false;
    this.#waited = 0;
    this.#gain = 0;
    this.#lastSample = 0;
    this.#volume.settle();
  }

  #report(item: QueuedItem, playing: boolean): void {
    this.#sinceReport = 0;
    const due = Math.max(this.#clock + this.#latency, this.#progress.at(-1)?.due ?? 0);
    this.#progress.push({ itemId: item.id, played: item.played, playing, due });
  }
}

function ramp(from: number, length: number): number[] {
  return Array.from({ length }, (_, index) => from * (1 - (index + 1) / length));
}
