/** Whether there is a way to the server, and how it came about. */

import type { ConnectionFault } from "./problems";

export type ConnectionState =
  | { readonly kind: "closed" }
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  /** The socket was lost; the conversation is there, and goes on over another one. */
  | { readonly kind: "resuming" }
  /** Tries again at `retryAt` (Date.now()). */
  | { readonly kind: "waiting"; readonly fault: ConnectionFault; readonly retryAt: number }
  /** Goes no further without another key. */
  | { readonly kind: "blocked"; readonly fault: ConnectionFault };

/** How it comes that there is a socket. */
export type Beginning =
  /** Of a conversation. */
  | { readonly kind: "begun" }
  /** The conversation goes on over another socket. */
  | { readonly kind: "resumed"; readonly resendFromMs: number; readonly replayed: number }
  /** Another socket was to take over, and none did: this one goes on. */
  | { readonly kind: "kept" };
