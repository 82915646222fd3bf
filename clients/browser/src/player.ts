/** Plays replies, stops them at once, and knows how much of each was heard. */

import { rms } from "./audio/samples";
import { SAMPLE_RATE } from "./wire";
import { PLAYBACK_PROCESSOR, type PlaybackCommand, type PlaybackReport } from "./worklets/messages";
import playbackUrl from "./worklets/playback.ts?worker&url";

export interface Heard {
  readonly itemId: string;
  readonly heardMs: number;
  /** False: no more of this item will be played. */
  readonly playing: boolean;
}

/** What the conversation needs of a loudspeaker. */
export interface Speaker {
  /** Must first be called while the user clicks or types: browsers are silent until then. */
  open(): Promise<void>;
  /** The samples belong to the speaker from now on. */
  append(itemId: string, samples: Int16Array<ArrayBuffer>): void;
  /** No more audio of this item will come. */
  finish(itemId: string): void;
  /** Plays this item quietly until `restore`, `interrupt`, the next item, or for a moment. */
  duck(itemId: string): void;
  /** Plays at full volume again. */
  restore(): void;
  /** Stops at once; what was heard of each item follows as Heard with `playing: false`. Their late audio is ignored. */
  interrupt(): void;
  /** Stops, and lets the device sleep until it is opened again. */
  rest(): void;
  /** Ignores all audio of an item, also if none has come yet. */
  ignore(itemId: string): void;
  /** Root mean square of what sounds now, 0 to 1. */
  level(): number;
  onHeard: (heard: Heard) => void;
}

/** More items than a conversation has in flight. */
const MOST_IGNORED = 64;

/**
 * The context runs at 24 kHz and the browser resamples its output: then a sample played is a sample of the wire, on
 * every browser. (The microphone's context cannot do the same, see microphone.ts.)
 */
export class Player implements Speaker {
  onHeard: (heard: Heard) => void = () => undefined;
  readonly #waiting = new Set<string>();
  readonly #ignored = new Set<string>();
  #context: AudioContext | null = null;
  #opening: Promise<void> | null = null;
  #node: AudioWorkletNode | null = null;
  #analyser: AnalyserNode | null = null;

  async open(): Promise<void> {
    this.#context ??= new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: "interactive" });
    // Not awaited: without a user's gesture it stays pending, and audio may be queued meanwhile.
    void this.#context.resume();
    this.#opening ??= this.#build(this.#context);
    await this.#opening;
  }

  append(itemId: string, samples: Int16Array<ArrayBuffer>): void {
    if (this.#ignored.has(itemId) || samples.length === 0) return;
    this.#waiting.add(itemId);
    // A telephone call, or the microphone being opened, may have halted it on a phone.
    if (this.#context?.state !== "running") void this.#context?.resume();
    this.#command({ kind: "append", itemId, samples, latency: this.#latency() }, [samples.buffer]);
  }

  finish(itemId: string): void {
    this.#command({ kind: "finish", itemId });
  }

  duck(itemId: string): void {
    this.#command({ kind: "duck", itemId });
  }

  restore(): void {
    this.#command({ kind: "restore" });
  }

  interrupt(): void {
    for (const itemId of this.#waiting) this.ignore(itemId);
    this.#command({ kind: "stop" });
  }

  rest(): void {
    this.interrupt();
    void this.#context?.suspend();
  }

  ignore(itemId: string): void {
    this.#ignored.add(itemId);
    const [oldest] = this.#ignored;
    if (this.#ignored.size > MOST_IGNORED && oldest !== undefined) this.#ignored.delete(oldest);
  }

  level(): number {
    if (this.#analyser === null) return 0;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return rms(samples);
  }

  async #build(context: AudioContext): Promise<void> {
    await context.audioWorklet.addModule(playbackUrl);
    const node = new AudioWorkletNode(context, PLAYBACK_PROCESSOR, {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    const analyser = new AnalyserNode(context, { fftSize: 1024 });
    node.port.onmessage = (message: MessageEvent<PlaybackReport>) => this.#receive(message.data);
    node.connect(analyser).connect(context.destination);
    this.#node = node;
    this.#analyser = analyser;
  }

  #receive(report: PlaybackReport): void {
    if (report.kind === "dropped") {
      console.warn(`The player is full: ${report.samples} samples of ${report.itemId} were dropped.`);
      return;
    }
    for (const { itemId, played, playing } of report.progress) {
      if (!playing) this.#waiting.delete(itemId);
      this.onHeard({ itemId, heardMs: Math.round((1000 * played) / SAMPLE_RATE), playing });
    }
  }

  /**
   * Samples on their way from the worklet to the ear: through the context's own buffer, then through the device. Safari
   * knows only the first part. It changes with the device, so it is asked for anew.
   */
  #latency(): number {
    const context = this.#context;
    return context === null ? 0 : Math.round(SAMPLE_RATE * ((context.baseLatency || 0) + (context.outputLatency || 0)));
  }

  #command(command: PlaybackCommand, transfer: Transferable[] = []): void {
    this.#node?.port.postMessage(command, transfer);
  }
}
