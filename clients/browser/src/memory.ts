/** What a tab remembers of its conversation, so that the page goes on with it after it was loaded again. */

import { nameFor } from "./tenant";

export interface Remembered {
  readonly token: string;
  readonly expiresInMs: number;
  /** Date.now(), when the page was left; null while it is there: a copy of the tab is not to take the conversation. */
  readonly leftAt: number | null;
  readonly assistant: string | null;
  /** Whether the microphone was on. */
  readonly talking: boolean;
}

export interface Memory {
  read(): Remembered | null;
  /** Null: there is nothing to go on with. */
  write(remembered: Remembered | null): void;
}

const NAME = "voice-server.conversation";

export function tabMemory(tenant: string): Memory {
  const name = nameFor(tenant, NAME);
  return {
    read: () => {
      const stored = window.sessionStorage.getItem(name);
      return stored === null ? null : readRemembered(stored);
    },
    write: (remembered) => {
      if (remembered === null) window.sessionStorage.removeItem(name);
      else window.sessionStorage.setItem(name, JSON.stringify(remembered));
    },
  };
}

/** Null for what another version of the page may have written. */
export function readRemembered(json: string): Remembered | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { token, expiresInMs, leftAt, assistant, talking } = value as Readonly<Record<string, unknown>>;
  if (typeof token !== "string" || typeof expiresInMs !== "number") return null;
  return {
    token,
    expiresInMs,
    leftAt: typeof leftAt === "number" ? leftAt : null,
    assistant: typeof assistant === "string" ? assistant : null,
    talking: talking === true,
  };
}

/** The conversation that this tab held before it was loaded again, unless the server has surely forgotten it. */
export function leftConversation(memory: Memory): Remembered | null {
  const remembered = memory.read();
  if (remembered === null) return null;
  const { leftAt, expiresInMs } = remembered;
  if (leftAt !== null && Date.now() - leftAt < expiresInMs) {
    memory.write({ ...remembered, leftAt: null });
    return remembered;
  }
  memory.write(null);
  return null;
}

/** The page is being left; `talking`: with the microphone on. */
export function leaveConversation(memory: Memory, talking: boolean): void {
  const remembered = memory.read();
  if (remembered !== null) memory.write({ ...remembered, leftAt: Date.now(), talking });
}
