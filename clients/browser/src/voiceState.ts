/** What a conversation is at one moment, as one immutable value. */

import type { ConnectionState } from "./connectionState";
import type { Conversation } from "./conversation";
import type { MicrophoneFault } from "./microphone";

/** What there is to say of a connection that was lost. */
export type ConnectionNews = "lost" | "back" | "restarted";

export type MicrophoneState = "off" | "asking" | "on" | "muted";

export interface VoiceState {
  readonly connection: ConnectionState;
  readonly microphone: MicrophoneState;
  readonly microphoneFault: MicrophoneFault | null;
  readonly conversation: Conversation;
  /** A reply sounds now. */
  readonly speaking: boolean;
  /** The page can make sound; if not, replies come as text. */
  readonly audible: boolean;
  /** What the server last complained about. */
  readonly complaint: string | null;
  readonly news: ConnectionNews | null;
}
