/** The microphone as frames of 20 ms. */

import { rms, toFloat } from "./audio/samples";
import { CAPTURE_PROCESSOR } from "./worklets/messages";
import captureUrl from "./worklets/capture.ts?worker&url";

export type MicrophoneFault = "insecure-context" | "unsupported" | "refused" | "missing" | "busy" | "lost";

export class MicrophoneError extends Error {
  readonly fault: MicrophoneFault;

  constructor(fault: MicrophoneFault, cause?: unknown) {
    super(`microphone: ${fault}`, { cause });
    this.fault = fault;
  }
}

export interface MicrophoneEvents {
  /** int16, 480 samples, 24 kHz. */
  onFrame: (frame: Int16Array<ArrayBuffer>) => void;
  /** It was unplugged, or the user withdrew the permission. */
  onLost: () => void;
}

/** What the conversation needs of a microphone. */
export interface Microphone {
  /** A muted microphone goes on as silence: the server's clock is the audio it receives. */
  setMuted(muted: boolean): void;
  /** Root mean square of the last frame, 0 to 1. */
  level(): number;
  close(): void;
}

export type OpenMicrophone = (events: MicrophoneEvents) => Promise<Microphone>;

/** Asks for the microphone; raises MicrophoneError. */
export const openMicrophone: OpenMicrophone = async (events) => {
  if (!window.isSecureContext) throw new MicrophoneError("insecure-context");
  if (!("mediaDevices" in navigator) || !("AudioWorkletNode" in window)) throw new MicrophoneError("unsupported");
  const stream = await requestStream();
  try {
    return await DeviceMicrophone.open(stream, events);
  } catch (error) {
    stopTracks(stream);
    throw new MicrophoneError("busy", error);
  }
};

/**
 * The context runs at the device's rate, and the worklet resamples: Firefox refuses to connect a microphone to a
 * context of another rate.
 */
class DeviceMicrophone implements Microphone {
  readonly #stream: MediaStream;
  readonly #context: AudioContext;
  #level = 0;

  static async open(stream: MediaStream, events: MicrophoneEvents): Promise<DeviceMicrophone> {
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      await context.audioWorklet.addModule(captureUrl);
      void context.resume();
      return new DeviceMicrophone(stream, context, events);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  private constructor(stream: MediaStream, context: AudioContext, events: MicrophoneEvents) {
    this.#stream = stream;
    this.#context = context;
    const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    node.port.onmessage = (message: MessageEvent<Int16Array<ArrayBuffer>>) => {
      this.#level = rms(Float32Array.from(message.data, toFloat));
      events.onFrame(message.data);
    };
    new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(node);
    for (const track of stream.getAudioTracks()) track.addEventListener("ended", events.onLost);
  }

  setMuted(muted: boolean): void {
    for (const track of this.#stream.getAudioTracks()) track.enabled = !muted;
  }

  level(): number {
    return this.#level;
  }

  close(): void {
    stopTracks(this.#stream);
    void this.#context.close();
  }
}

async function requestStream(): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw new MicrophoneError(faultOf(error), error);
  }
}

function faultOf(error: unknown): MicrophoneFault {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    default:
      return "busy";
  }
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
