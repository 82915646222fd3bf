import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UnheardSpeech } from "../src/audio/unheardSpeech";
import { readRemembered } from "../src/memory";
import { delayBefore, isResumable, Resumption } from "../src/resumption";
import { readServerMessage } from "../src/wire";
import { FakeMemory, reply, settle, Stage, talking } from "./fakes";

function message(fields: Readonly<Record<string, unknown>>): ReturnType<typeof readServerMessage> {
  return readServerMessage(JSON.stringify(fields));
}

describe("what has been received", () => {
  const resume = { type: "voice.resume", event_id: "e0", token: "t", expires_in_ms: 1000 };

  test("is nothing without a token", () => {
    expect(new Resumption().query()).toBeNull();
  });

  test("is counted, and what comes twice is noticed", () => {
    const resumption = new Resumption();
    const came = [resume, { event_id: "e1" }, { event_id: "e2", seq: 7 }, { event_id: "e3" }, { event_id: "e3" }, { event_id: "e1" }];
    const isNew = came.map((fields) => resumption.receive(message({ type: "session.updated", ...fields })));
    expect(isNew).toEqual([true, true, true, true, false, true]);
    expect(resumption.query()).toEqual({ token: "t", after: 7, connection: 1, item: null });
  });

  test("of an item is told until it is complete, or stopped", () => {
    const resumption = new Resumption();
    const audio = (itemId: string) =>
      resumption.receive({ event: { type: "audio", itemId, samples: new Int16Array(2400) }, eventId: null, seq: null });
    resumption.receive(message(resume));
    audio("a");
    audio("a");
    expect(resumption.query()?.item).toEqual({ id: "a", receivedMs: 200 });
    audio("b");
    expect(resumption.query()?.item).toEqual({ id: "b", receivedMs: 100 });
    resumption.receive(message({ type: "input_audio_buffer.speech_started", item_id: "u" }));
    expect(resumption.query()?.item).toBeNull();
  });

  test.each([
    [1000, false],
    [1001, true],
    [1006, true],
    [1008, false],
    [1011, true],
    [1012, true],
  ])("may be gone on with after the close code %i: %s", (code, expected) => {
    expect(isResumable(code)).toBe(expected);
  });

  test("is asked for at once, and then ever less often", () => {
    expect([0, 1, 2, 3, 6, 7, 20].map((attempt) => delayBefore(attempt, 0.5))).toEqual([0, 250, 500, 1000, 8000, 8000, 8000]);
    expect([delayBefore(1, 0), delayBefore(1, 1)]).toEqual([187.5, 312.5]);
  });
});

test("speech is sent again from the very sample that the server names", () => {
  const speech = new UnheardSpeech();
  for (let n = 0; n < 10; n += 1) speech.sent(new Int16Array(480).fill(n));
  speech.hold(new Int16Array(480).fill(10));
  speech.resume(480 * 7 + 240);
  expect(speech.take().map((frame) => [frame[0], frame.length])).toEqual([
    [7, 240],
    [8, 480],
    [9, 480],
    [10, 480],
  ]);
});

test.each(["", "{}", "[]", "null", '{"token": 1, "expiresInMs": 2}'])("what a tab remembers may be unreadable: %s", (json) => {
  expect(readRemembered(json)).toBeNull();
});

