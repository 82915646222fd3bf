import { describe, expect, test } from "vitest";
import { bubblesOf } from "../src/bubbles";
import { addTypedText, EMPTY_CONVERSATION, receive, settle, toldAgain, type Conversation } from "../src/conversation";
import type { Item, ServerEvent } from "../src/wire";

const message = (id: string, role: "user" | "assistant", text = ""): Item => ({ id, kind: "message", role, text });

function after(events: readonly ServerEvent[], from: Conversation = EMPTY_CONVERSATION): Conversation {
  return events.reduce(receive, from);
}

const SPOKEN: readonly ServerEvent[] = [
  { type: "input_audio_buffer.speech_started", itemId: "u1" },
  { type: "conversation.item.input_audio_transcription.delta", itemId: "u1", delta: "what is" },
  { type: "input_audio_buffer.speech_stopped", itemId: "u1" },
  { type: "input_audio_buffer.committed", itemId: "u1" },
  { type: "conversation.item.added", item: message("u1", "user") },
];

const ANSWERED: readonly ServerEvent[] = [
  { type: "response.created", responseId: "r1", isContinuation: false },
  { type: "conversation.item.input_audio_transcription.completed", itemId: "u1", transcript: "What is gold?" },
  { type: "response.output_item.added", responseId: "r1", item: message("a1", "assistant") },
  { type: "conversation.item.added", item: message("a1", "assistant") },
  { type: "response.text", responseId: "r1", itemId: "a1", delta: "Gold is " },
  { type: "response.text", responseId: "r1", itemId: "a1", delta: "an element." },
];

describe("a spoken turn", () => {
  test("shows words while they are spoken", () => {
    const conversation = after(SPOKEN.slice(0, 2));
    expect(conversation.userSpeaking).toBe(true);
    expect(conversation.lines).toMatchObject([{ speaker: "user", text: "what is", live: true }]);
  });

  test("waits for a reply once it is over", () => {
    expect(after(SPOKEN)).toMatchObject({ userSpeaking: false, replyDue: true });
  });

  test("ends with both lines complete", () => {
    const conversation = after([
      ...SPOKEN,
      ...ANSWERED,
      { type: "response.text.done", responseId: "r1", itemId: "a1", text: "Gold is an element." },
      { type: "response.done", responseId: "r1", status: "completed", failure: null },
    ]);
    expect(conversation).toMatchObject({ activeResponse: null, replyDue: false });
    expect(conversation.lines).toMatchObject([
      { id: "u1", text: "What is gold?", live: false },
      { id: "a1", text: "Gold is an element.", live: false, responseId: "r1" },
    ]);
  });

  test("gets its waterfall", () => {
    const spans = [{ name: "pause", startMs: 0, endMs: 700 }];
    const waterfall = { totalMs: 700, committedMs: 450, waste: null, spans };
    const conversation = after([...SPOKEN, ...ANSWERED, { type: "voice.turn", itemId: "u1", responseId: "r1", waterfall }]);
    expect(conversation.lines.map((line) => line.waterfall)).toEqual([null, waterfall]);
  });
});

describe("an interruption", () => {
  const interrupted = after([
    ...SPOKEN,
    ...ANSWERED,
    { type: "input_audio_buffer.speech_started", itemId: "u2" },
    { type: "response.text.done", responseId: "r1", itemId: "a1", text: "Gold is" },
    { type: "response.done", responseId: "r1", status: "cancelled", failure: null },
    { type: "voice.interrupted", itemId: "a1", responseId: "r1", heardMs: 400, heardText: "Gold is" },
  ]);

  test("keeps the words that were not heard, to be shown as such", () => {
    expect(interrupted.lines[1]).toMatchObject({ text: "Gold is an element.", heardText: "Gold is", live: false });
  });

  test("is told again only as far as it was heard", () => {
    expect(toldAgain(interrupted, 10).map(({ text }) => text)).toEqual(["What is gold?", "Gold is"]);
  });
});

