/** What can go wrong around a conversation, and what to say about it. */

import type { MicrophoneFault } from "./microphone";

export type ConnectionFault =
  | "gone"
  | "full"
  | "refused"
  | "silent"
  | "key-needed"
  | "key-wrong"
  | "key-malformed"
  | "log-in-ended";

export interface Advice {
  /** What happened. */
  readonly title: string;
  /** How to mend it. */
  readonly remedy: string;
}

export const CONNECTION_ADVICE: Readonly<Record<ConnectionFault, Advice>> = {
  gone: {
    title: "The server cannot be reached",
    remedy: "Is it running, and is your network up? What was said stays here; the conversation goes on once it answers.",
  },
  full: {
    title: "The server is full",
    remedy: "It holds as many conversations as it can. Yours begins as soon as one of them ends.",
  },
  refused: {
    title: "The server did not take the conversation",
    remedy: "It answers, but closed the connection. It may be full, or a proxy in between may not let WebSockets through.",
  },
  silent: {
    title: "The server does not answer",
    remedy: "The connection opened, but nothing came for ten seconds. The server may be overloaded.",
  },
  "key-needed": {
    title: "This server asks for a key",
    remedy: "Enter the key that its owner gave you. It stays in this browser tab and is forgotten when you close it.",
  },
  "key-wrong": {
    title: "The server did not accept this key",
    remedy: "Check it for missing characters, or ask the server's owner for a new one.",
  },
  "key-malformed": {
    title: "This cannot be a key",
    remedy: "Keys have letters, digits and the signs - _ . only, without spaces. Copy it again.",
  },
  "log-in-ended": {
    title: "Your session has ended",
    remedy: "Log in again; what is on this page stays.",
  },
};

export const MICROPHONE_ADVICE: Readonly<Record<MicrophoneFault, Advice>> = {
  "insecure-context": {
    title: "Browsers give the microphone to secure pages only",
    remedy: "Open this page over https, or as http://localhost on the machine where the server runs. You can type meanwhile.",
  },
  unsupported: {
    title: "This browser is too old to talk",
    remedy: "Use a current Chrome, Edge, Firefox or Safari. You can type meanwhile.",
  },
  refused: {
    title: "The microphone is blocked",
    remedy: "Allow it for this page in the address bar or in your browser's settings, then start again. You can type meanwhile.",
  },
  missing: {
    title: "No microphone was found",
    remedy: "Plug one in or switch it on, then start again. You can type meanwhile.",
  },
  busy: {
    title: "The microphone did not start",
    remedy: "Another program may be using it. Close that program, then start again. You can type meanwhile.",
  },
  lost: {
    title: "The microphone is gone",
    remedy: "It was unplugged, or its permission was withdrawn. Plug it in or allow it, then start again.",
  },
};

const WITHOUT_KEY: ReadonlySet<ConnectionFault> = new Set(["key-needed", "key-wrong", "key-malformed", "log-in-ended"]);

/** Whether the page can only go on with another key or log-in; after everything else it tries again by itself. */
export function needsKey(fault: ConnectionFault): boolean {
  return WITHOUT_KEY.has(fault);
}

/** Errors that tell of an event that crossed another one, not of a fault. */
export const HARMLESS_ERRORS: ReadonlySet<string | null> = new Set([
  "response_cancel_not_active",
  // A text that was sent again, and had arrived.
  "item_create_duplicate_item_id",
]);
