/** `window.voiceServer`: what tests and curious people may read. It changes nothing. */

import type { VoiceClient } from "./voiceClient";
import type { VoiceState } from "./voiceState";

declare global {
  interface Window {
    voiceServer: {
      state: () => VoiceState;
      /** Root mean square (0 to 1) of the last 43 ms that went to the loudspeaker. */
      playedRms: () => number;
    };
  }
}

export function exposeForTests(client: VoiceClient): void {
  window.voiceServer = { state: client.state, playedRms: () => client.outputLevel() };
}