describe("a continuation", () => {
  const stopped: readonly ServerEvent[] = [
    ...SPOKEN,
    ...ANSWERED,
    { type: "input_audio_buffer.speech_started", itemId: "u2" },
    { type: "response.text.done", responseId: "r1", itemId: "a1", text: "Gold is " },
    { type: "response.done", responseId: "r1", status: "cancelled", failure: null },
    { type: "voice.interrupted", itemId: "a1", responseId: "r1", heardMs: 400, heardText: "Gold is" },
    { type: "input_audio_buffer.speech_stopped", itemId: "u2" },
  ];
  const goesOn = (responseId: string, continues: string, itemId: string, words: string): readonly ServerEvent[] => [
    { type: "response.created", responseId, isContinuation: false },
    { type: "voice.continued", responseId, continues },
    { type: "response.output_item.added", responseId, item: message(itemId, "assistant") },
    { type: "response.text", responseId, itemId, delta: words },
  ];

  test("is shown with what it continues, and only once", () => {
    const { lines } = after([...stopped, ...goesOn("r2", "r1", "a2", "an element.")]);
    expect(lines.map(({ id, continues }) => [id, continues])).toEqual([
      ["u1", false],
      ["a1", false],
      ["a2", true],
    ]);
    expect(bubblesOf(lines)).toMatchObject([{ id: "u1" }, { id: "a1", said: "Gold is ", line: { text: "an element." } }]);
    expect(toldAgain(after(stopped), 10).at(-1)?.text).toBe("Gold is");
  });

  test("may itself be stopped and continued", () => {
    const { lines } = after([
      ...stopped,
      ...goesOn("r2", "r1", "a2", "an element of"),
      { type: "voice.interrupted", itemId: "a2", responseId: "r2", heardMs: 200, heardText: "an element" },
      ...goesOn("r3", "r2", "a3", "of the eleventh group."),
    ]);
    expect(bubblesOf(lines).map(({ said, line }) => said + line.text)).toEqual([
      "What is gold?",
      "Gold is an element of the eleventh group.",
    ]);
  });

  test("stands alone when the user has said something in between", () => {
    const { lines } = after([
      ...stopped,
      { type: "conversation.item.input_audio_transcription.completed", itemId: "u2", transcript: "Mhm." },
      ...goesOn("r2", "r1", "a2", "an element."),
    ]);
    expect(bubblesOf(lines).map(({ id }) => id)).toEqual(["u1", "a1", "u2", "a2"]);
  });

  test("of an unknown reply is a reply like any other", () => {
    const { lines } = after([...SPOKEN, ...goesOn("r2", "r0", "a2", "An element.")]);
    expect(lines.some(({ continues }) => continues)).toBe(false);
  });

  test("keeps the waterfall of its beginning", () => {
    const waterfall = { totalMs: 700, committedMs: 450, waste: null, spans: [] };
    const measured: ServerEvent = { type: "voice.turn", itemId: "u1", responseId: "r1", waterfall };
    const { lines } = after([...stopped, measured, ...goesOn("r2", "r1", "a2", "an element.")]);
    expect(bubblesOf(lines).at(-1)?.waterfall).toEqual(waterfall);
  });
});

test("speech without words leaves no line and no wait", () => {
  const conversation = after([
    ...SPOKEN.slice(0, 1),
    ...SPOKEN.slice(2),
    { type: "conversation.item.input_audio_transcription.completed", itemId: "u1", transcript: " " },
  ]);
  expect(conversation).toEqual(EMPTY_CONVERSATION);
});

test("a false start leaves no line when the next utterance begins", () => {
  const conversation = after([
    { type: "input_audio_buffer.speech_started", itemId: "u1" },
    { type: "input_audio_buffer.speech_started", itemId: "u2" },
  ]);
  expect(conversation.lines.map(({ id }) => id)).toEqual(["u2"]);
});

test("a reply that failed before its first word says so", () => {
  const conversation = after([
    { type: "response.created", responseId: "r1", isContinuation: false },
    { type: "response.done", responseId: "r1", status: "failed", failure: "The model did not answer." },
  ]);
  expect(conversation.lines).toMatchObject([{ speaker: "assistant", failure: "The model did not answer.", live: false }]);
});

test("typed text is shown at once and only once", () => {
  const typed = addTypedText(EMPTY_CONVERSATION, "u1", "Hello");
  const conversation = receive(typed, { type: "conversation.item.added", item: message("u1", "user", "Hello") });
  expect(conversation.lines).toMatchObject([{ text: "Hello", live: false }]);
  expect(conversation.replyDue).toBe(true);
});

test("a lost connection ends what was under way", () => {
  const conversation = settle(after([...SPOKEN, ...ANSWERED, { type: "input_audio_buffer.speech_started", itemId: "u2" }]));
  expect(conversation).toMatchObject({ userSpeaking: false, replyDue: false, activeResponse: null });
  expect(conversation.lines.map(({ id, live }) => [id, live])).toEqual([
    ["u1", false],
    ["a1", false],
  ]);
});

test("a lost connection takes back the words of the utterance that is heard anew", () => {
  const speaking = after([
    ...SPOKEN,
    ...ANSWERED,
    { type: "input_audio_buffer.speech_started", itemId: "u2" },
    { type: "conversation.item.input_audio_transcription.delta", itemId: "u2", delta: "and what" },
  ]);
  const conversation = settle(speaking);
  expect(conversation.lines.map(({ id }) => id)).toEqual(["u1", "a1"]);
});

test("the page keeps a bounded number of lines", () => {
  const events = Array.from({ length: 250 }, (_, n): ServerEvent => ({
    type: "conversation.item.added",
    item: message(`u${n}`, "user", `line ${n}`),
  }));
  const { lines } = after(events);
  expect(lines).toHaveLength(200);
  expect(lines.at(-1)?.text).toBe("line 249");
});

test("an event that says nothing changes nothing", () => {
  expect(receive(EMPTY_CONVERSATION, { type: "unknown", name: "rate_limits.updated" })).toBe(EMPTY_CONVERSATION);
});
