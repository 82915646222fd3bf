/** Whether there is a way to the server, and how it came about. */

import type { ConnectionFault } from "./problems";
import type { Opening, Transport } from "./transport";
import type { ServerEvent } from "./wire";

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

export interface ConnectionEvents {
  onState: (state: ConnectionState) => void;
  /** After `onState`, before any other event. */
  onBeginning: (beginning: Beginning) => void;
  onEvent: (event: ServerEvent) => void;
  /** Asked at each attempt: what a conversation begins with may have changed meanwhile. */
  opening: () => Omit<Opening, "resume">;
}

/** Another socket is to take over from the one that is there. */
export interface Move {
  readonly transport: Transport;
  readonly timer: ReturnType<typeof setTimeout>;
  /** What the old socket brings meanwhile; it comes again if the new one takes over. */
  readonly waiting: (string | ArrayBuffer)[];
  /** With which the old one was closed meanwhile. */
  lostCode: number | null;
}

/** Whether there is a conversation on the other side. */
export function isHeld(kind: ConnectionState["kind"]): boolean {
  return kind === "open" || kind === "resuming";
}
