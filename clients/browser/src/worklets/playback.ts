/** The loudspeaker, on the audio thread. Its context runs at the wire's rate. */

import { PlaybackQueue } from "../audio/playbackQueue";
import { PLAYBACK_PROCESSOR, type PlaybackCommand, type PlaybackReport } from "./messages";

/** Jitter 40 ms, fades 5 ms, a report every 100 ms, at most ten minutes waiting; quiet for at most 1.5 s. */
const LENGTHS = {
  jitter: 0.04 * sampleRate,
  fade: 0.005 * sampleRate,
  report: 0.1 * sampleRate,
  most: 600 * sampleRate,
  duck: 0.03 * sampleRate,
  restore: 0.1 * sampleRate,
  longestDuck: 1.5 * sampleRate,
};

class PlaybackProcessor extends AudioWorkletProcessor {
  readonly #queue = new PlaybackQueue(LENGTHS);

  constructor() {
    super();
    this.port.onmessage = (message: MessageEvent<PlaybackCommand>) => this.#obey(message.data);
  }

  override process(_inputs: readonly Float32Array[][], outputs: readonly Float32Array[][]): boolean {
    const channel = outputs[0]?.[0];
    if (channel !== undefined) this.#queue.pull(channel);
    this.#tellProgress();
    return true;
  }

  #obey(command: PlaybackCommand): void {
    switch (command.kind) {
      case "append":
        this.#queue.setLatency(command.latency);
        if (!this.#queue.append(command.itemId, command.samples)) {
          this.#tell({ kind: "dropped", itemId: command.itemId, samples: command.samples.length });
        }
        return;
      case "finish":
        this.#queue.finish(command.itemId);
        return;
      case "duck":
        this.#queue.duck(command.itemId);
        return;
      case "restore":
        this.#queue.restore();
        return;
      case "stop":
        this.#queue.stop();
        this.#tellProgress();
    }
  }

  #tellProgress(): void {
    const progress = this.#queue.takeProgress();
    if (progress.length > 0) this.#tell({ kind: "progress", progress });
  }

  #tell(report: PlaybackReport): void {
    this.port.postMessage(report);
  }
}

registerProcessor(PLAYBACK_PROCESSOR, PlaybackProcessor);
