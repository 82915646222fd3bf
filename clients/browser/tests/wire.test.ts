import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readServerEvent } from "../src/wire";

function read(event: unknown) {
  return readServerEvent(JSON.stringify(event));
}

function audioFrame(itemId: string, samples: readonly number[]): ArrayBuffer {
  const header = 2 + itemId.length + (itemId.length % 2);
  const frame = new ArrayBuffer(header + 2 * samples.length);
  new Uint8Array(frame).set([1, itemId.length, ...new TextEncoder().encode(itemId)]);
  const view = new DataView(frame);
  samples.forEach((sample, index) => view.setInt16(header + 2 * index, sample, true));
  return frame;
}

describe("audio frames", () => {
  test.each(["item_1", "item_12"])("are read with an id of even and of odd length (%s)", (itemId) => {
    expect(readServerEvent(audioFrame(itemId, [1, -2, 32_767]))).toEqual({
      type: "audio",
      itemId,
      samples: Int16Array.of(1, -2, 32_767),
    });
  });

  test("may be empty", () => {
    expect(readServerEvent(audioFrame("a", []))).toMatchObject({ type: "audio", samples: new Int16Array() });
  });

  test.each([
    ["nothing", []],
    ["a version only", [1]],
    ["an id that is cut off", [1, 6, 105, 116]],
    ["no id", [1, 0, 0, 0]],
    ["half a sample", [1, 2, 97, 98, 7]],
  ])("that hold %s are malformed", (_, bytes) => {
    expect(readServerEvent(Uint8Array.from(bytes).buffer).type).toBe("malformed");
  });

  test("of a later version are unknown", () => {
    expect(readServerEvent(Uint8Array.of(2, 1, 97, 0).buffer).type).toBe("unknown");
  });

  test("may also come as base64", () => {
    const event = { type: "response.output_audio.delta", item_id: "a", delta: btoa("\x01\x00\xfe\xff") };
    expect(read(event)).toEqual({ type: "audio", itemId: "a", samples: Int16Array.of(1, -2) });
    expect(read({ ...event, delta: "***" }).type).toBe("malformed");
  });
});

describe("messages", () => {
  test("that are not known are named", () => {
    expect(read({ type: "rate_limits.updated" })).toEqual({ type: "unknown", name: "rate_limits.updated" });
    expect(read({ type: "toString" })).toEqual({ type: "unknown", name: "toString" });
  });

  test.each(["", "{", "null", "[]", "7", '"text"', "{}", '{"type": 3}', '{"type": "session.created"}'])(
    "that cannot be read are malformed: %s",
    (json) => expect(readServerEvent(json).type).toBe("malformed"),
  );

  test("tell where they are wrong", () => {
    const event = { type: "voice.turn", item_id: "u", response_id: "r", total_ms: 5, spans: [{ name: "pause", start_ms: "0" }] };
    expect(read(event)).toEqual({ type: "malformed", reason: "event.spans[0].start_ms is not a number" });
  });

  const turn = {
    type: "voice.turn",
    event_id: "e",
    item_id: "u",
    response_id: "r",
    total_ms: 250.5,
    spans: [{ name: "pause", start_ms: 0, end_ms: 250.5 }],
  };

  test("voice.turn becomes a waterfall", () => {
    const wasted = { guesses: 1, tokens: 12, characters: 41, audio_ms: 800 };
    expect(read({ ...turn, committed_ms: 200, wasted })).toEqual({
      type: "voice.turn",
      itemId: "u",
      responseId: "r",
      waterfall: {
        totalMs: 250.5,
        committedMs: 200,
        waste: { guesses: 1, tokens: 12, characters: 41, audioMs: 800 },
        spans: [{ name: "pause", startMs: 0, endMs: 250.5 }],
      },
    });
  });

  test("voice.turn may tell neither when it was sure nor what it wasted", () => {
    expect(read(turn)).toMatchObject({ waterfall: { committedMs: null, waste: null } });
  });

  test("voice.duck and voice.continued name what they are about", () => {
    const place = { response_id: "r", item_id: "a" };
    expect(read({ type: "voice.duck", ...place })).toEqual({ type: "voice.duck", itemId: "a" });
    expect(read({ type: "voice.restore", ...place })).toEqual({ type: "voice.restore" });
    expect(read({ type: "voice.continued", response_id: "r2", continues: "r" })).toEqual({
      type: "voice.continued",
      responseId: "r2",
      continues: "r",
    });
  });

  test("voice.interrupted tells what was heard", () => {
    expect(
      read({ type: "voice.interrupted", item_id: "a", response_id: "r", heard_ms: 480, heard_text: "Gold is" }),
    ).toEqual({ type: "voice.interrupted", itemId: "a", responseId: "r", heardMs: 480, heardText: "Gold is" });
  });

  test("a failed response has a reason, a cancelled one none", () => {
    const done = (status: string, details: unknown) =>
      read({ type: "response.done", response: { id: "r", status, status_details: details } });
    expect(done("failed", { type: "failed", error: { message: "No model." } })).toMatchObject({ failure: "No model." });
    expect(done("failed", null)).toMatchObject({ failure: "No reason was given." });
    expect(done("cancelled", { type: "cancelled", reason: "turn_detected" })).toMatchObject({ failure: null });
  });

  test("an item's words come from text or transcript", () => {
    const content = [{ type: "output_audio", transcript: "Hello " }, { type: "output_text", text: "you" }, { type: "input_audio", transcript: null }];
    const item = { id: "a", type: "message", role: "assistant", content };
    expect(read({ type: "conversation.item.added", item, previous_item_id: null })).toMatchObject({
      item: { id: "a", kind: "message", role: "assistant", text: "Hello you" },
    });
  });
});

/** The server's own examples of what it says; Python reads the same files. */
const GOLDEN = new URL("../../../tests/golden/server/", import.meta.url);

describe.skipIf(!existsSync(GOLDEN))("the server's golden messages", () => {
  const files = existsSync(GOLDEN) ? readdirSync(GOLDEN).filter((name) => name.endsWith(".json")) : [];

  test.each(files)("%s can be read", (name) => {
    const event = readServerEvent(readFileSync(new URL(name, GOLDEN), "utf8"));
    expect(event.type).not.toBe("malformed");
    if (name.startsWith("voice.")) expect(event.type).not.toBe("unknown");
  });
});
