/** The microphone, on the audio thread: device rate in, frames of 20 ms at the wire's rate out. */

import { Framer } from "../audio/framer";
import { Resampler } from "../audio/resampler";
import { SAMPLE_RATE } from "../wire";
import { CAPTURE_PROCESSOR, FRAME_SAMPLES } from "./messages";

class CaptureProcessor extends AudioWorkletProcessor {
  readonly #resampler = sampleRate === SAMPLE_RATE ? null : new Resampler(sampleRate, SAMPLE_RATE);
  readonly #framer = new Framer(FRAME_SAMPLES);

  override process(inputs: readonly Float32Array[][]): boolean {
    const samples = inputs[0]?.[0];
    if (samples === undefined) return true;
    for (const frame of this.#framer.push(this.#resampler?.push(samples) ?? samples)) {
      this.port.postMessage(frame, [frame.buffer]);
    }
    return true;
  }
}

registerProcessor(CAPTURE_PROCESSOR, CaptureProcessor);
