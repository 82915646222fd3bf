import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Refusal } from "../src/account/http";
import { reply, settle, Stage, talking } from "./fakes";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a lost connection", () => {
  test("is opened again, and the server is told what was said", async () => {
    const stage = await talking();
    stage.socket.say(
      { type: "conversation.item.added", item: { id: "u1", type: "message", role: "user", content: [] } },
      { type: "conversation.item.input_audio_transcription.completed", item_id: "u1", transcript: "What is gold?" },
    );
    reply(stage);
    stage.socket.drop();
    expect(stage.client.state().connection).toMatchObject({ kind: "waiting", fault: "gone" });
    expect(stage.client.state().microphone).toBe("on");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(stage.sockets).toHaveLength(2);
    stage.socket.greet();
    const told = stage.socket.sent("conversation.item.create").map(({ item }) => [item.role, item.content[0]?.text]);
    expect(told).toEqual([
      ["user", "What is gold?"],
      ["assistant", "Gold is an element."],
    ]);
    expect(stage.socket.sent("response.create")).toEqual([]);
  });

  test("loses nothing of what is said meanwhile, and brings no second greeting", async () => {
    const stage = await talking();
    reply(stage);
    stage.microphone.hear(3);
    stage.socket.drop();
    stage.microphone.hear(40);
    await vi.advanceTimersByTimeAsync(1_000);
    stage.microphone.hear(10);
    stage.socket.greet();
    stage.microphone.hear(2);
    expect(stage.socket.audio).toEqual(Array.from({ length: 52 }, (_, n) => n + 3));
    expect(stage.sockets.map(({ greeting }) => greeting)).toEqual([true, false]);
  });

  test("in the middle of an utterance sends it anew from its beginning, but not what was answered", async () => {
    const stage = await talking();
    stage.microphone.hear(200);
    stage.socket.say({ type: "input_audio_buffer.speech_started", item_id: "u1" });
    stage.microphone.hear(100);
    stage.socket.drop();
    stage.microphone.hear(10);
    await vi.advanceTimersByTimeAsync(1_000);
    stage.socket.greet();
    expect(stage.socket.audio).toEqual(Array.from({ length: 135 }, (_, n) => n + 175));
    stage.socket.say(
      { type: "input_audio_buffer.speech_started", item_id: "u2" },
      { type: "input_audio_buffer.speech_stopped", item_id: "u2" },
      { type: "input_audio_buffer.committed", item_id: "u2" },
    );
    stage.microphone.hear(50);
    stage.socket.drop();
    await vi.advanceTimersByTimeAsync(2_000);
    stage.socket.greet();
    expect(stage.socket.audio).toEqual([]);
  });

  test("does not report playback of the old session to the new one", async () => {
    const stage = await talking();
    reply(stage);
    stage.socket.drop();
    await vi.advanceTimersByTimeAsync(1_000);
    stage.socket.greet();
    stage.speaker.onHeard({ itemId: "item_a", heardMs: 200, playing: false });
    expect(stage.socket.sent("voice.playback")).toEqual([]);
  });

  test("is tried ever less often, and at once if the user asks", async () => {
    const stage = await talking();
    stage.check = "gone";
    stage.socket.drop();
    await vi.advanceTimersByTimeAsync(60_000);
    const tries = stage.checkedKeys.length;
    expect(tries).toBeGreaterThan(6);
    expect(tries).toBeLessThan(16);
    stage.check = "ready";
    stage.client.retryNow();
    await settle();
    stage.socket.greet();
    expect(stage.client.state().connection.kind).toBe("open");
  });

  test("is told as full when the server says so before the socket", async () => {
    const stage = new Stage();
    stage.check = "full";
    await stage.client.start();
    await settle();
    expect(stage.sockets).toEqual([]);
    expect(stage.client.state().connection).toMatchObject({ kind: "waiting", fault: "full" });
  });

  test.each([
    ["close code 1013", 1013, []],
    ["an error before it closes", 1000, [{ type: "error", error: { code: "server_overloaded", message: "Full." } }]],
  ])("is told as full when the server says so by %s", async (_, code, events) => {
    const stage = new Stage();
    await stage.client.start();
    await settle();
    stage.socket.say(...events);
    stage.socket.drop(code);
    expect(stage.client.state().connection).toMatchObject({ kind: "waiting", fault: "full" });
  });

  test("tells a refused socket from a server that is gone", async () => {
    const stage = new Stage();
    await stage.client.start();
    await settle();
    stage.socket.drop();
    expect(stage.client.state().connection).toMatchObject({ kind: "waiting", fault: "refused" });
  });

  test("is tried anew when a server says nothing", async () => {
    const stage = new Stage();
    await stage.client.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(stage.client.state().connection).toMatchObject({ kind: "waiting", fault: "silent" });
  });
});

