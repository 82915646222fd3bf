import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { activityOf } from "../src/activity";
import { reply, settle, Stage, talking } from "./fakes";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a conversation", () => {
  test("opens with transcription on", async () => {
    const { socket, client } = await talking();
    expect(socket.messages).toEqual([
      {
        type: "session.update",
        session: { type: "realtime", output_modalities: ["audio"], audio: { input: { transcription: {} } } },
      },
    ]);
    expect(activityOf(client.state())).toBe("listening");
  });

  test("sends the microphone frame by frame", async () => {
    const { socket, microphone } = await talking();
    microphone.hear(7);
    expect(socket.audioFrames).toBe(7);
  });

  test("sends first what was said before it was open, in order and at once", async () => {
    const stage = new Stage();
    await stage.client.start();
    stage.microphone.hear(100);
    await settle();
    stage.microphone.hear(50);
    expect(stage.socket.audio).toEqual([]);
    stage.socket.greet();
    stage.microphone.hear(5);
    expect(stage.socket.audio).toEqual(Array.from({ length: 155 }, (_, n) => n));
    expect(stage.socket.messages.map(({ type }) => type)).toEqual(["session.update"]);
  });

  test("keeps ten seconds at most, the last ones", async () => {
    const stage = new Stage();
    await stage.client.start();
    await settle();
    stage.microphone.hear(700);
    stage.socket.greet();
    expect(stage.socket.audio).toEqual(Array.from({ length: 500 }, (_, n) => n + 200));
  });

  test("forgets what was said to a server that never answered, once it is ended", async () => {
    const stage = new Stage();
    await stage.client.start();
    await settle();
    stage.microphone.hear(20);
    stage.client.stop();
    await stage.client.start();
    await settle();
    stage.socket.greet();
    expect(stage.socket.audio).toEqual([]);
  });

  test("begins with a greeting, but not when the user has written first", async () => {
    expect((await talking()).socket.greeting).toBe(true);
    const stage = new Stage();
    await stage.client.sendText("Hello");
    await settle();
    expect(stage.socket.greeting).toBe(false);
  });

  test("shows and plays a greeting before the user has said anything", async () => {
    const stage = await talking();
    reply(stage);
    stage.speaker.onHeard({ itemId: "item_a", heardMs: 0, playing: true });
    expect(stage.client.state().conversation.lines).toMatchObject([{ speaker: "assistant", text: "Gold is an element." }]);
    expect(stage.speaker.played).toEqual(["item_a"]);
    expect(stage.socket.sent("voice.playback")).toMatchObject([{ item_id: "item_a", heard_ms: 0, playing: true }]);
  });

  test("sends no audio into a network that does not keep up", async () => {
    const { socket, microphone } = await talking();
    socket.waiting = 1_000_000;
    microphone.hear(5);
    expect(socket.audioFrames).toBe(0);
  });

  test("is a new immutable value whenever it changes", async () => {
    const stage = await talking();
    const seen: unknown[] = [];
    const unsubscribe = stage.client.subscribe(() => seen.push(stage.client.state()));
    reply(stage);
    expect(seen.length).toBeGreaterThan(1);
    expect(new Set(seen).size).toBe(seen.length);
    unsubscribe();
    const count = seen.length;
    stage.socket.say({ type: "response.done", response: { id: "r1", status: "completed" } });
    expect(seen).toHaveLength(count);
  });

  test("stays open while muted, for silence goes on", async () => {
    const { client, microphone, socket } = await talking();
    client.setMuted(true);
    microphone.hear(3);
    expect(microphone.muted).toBe(true);
    expect(socket.audioFrames).toBe(3);
    expect(client.inputLevel()).toBe(0);
    expect(client.state().microphone).toBe("muted");
  });

  test("ends when the user says so, and keeps its words", async () => {
    const stage = await talking();
    reply(stage);
    stage.client.stop();
    expect(stage.socket.open).toBe(false);
    expect(stage.microphone.closed).toBe(true);
    expect(stage.speaker.resting).toBe(true);
    stage.speaker.onHeard({ itemId: "item_a", heardMs: 100, playing: true });
    expect(stage.client.state()).toMatchObject({ connection: { kind: "closed" }, microphone: "off", speaking: false });
    expect(stage.client.state().conversation.lines).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.sockets).toHaveLength(1);
  });

  test("may be stopped while the browser still asks for the microphone", async () => {
    const stage = new Stage();
    const started = stage.client.start();
    stage.client.stop();
    await started;
    await settle();
    expect(stage.microphone.closed).toBe(true);
    expect(stage.sockets).toHaveLength(0);
  });

  test("begins anew with another assistant", async () => {
    const stage = await talking();
    reply(stage);
    stage.client.choose("lyo");
    expect(stage.client.state().conversation.lines).toEqual([]);
    await stage.client.start();
    await settle();
    expect(stage.socket.assistant).toBe("lyo");
  });
});

