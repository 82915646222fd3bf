/**
 * What the loudspeaker plays next, and how much of each item it has played: the heart of the playback worklet, without
 * the browser.
 *
 * Items play in the order in which their audio came. An item waits until a little of it is there (jitter), fades in
 * after every gap and fades out before every silence, so that nothing clicks. All lengths are in samples.
 */

import { toFloat } from "./samples";

export interface Progress {
  readonly itemId: string;
  readonly played: number;
  /** False: no more of this item will be played. */
  readonly playing: boolean;
}

export interface QueueLengths {
  /** How much of an item must be there before it starts, and after it ran dry. */
  readonly jitter: number;
  readonly fade: number;
  /** How often the playing item's progress is told. */
  readonly report: number;
  /** How much may wait; what comes beyond it is dropped. */
  readonly most: number;
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
  #items: QueuedItem[] = [];
  #progress: Progress[] = [];
  #sounding = false;
  #waited = 0;
  #sinceReport = 0;
  #gain = 0;
  #lastSample = 0;
  /** What is left to play of an item that was stopped: a few samples to fade out with. */
  #tail: number[] = [];

  constructor(lengths: QueueLengths) {
    this.#lengths = lengths;
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

  /** Stops everything at once. What was begun is told as no longer playing, what was not begun as played 0. */
  stop(): void {
    this.#tail = this.#fadeOut();
    for (const item of this.#items) this.#report(item, false);
    this.#items = [];
    this.#pause();
  }

  /** Fills `output` with the next samples, silence where there are none. */
  pull(output: Float32Array): void {
    for (let index = 0; index < output.length; index += 1) output[index] = this.#tail.shift() ?? this.#next();
  }

  /** What happened since the last call. */
  takeProgress(): Progress[] {
    const progress = this.#progress;
    this.#progress = [];
    return progress;
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
    this.#lastSample = sample * this.#gain;
    return this.#lastSample;
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
    const from = this.#gain;
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
  }

  #report(item: QueuedItem, playing: boolean): void {
    this.#sinceReport = 0;
    this.#progress.push({ itemId: item.id, played: item.played, playing });
  }
}

function ramp(from: number, length: number): number[] {
  return Array.from({ length }, (_, index) => from * (1 - (index + 1) / length));
}
