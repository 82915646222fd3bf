/** What is remembered of the person. */

import { Fields } from "../fields";
import type { Account } from "./account";

export interface Memory {
  readonly id: string;
  readonly topic: string;
  readonly value: string;
  /** `said`, `inferred`, `customer` (set right by the person), `staff` or `booking`. */
  readonly source: string;
  /** Null: it comes from no conversation, or that was deleted. */
  readonly conversationId: string | null;
  readonly learnedAt: Date;
}

export interface MemoryPage {
  readonly memories: readonly Memory[];
  /** With which the next page is asked for; null: there is none. */
  readonly next: string | null;
}

const PATH = "/api/v1/users/me/memories";

/** What matters most first. Raises Refusal. */
export async function listMemories(account: Account, after: string | null): Promise<MemoryPage> {
  const search = after === null ? "" : `?${new URLSearchParams({ after }).toString()}`;
  const answer = new Fields(await account.ask("GET", `${PATH}${search}`), "the answer");
  return { memories: answer.objects("memories").map(readMemory), next: answer.optionalText("next") };
}

/** What stands in its place now. Raises Refusal. */
export async function correctMemory(account: Account, id: string, value: string): Promise<Memory> {
  return readMemory(new Fields(await account.ask("PATCH", `${PATH}/${id}`, { value }), "the answer"));
}

/** With what it was before. Raises Refusal. */
export async function deleteMemory(account: Account, id: string): Promise<void> {
  await account.ask("DELETE", `${PATH}/${id}`);
}

export function readMemory(fields: Fields): Memory {
  return {
    id: fields.text("id"),
    topic: fields.text("topic"),
    value: fields.text("value"),
    source: fields.text("source"),
    conversationId: fields.optionalText("conversation_id"),
    learnedAt: new Date(fields.text("learned_at")),
  };
}
