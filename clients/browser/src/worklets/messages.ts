/** What the page and its audio threads say to each other. */

import type { Progress } from "../audio/playbackQueue";
import { SAMPLE_RATE } from "../wire";

export const CAPTURE_PROCESSOR = "capture";
export const PLAYBACK_PROCESSOR = "playback";

/** 20 ms. */
export const FRAME_SAMPLES = SAMPLE_RATE / 50;

export type PlaybackCommand =
  | {
      readonly kind: "append";
      readonly itemId: string;
      readonly samples: Int16Array;
      /** Samples that the device takes until what it was given sounds. */
      readonly latency: number;
    }
  | { readonly kind: "finish"; readonly itemId: string }
  | { readonly kind: "duck"; readonly itemId: string }
  | { readonly kind: "restore" }
  | { readonly kind: "stop" };

export type PlaybackReport =
  | { readonly kind: "progress"; readonly progress: readonly Progress[] }
  | { readonly kind: "dropped"; readonly itemId: string; readonly samples: number };
