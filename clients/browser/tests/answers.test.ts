import { describe, expect, test } from "vitest";
import { readConsents } from "../src/account/consents";
import { readSummary } from "../src/account/conversations";
import { isPutOff, isUnderWay, readJob } from "../src/account/jobs";
import { Fields, Unreadable } from "../src/fields";

const of = (value: unknown): Fields => new Fields(value, "the answer");

const JOB = {
  id: "job_1",
  kind: "erasure",
  state: "waiting",
  progress: 0,
  created_at: "2026-01-01T12:00:00Z",
  due_at: "2026-01-08T12:00:00Z",
  finished_at: null,
  can_be_cancelled: true,
  problem: null,
};

describe("a job", () => {
  test("that waits for days is put off and under way", () => {
    const job = readJob(of({ ...JOB, receipt_token: "er_1" }));
    expect([isPutOff(job), isUnderWay(job), job.receiptToken, job.receipt, job.url]).toEqual([true, true, "er_1", null, null]);
  });

  test("that is done shows what was erased", () => {
    const claims = { jti: "job_1", erased: { postgres: { memories: 2, audits: 0 }, objects: { objects: 1 } } };
    const job = readJob(of({ ...JOB, state: "done", due_at: JOB.created_at, receipt: "a.b.c", claims, key: { kty: "OKP" } }));
    expect(job.receipt?.erased).toEqual([
      { store: "postgres", kind: "memories", count: 2 },
      { store: "objects", kind: "objects", count: 1 },
    ]);
    expect(JSON.parse(job.receipt?.json ?? "")).toEqual({ receipt: "a.b.c", claims, key: { kty: "OKP" } });
    expect([isPutOff(job), isUnderWay(job)]).toEqual([false, false]);
  });
});

describe("a consent", () => {
  const purpose = (name: string, byDefault: boolean) => ({
    purpose: name,
    wording: `${name}?`,
    wording_version: "2",
    language: "en",
    default: byDefault,
  });
  const purposes = of({ purposes: [purpose("conversations", true), purpose("memory", false)] });

  test("that nobody gave is what holds until then", () => {
    const consents = of({ consents: [{ purpose: "memory", granted: false, given_at: null, wording_version: null }] });
    const [conversations, memory] = readConsents(purposes, consents);
    expect([conversations?.granted, conversations?.answeredAt]).toEqual([true, null]);
    expect([memory?.granted, memory?.answeredAt, memory?.isOutdated]).toEqual([false, null, false]);
  });

  test("to other words is outdated, and the words that are asked now are shown", () => {
    const given = { purpose: "memory", granted: true, given_at: "2026-01-01T12:00:00Z", wording_version: "1" };
    const memory = readConsents(purposes, of({ consents: [given] }))[1];
    expect(memory).toMatchObject({ granted: true, isOutdated: true, wording: "memory?", wordingVersion: "2" });
  });
});

test("a conversation in which nothing was said yet has no opening and no end", () => {
  const summary = { id: "c", assistant: "galion", channel: "realtime", began_at: "2026-01-01T12:00:00Z", count: 0 };
  expect(readSummary(of(summary))).toMatchObject({ opening: null, endedAt: null, matches: [] });
});

test("an answer that lacks something says what", () => {
  expect(() => readSummary(of({ id: "c" }))).toThrow(Unreadable);
  expect(() => readSummary(of({ id: "c" }))).toThrow("the answer.assistant is not a string");
});