describe("a conversation that can be resumed", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const interrupted = () => talking(null, "token_1");

  test("goes on at once where it was, and says so", async () => {
    const stage = await interrupted();
    stage.socket.say({ type: "session.updated", event_id: "e1", seq: 3 });
    reply(stage);
    stage.socket.drop();
    expect(stage.client.state()).toMatchObject({ connection: { kind: "resuming" }, news: "lost", microphone: "on" });
    expect(stage.speaker.interruptions).toBe(0);
    stage.speaker.onHeard({ itemId: "item_a", heardMs: 20, playing: false });
    await settle();
    expect(stage.socket.resume).toEqual({ token: "token_1", after: 3, connection: 1, item: { id: "item_a", receivedMs: 20 } });
    stage.socket.goOn(0, { type: "response.done", event_id: "e9", seq: 4, response: { id: "r1", status: "incomplete" } });
    expect(stage.client.state()).toMatchObject({ connection: { kind: "open" }, news: "back" });
    expect(stage.socket.messages).toEqual([{ type: "voice.playback", item_id: "item_a", heard_ms: 20, playing: false }]);
    expect(stage.client.state().conversation).toMatchObject({ activeResponse: null, lines: [{ text: "Gold is an element." }] });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stage.client.state().news).toBeNull();
  });

  test("shows nothing twice", async () => {
    const stage = await interrupted();
    const words = (event_id: string, delta: string) => ({ type: "response.output_text.delta", event_id, response_id: "r", item_id: "i", delta });
    stage.socket.say(words("e1", "one "), words("e2", "two "));
    stage.socket.drop();
    await settle();
    stage.socket.goOn(0, words("e2", "two "), words("e3", "three"));
    expect(stage.client.state().conversation.lines[0]?.text).toBe("one two three");
  });

  test("hears again what did not arrive, and a minute of what was said meanwhile", async () => {
    const stage = await interrupted();
    stage.microphone.hear(100);
    stage.check = "gone";
    stage.socket.drop();
    await settle();
    stage.socket.drop();
    stage.microphone.hear(2_000);
    stage.check = "ready";
    await vi.advanceTimersByTimeAsync(1_000);
    stage.socket.goOn(20 * 95);
    stage.microphone.hear(2);
    expect(stage.socket.audio).toEqual(Array.from({ length: 2_007 }, (_, n) => n + 95));
  });

  test("asks again what was not answered, after what was missed", async () => {
    const stage = await interrupted();
    await stage.client.sendText("one");
    const [first] = stage.socket.sent("conversation.item.create");
    stage.socket.drop();
    await stage.client.sendText("two");
    await settle();
    stage.socket.goOn(
      0,
      { type: "conversation.item.added", event_id: "e1", item: first?.item },
      { type: "session.updated", event_id: "e2" },
    );
    const asked = stage.socket.messages.map((sent) => ("item" in sent ? sent.item.content[0]?.text : sent.type));
    expect(asked).toEqual(["two", "response.create"]);
    stage.socket.say({ type: "error", error: { code: "item_create_duplicate_item_id", message: "Twice." } });
    expect(stage.client.state().complaint).toBeNull();
  });

  test("is replaced when a server that answers refuses it, and the user is told", async () => {
    const stage = await interrupted();
    reply(stage);
    stage.socket.drop();
    for (let refusals = 0; refusals < 3; refusals += 1) {
      await vi.advanceTimersByTimeAsync(700);
      expect(stage.socket.resume?.token).toBe("token_1");
      stage.socket.drop();
    }
    await settle();
    expect(stage.socket.resume).toBeNull();
    stage.socket.greet("token_9");
    expect(stage.client.state().news).toBe("restarted");
    expect(stage.socket.sent("conversation.item.create").map(({ item }) => item.content[0]?.text)).toEqual(["Gold is an element."]);
  });

  test("is replaced as soon as the server says that it has forgotten it", async () => {
    const stage = await interrupted();
    stage.isForgotten = true;
    stage.socket.drop();
    await settle();
    expect(stage.socket.resume?.token).toBe("token_1");
    stage.socket.drop();
    await vi.advanceTimersByTimeAsync(400);
    expect(stage.socket.resume).toBeNull();
    stage.socket.greet("token_9");
    expect(stage.client.state().news).toBe("restarted");
  });

  test("is waited for as long as the server remembers it, and no longer", async () => {
    const stage = await interrupted();
    stage.check = "gone";
    stage.socket.drop();
    await settle();
    stage.socket.drop();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(stage.client.state().connection.kind).toBe("resuming");
    await vi.advanceTimersByTimeAsync(40_000);
    expect(stage.client.state().connection).toMatchObject({ kind: "waiting", fault: "gone" });
  });

  test("is asked for at once when the network is back", async () => {
    const stage = await interrupted();
    stage.check = "gone";
    stage.socket.drop();
    await settle();
    stage.socket.drop();
    await vi.advanceTimersByTimeAsync(30_000);
    const before = stage.sockets.length;
    stage.client.checkConnection();
    await settle();
    expect(stage.sockets).toHaveLength(before + 1);
  });

  test("moves to another server before the old one goes, and loses nothing on the way", async () => {
    const stage = await interrupted();
    const old = stage.socket;
    stage.microphone.hear(5);
    old.say({ type: "voice.draining", seconds: 30 });
    expect(stage.socket.resume?.token).toBe("token_1");
    stage.microphone.hear(3);
    old.play("item_a", 480);
    stage.socket.goOn(100);
    expect([old.left, old.closedWith]).toEqual([true, null]);
    stage.microphone.hear(1);
    expect([old.audio, stage.socket.audio]).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(stage.speaker.played).toEqual([]);
    expect(stage.client.state()).toMatchObject({ connection: { kind: "open" }, news: null });
    stage.socket.drop();
    expect(stage.client.state().connection.kind).toBe("resuming");
  });

  test("stays where it is as long as no other server takes it", async () => {
    const stage = await interrupted();
    const old = stage.socket;
    old.say({ type: "voice.draining", seconds: 30 });
    stage.microphone.hear(2);
    old.play("item_a", 480);
    stage.socket.drop();
    expect(stage.speaker.played).toEqual(["item_a"]);
    expect(old.audio).toEqual([0, 1]);
  });

  test("is asked for again when the server that was to take it over is lost on the way", async () => {
    const stage = await interrupted();
    const old = stage.socket;
    old.say({ type: "voice.draining", seconds: 30 });
    old.say({ type: "error", error: { code: "session_moved", message: "It is elsewhere." } });
    old.drop(1012);
    stage.socket.drop();
    await settle();
    expect(stage.sockets).toHaveLength(3);
    expect(stage.socket.resume?.token).toBe("token_1");
    stage.socket.goOn(0);
    expect(stage.client.state()).toMatchObject({ connection: { kind: "open" }, microphone: "on", complaint: null });
  });

  test("is known to be lost when nothing of what is said leaves", async () => {
    const stage = await interrupted();
    const old = stage.socket;
    for (let frame = 0; frame < 310; frame += 1) {
      stage.microphone.hear(1);
      old.waiting += 960;
      await vi.advanceTimersByTimeAsync(20);
    }
    expect(old.closedWith).toBe(4000);
    expect(stage.sockets[1]?.resume?.token).toBe("token_1");
  });

  test("is not taken back from another tab", async () => {
    const stage = await interrupted();
    stage.socket.say({ type: "error", error: { code: "session_moved", message: "It is elsewhere." } });
    expect(stage.client.state()).toMatchObject({ connection: { kind: "closed" }, microphone: "off", complaint: "It is elsewhere." });
  });

  test("is not resumed after the user has ended it", async () => {
    const stage = await interrupted();
    stage.client.stop();
    expect(stage.socket.closedWith).toBe(1000);
    expect(stage.memory.remembered).toBeNull();
  });

  test("is stopped once more if the user had stopped it", async () => {
    const stage = await interrupted();
    reply(stage);
    stage.client.stopSpeaking();
    stage.socket.drop();
    await settle();
    stage.socket.goOn(0);
    stage.socket.say(
      { type: "response.created", response: { id: "r2" } },
      { type: "voice.continued", response_id: "r2", continues: "r1" },
    );
    expect(stage.socket.sent("response.cancel")).toEqual([{ type: "response.cancel", response_id: "r2" }]);
  });

  test("goes on in a page that was loaded again, with everything that was said", async () => {
    const memory = new FakeMemory();
    const before = new Stage(null, memory);
    await before.client.start();
    await settle();
    before.socket.greet("token_1");
    before.client.leave();
    const after = new Stage(null, memory);
    await after.client.comeBack();
    await settle();
    expect(after.socket.resume).toEqual({ token: "token_1", after: 0, connection: null, item: null });
    expect(after.client.state().microphone).toBe("on");
    const words = { type: "response.output_text.delta", event_id: "e1", response_id: "r", item_id: "i", delta: "Hello." };
    after.socket.goOn(0, words, { type: "error", event_id: "e2", error: { code: "x", message: "Long ago." } });
    expect(after.client.state()).toMatchObject({ news: "back", complaint: null, conversation: { lines: [{ text: "Hello." }] } });
  });

  test.each([
    ["a copy of a tab", null],
    ["a tab that was left too long ago", -200_000],
  ])("is left alone by %s", async (_, left) => {
    const memory = new FakeMemory();
    const leftAt = left === null ? null : Date.now() + left;
    memory.remembered = { token: "token_1", expiresInMs: 120_000, leftAt, assistant: null, talking: true };
    const stage = new Stage(null, memory);
    await stage.client.comeBack();
    await settle();
    expect(stage.sockets).toEqual([]);
  });
});