test("nothing is retried that was not begun", async () => {
  const stage = new Stage();
  stage.client.retryNow();
  await settle();
  expect(stage.checkedKeys).toEqual([]);
});

describe("a key", () => {
  test("is asked for, and the microphone sleeps meanwhile", async () => {
    const stage = new Stage();
    stage.check = "key-needed";
    await stage.client.start();
    await settle();
    expect(stage.client.state()).toMatchObject({ connection: { kind: "blocked", fault: "key-needed" }, microphone: "off" });
    expect(stage.microphone.closed).toBe(true);
    stage.check = "ready";
    await stage.client.useKey("sk-1");
    await settle();
    expect(stage.socket.key).toBe("sk-1");
    expect(stage.client.state().microphone).toBe("on");
  });

  test("that is wrong is asked for again", async () => {
    const stage = new Stage("sk-old");
    stage.check = "key-needed";
    await stage.client.start();
    await settle();
    expect(stage.client.state().connection).toEqual({ kind: "blocked", fault: "key-wrong" });
  });

  test("that no browser can send is told from a wrong one", async () => {
    const stage = new Stage("two words");
    await stage.client.start();
    await settle();
    expect(stage.client.state().connection).toEqual({ kind: "blocked", fault: "key-malformed" });
  });
});

describe("somebody who is logged in", () => {
  const ENDED = new Refusal(401, "log_in_ended", "Your session has ended.");

  test("talks with their token, whatever key there is", async () => {
    const stage = new Stage("sk-key");
    stage.person.text = "token";
    await stage.client.start();
    await settle();
    expect(stage.socket.key).toBe("token");
    expect(stage.checkedKeys).toEqual(["token"]);
  });

  test("whose session has ended is not let in as nobody, and goes on after the log-in", async () => {
    const stage = new Stage("sk-key");
    stage.person.fault = ENDED;
    await stage.client.start();
    await settle();
    expect(stage.client.state().connection).toEqual({ kind: "blocked", fault: "log-in-ended" });
    expect(stage.sockets).toEqual([]);
    stage.person.fault = null;
    stage.person.text = "another";
    await stage.client.enter();
    await settle();
    expect(stage.socket.key).toBe("another");
    expect(stage.client.state().microphone).toBe("on");
  });

  test("takes along what was said before they logged in, and no way back to it", async () => {
    const stage = await talking(null, "token_1");
    stage.socket.say(
      { type: "conversation.item.added", item: { id: "u1", type: "message", role: "user", content: [] } },
      { type: "conversation.item.input_audio_transcription.completed", item_id: "u1", transcript: "What is gold?" },
    );
    reply(stage);
    const [first] = stage.sockets;
    stage.person.text = "token";
    await stage.client.changePerson();
    await settle();
    expect(first?.closedWith).toBe(1000);
    expect([stage.socket.key, stage.socket.resume, stage.memory.remembered]).toEqual(["token", null, null]);
    stage.socket.greet();
    const told = stage.socket.sent("conversation.item.create").map(({ item }) => item.content[0]?.text);
    expect(told).toEqual(["What is gold?", "Gold is an element."]);
    expect(stage.client.state().news).toBeNull();
    stage.microphone.hear(1);
    expect(stage.socket.audioFrames).toBeGreaterThan(0);
  });
});
