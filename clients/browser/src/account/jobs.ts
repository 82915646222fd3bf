/** Exports and erasures: asked for once, carried out by and by. */

import { Fields } from "../fields";
import type { Account } from "./account";
import { ask } from "./http";

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly state: "waiting" | "running" | "done" | "cancelled" | "failed";
  /** 0 to 1. */
  readonly progress: number;
  readonly createdAt: Date;
  readonly dueAt: Date;
  readonly finishedAt: Date | null;
  readonly canBeCancelled: boolean;
  /** Why it was put off, or failed. */
  readonly problem: string | null;
  /** Where an export that is done is downloaded; works for an hour. */
  readonly url: string | null;
  /** The secret that opens the receipt of an erasure; told once, to whoever asked for it. */
  readonly receiptToken: string | null;
  /** Of an erasure that is done: what was erased, signed. */
  readonly receipt: Receipt | null;
}

export interface Receipt {
  /** A JWT. */
  readonly text: string;
  /** How many were erased, by what they were. */
  readonly erased: readonly { readonly store: string; readonly kind: string; readonly count: number }[];
  /** As it came, to be kept. */
  readonly json: string;
}

const PATH = "/api/v1/gdpr";
const STATES = ["waiting", "running", "done", "cancelled", "failed"] as const;

/** The newest of each kind. Raises Refusal. */
export async function listJobs(account: Account): Promise<readonly Job[]> {
  return new Fields(await account.ask("GET", `${PATH}/jobs`), "the answer").objects("jobs").map(readJob);
}

/** Raises Refusal. */
export async function askFor(account: Account, kind: "export" | "erasure"): Promise<Job> {
  return read(await account.ask("POST", `${PATH}/${kind}`));
}

/** Raises Refusal. */
export async function lookAt(account: Account, id: string): Promise<Job> {
  return read(await account.ask("GET", `${PATH}/jobs/${id}`));
}

/** Raises Refusal: with the code `job_has_begun` if it is too late. */
export async function cancelJob(account: Account, id: string): Promise<Job> {
  return read(await account.ask("DELETE", `${PATH}/jobs/${id}`));
}

/** For everybody who has the secret: whoever was erased has no account any more. Raises Refusal. */
export async function readReceipt(token: string): Promise<Job> {
  return read(await ask("GET", `${PATH}/receipts/${encodeURIComponent(token)}`, null, null));
}

/** Whether it may look different the next time one looks. */
export function isUnderWay({ state }: Job): boolean {
  return state === "waiting" || state === "running";
}

/** Whether it waits for the days that the tenant gives people to think it over. */
export function isPutOff({ createdAt, dueAt }: Job): boolean {
  return dueAt.getTime() - createdAt.getTime() > 60_000;
}

function read(answer: unknown): Job {
  return readJob(new Fields(answer, "the answer"));
}

export function readJob(fields: Fields): Job {
  const state = STATES.find((each) => each === fields.text("state")) ?? "failed";
  const finishedAt = fields.optionalText("finished_at");
  return {
    id: fields.text("id"),
    kind: fields.text("kind"),
    state,
    progress: fields.number("progress"),
    createdAt: new Date(fields.text("created_at")),
    dueAt: new Date(fields.text("due_at")),
    finishedAt: finishedAt === null ? null : new Date(finishedAt),
    canBeCancelled: fields.flag("can_be_cancelled"),
    problem: fields.optionalText("problem"),
    url: fields.optionalObject("download")?.text("url") ?? null,
    receiptToken: fields.optionalText("receipt_token"),
    receipt: readReceiptOf(fields),
  };
}

function readReceiptOf(fields: Fields): Receipt | null {
  const text = fields.optionalText("receipt");
  if (text === null) return null;
  const stores = fields.object("claims").object("erased");
  const erased = stores.names().flatMap((store) => {
    const kinds = stores.object(store);
    return kinds.names().map((kind) => ({ store, kind, count: kinds.number(kind) }));
  });
  const json = JSON.stringify({ receipt: text, claims: fields.value("claims"), key: fields.value("key") }, null, 2);
  return { text, erased: erased.filter(({ count }) => count > 0), json };
}