describe("a reply", () => {
  test("is played, and what was heard is reported", async () => {
    const stage = await talking();
    reply(stage);
    stage.socket.say({ type: "response.output_audio.done", item_id: "item_a" });
    stage.speaker.onHeard({ itemId: "item_a", heardMs: 100, playing: true });
    expect(activityOf(stage.client.state())).toBe("speaking");
    stage.speaker.onHeard({ itemId: "item_a", heardMs: 180, playing: false });
    expect(stage.speaker).toMatchObject({ played: ["item_a"], finished: ["item_a"] });
    expect(stage.socket.sent("voice.playback")).toEqual([
      { type: "voice.playback", item_id: "item_a", heard_ms: 100, playing: true },
      { type: "voice.playback", item_id: "item_a", heard_ms: 180, playing: false },
    ]);
  });

  test("stops at once when the user speaks", async () => {
    const stage = await talking();
    reply(stage);
    const before = stage.speaker.interruptions;
    stage.socket.say({ type: "input_audio_buffer.speech_started", item_id: "u2" });
    expect(stage.speaker.interruptions).toBe(before + 1);
    expect(stage.socket.sent("response.cancel")).toEqual([]);
  });

  test("is played quietly while somebody may be speaking over it", async () => {
    const stage = await talking();
    reply(stage);
    const place = { response_id: "r1", item_id: "item_a" };
    const before = stage.speaker.interruptions;
    stage.socket.say({ type: "voice.duck", ...place });
    expect(stage.speaker.ducked).toBe("item_a");
    stage.speaker.onHeard({ itemId: "item_a", heardMs: 60, playing: true });
    expect(stage.socket.sent("voice.playback")).toHaveLength(1);
    stage.socket.say({ type: "voice.restore", ...place });
    expect(stage.speaker).toMatchObject({ ducked: null, interruptions: before });
  });

  test("is cancelled by the button, and its late audio ignored, also that of items to come", async () => {
    const stage = await talking();
    reply(stage);
    stage.client.stopSpeaking();
    expect(stage.socket.sent("response.cancel")).toEqual([{ type: "response.cancel", response_id: "r1" }]);
    stage.socket.play("item_a", 480);
    const late = { id: "item_b", type: "message", role: "assistant" };
    stage.socket.say({ type: "response.output_item.added", response_id: "r1", item: late });
    stage.socket.play("item_b", 480);
    expect(stage.speaker.played).toEqual(["item_a"]);
  });

  test("that is over on the server is only silenced by the button", async () => {
    const stage = await talking();
    reply(stage);
    stage.socket.say({ type: "response.done", response: { id: "r1", status: "completed" } });
    const before = stage.speaker.interruptions;
    stage.client.stopSpeaking();
    expect(stage.socket.sent("response.cancel")).toEqual([]);
    expect(stage.speaker.interruptions).toBe(before + 1);
  });
});

describe("a written turn", () => {
  test("needs no microphone, and waits for the connection", async () => {
    const stage = new Stage();
    await stage.client.sendText("Hello");
    expect(stage.client.state().conversation.lines).toMatchObject([{ text: "Hello", speaker: "user" }]);
    await settle();
    expect(stage.socket.messages).toEqual([]);
    stage.socket.greet();
    const { type, item } = stage.socket.sent("conversation.item.create")[0] ?? {};
    expect(type).toBe("conversation.item.create");
    expect(item).toMatchObject({ role: "user", content: [{ type: "input_text", text: "Hello" }] });
    expect(item?.id.length).toBeLessThanOrEqual(32);
    expect(stage.socket.sent("response.create")).toHaveLength(1);
    expect(activityOf(stage.client.state())).toBe("thinking");
  });

  test("cancels a running reply first", async () => {
    const stage = await talking();
    reply(stage);
    await stage.client.sendText("Stop, something else");
    expect(stage.socket.messages.map(({ type }) => type).slice(1)).toEqual([
      "response.cancel",
      "conversation.item.create",
      "response.create",
    ]);
  });

  test("is answered in writing where there is no sound", async () => {
    const stage = new Stage();
    stage.speaker.broken = true;
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await stage.client.sendText("Hello");
    await settle();
    stage.socket.greet();
    expect(stage.socket.sent("session.update")[0]?.session.output_modalities).toEqual(["text"]);
    expect(stage.client.state().audible).toBe(false);
  });
});

describe("what goes wrong", () => {
  test.each(["insecure-context", "refused", "missing", "busy"] as const)("with the microphone is told: %s", async (fault) => {
    const stage = new Stage();
    stage.microphoneFault = fault;
    await stage.client.start();
    await settle();
    expect(stage.client.state()).toMatchObject({ microphoneFault: fault, microphone: "off" });
    stage.microphoneFault = null;
    await stage.client.start();
    expect(stage.client.state()).toMatchObject({ microphoneFault: null, microphone: "on" });
  });

  test("when the connection is lost in mid-reply, the loudspeaker does not wait for the rest", async () => {
    const stage = await talking();
    reply(stage);
    stage.socket.drop();
    await settle();
    expect(stage.speaker.finished).toEqual(["item_a"]);
  });

  test("when the microphone is unplugged, the conversation goes on in writing", async () => {
    const stage = await talking();
    stage.microphone.events.onLost();
    expect(stage.client.state()).toMatchObject({ microphoneFault: "lost", connection: { kind: "open" } });
  });

  test("on the server is shown, unless it only says that a cancel came late", async () => {
    const { client, socket } = await talking();
    const error = (code: string) => socket.say({ type: "error", error: { type: "x", code, message: `The ${code}.` } });
    error("response_cancel_not_active");
    expect(client.state().complaint).toBeNull();
    error("internal_error");
    expect(client.state().complaint).toBe("The internal_error.");
    client.dismiss();
    expect(client.state().complaint).toBeNull();
  });
});
