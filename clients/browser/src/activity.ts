/** What goes on in a conversation, in one word. */

import type { VoiceState } from "./voiceState";

export type Activity = "idle" | "connecting" | "listening" | "hearing" | "thinking" | "speaking";

export function activityOf(state: VoiceState): Activity {
  const { connection, conversation, microphone, speaking } = state;
  if (conversation.userSpeaking) return "hearing";
  if (speaking) return "speaking";
  if (connection.kind === "connecting" || connection.kind === "waiting" || connection.kind === "resuming" || microphone === "asking") return "connecting";
  if (connection.kind !== "open") return "idle";
  if (conversation.activeResponse !== null || conversation.replyDue) return "thinking";
  return microphone === "off" ? "idle" : "listening";
}
