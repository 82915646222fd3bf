/** History: the person's own conversations. */

import { Fields } from "../fields";
import { readWaterfall, type Waterfall } from "../waterfall";
import type { Account } from "./account";

export interface Piece {
  readonly text: string;
  /** It is what was looked for. */
  readonly found: boolean;
}

export interface Match {
  readonly itemId: string;
  readonly speaker: string;
  readonly passage: readonly Piece[];
}

export interface Summary {
  readonly id: string;
  readonly assistant: string;
  readonly channel: string;
  readonly beganAt: Date;
  /** Null: it goes on. */
  readonly endedAt: Date | null;
  /** Items. */
  readonly count: number;
  /** The person's first words; null: nothing was said yet. */
  readonly opening: string | null;
  /** Where the words were said that were looked for. */
  readonly matches: readonly Match[];
}

export interface Said {
  readonly id: string;
  /** `user`, `assistant`, `system`, `function_call` or `function_call_output`. */
  readonly role: string;
  /** As far as it was heard. */
  readonly text: string;
  /** What was said of it and not heard, because somebody spoke; empty: nothing. */
  readonly unheard: string;
  /** It was broken off. */
  readonly isCut: boolean;
  readonly saidAt: Date;
  /** How long the answer to it took. */
  readonly waterfall: Waterfall | null;
}

export interface Page {
  readonly conversations: readonly Summary[];
  /** With which the next page is asked for; null: there is none. */
  readonly next: string | null;
}

export interface Transcript {
  readonly summary: Summary;
  readonly said: readonly Said[];
  readonly next: number | null;
}

const PATH = "/api/v1/conversations";

/** The newest first; `query`: what was said in them, empty: all. Raises Refusal. */
export async function listConversations(account: Account, query: string, after: string | null): Promise<Page> {
  const search = new URLSearchParams({ of: "person" });
  if (query !== "") search.set("q", query);
  if (after !== null) search.set("after", after);
  const answer = new Fields(await account.ask("GET", `${PATH}?${search.toString()}`), "the answer");
  return { conversations: answer.objects("data").map(readSummary), next: answer.optionalText("next") };
}

/** Raises Refusal. */
export async function readConversation(account: Account, id: string, after: number | null): Promise<Transcript> {
  const search = after === null ? "" : `?after=${after}`;
  const answer = new Fields(await account.ask("GET", `${PATH}/${encodeURIComponent(id)}${search}`), "the answer");
  return {
    summary: readSummary(answer),
    said: answer.objects("items").map(readSaid),
    next: answer.has("next") ? answer.number("next") : null,
  };
}

/** For good. Raises Refusal. */
export async function deleteConversation(account: Account, id: string): Promise<void> {
  await account.ask("DELETE", `${PATH}/${encodeURIComponent(id)}`);
}

export function readSummary(fields: Fields): Summary {
  const endedAt = fields.optionalText("ended_at");
  return {
    id: fields.text("id"),
    assistant: fields.text("assistant"),
    channel: fields.text("channel"),
    beganAt: new Date(fields.text("began_at")),
    endedAt: endedAt === null ? null : new Date(endedAt),
    count: fields.number("count"),
    opening: fields.optionalText("opening"),
    matches: fields.has("matches") ? fields.objects("matches").map(readMatch) : [],
  };
}

function readMatch(fields: Fields): Match {
  const passage = fields.objects("passage").map((piece) => ({ text: piece.text("text"), found: piece.flag("found") }));
  return { itemId: fields.text("item_id"), speaker: fields.text("role"), passage };
}

function readSaid(fields: Fields): Said {
  const timings = fields.optionalObject("timings");
  return {
    id: fields.text("id"),
    role: fields.text("role"),
    text: fields.text("text"),
    unheard: fields.optionalText("unheard") ?? "",
    isCut: fields.text("status") === "incomplete",
    saidAt: new Date(fields.text("said_at")),
    waterfall: timings === null ? null : readWaterfall(timings),
  };
}
