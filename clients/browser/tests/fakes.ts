/** Stand-ins for the browser: a scripted server, a loudspeaker and a microphone without sound. */

import { vi } from "vitest";
import type { Refusal } from "../src/account/http";
import { Door, type Person } from "../src/door";
import type { Memory, Remembered } from "../src/memory";
import type { Microphone, MicrophoneEvents, OpenMicrophone } from "../src/microphone";
import { MicrophoneError, type MicrophoneFault } from "../src/microphone";
import type { Heard, Speaker } from "../src/player";
import type { ResumeQuery } from "../src/resumption";
import type { ServerCheck } from "../src/server";
import type { Opening, OpenTransport, TransportEvents } from "../src/transport";
import { VoiceClient } from "../src/voiceClient";
import type { ClientMessage } from "../src/wire";

export class FakeSocket {
  readonly assistant: string | null;
  readonly greeting: boolean;
  readonly resume: ResumeQuery | null;
  readonly key: string | null;
  readonly messages: ClientMessage[] = [];
  /** The first sample of each frame of the microphone. */
  readonly audio: number[] = [];
  /** How many samples there are in each of them. */
  readonly lengths: number[] = [];
  waiting = 0;
  open = true;
  /** With which the page closed it. */
  closedWith: number | null = null;
  left = false;
  readonly #events: TransportEvents;

  constructor({ assistant, greeting, resume }: Opening, key: string | null, events: TransportEvents) {
    this.assistant = assistant;
    this.greeting = greeting;
    this.resume = resume;
    this.key = key;
    this.#events = events;
  }

  /** The server says something. */
  say(...events: readonly { readonly type: string; readonly [field: string]: unknown }[]): void {
    for (const event of events) this.#events.onMessage(JSON.stringify(event));
  }

  /** The server sends audio of an item with an id of even length. */
  play(itemId: string, samples: number): void {
    const frame = new Uint8Array(2 + itemId.length + 2 * samples);
    frame.set([1, itemId.length, ...new TextEncoder().encode(itemId)]);
    this.#events.onMessage(frame.buffer);
  }

  /** `token`: with which the conversation can be resumed. */
  greet(token: string | null = null): void {
    this.say({ type: "session.created", session: { id: "sess_1" } });
    if (token !== null) this.#offer(token);
  }

  /** The conversation goes on; `missed` comes again. */
  goOn(resendFromMs: number, ...missed: readonly { readonly type: string; readonly [field: string]: unknown }[]): void {
    this.say({ type: "voice.resumed", session_id: "sess_1", resend_from_ms: resendFromMs, replayed: missed.length });
    this.#offer("token_2");
    this.say(...missed);
  }

  #offer(token: string): void {
    this.say({ type: "voice.resume", token, expires_in_ms: 120_000 });
  }

  drop(code = 1006): void {
    this.#events.onClose(code);
  }

  get audioFrames(): number {
    return this.audio.length;
  }

  sent<T extends ClientMessage["type"]>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.messages.filter((message): message is Extract<ClientMessage, { type: T }> => message.type === type);
  }
}

export class FakeMemory implements Memory {
  remembered: Remembered | null = null;

  read(): Remembered | null {
    return this.remembered;
  }

  write(remembered: Remembered | null): void {
    this.remembered = remembered;
  }
}

export class FakeSpeaker implements Speaker {
  onHeard: (heard: Heard) => void = () => undefined;
  readonly played: string[] = [];
  readonly finished: string[] = [];
  readonly ignored = new Set<string>();
  interruptions = 0;
  ducked: string | null = null;
  broken = false;
  resting = false;

  open(): Promise<void> {
    return this.broken ? Promise.reject(new Error("no sound")) : Promise.resolve();
  }

  append(itemId: string): void {
    if (!this.ignored.has(itemId)) this.played.push(itemId);
  }

  finish(itemId: string): void {
    this.finished.push(itemId);
  }

  duck(itemId: string): void {
    this.ducked = itemId;
  }

  restore(): void {
    this.ducked = null;
  }

  interrupt(): void {
    this.interruptions += 1;
  }

  rest(): void {
    this.resting = true;
  }

  ignore(itemId: string): void {
    this.ignored.add(itemId);
  }

  level(): number {
    return 0;
  }
}

export class FakeMicrophone implements Microphone {
  muted = false;
  closed = false;
  heard = 0;
  readonly events: MicrophoneEvents;

  constructor(events: MicrophoneEvents) {
    this.events = events;
  }

  /** Frames of 20 ms, each filled with the number of those before it. */
  hear(frames: number): void {
    for (let n = 0; n < frames; n += 1) {
      this.events.onFrame(new Int16Array(480).fill(this.heard));
      this.heard += 1;
    }
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
  }

  level(): number {
    return 0.1;
  }

  close(): void {
    this.closed = true;
  }
}

/** Who is logged in; null: nobody. */
export class FakePerson implements Person {
  text: string | null = null;
  fault: Refusal | null = null;

  token(): string | null {
    return this.text;
  }

  freshToken(): Promise<string | null> {
    return this.fault === null ? Promise.resolve(this.text) : Promise.reject(this.fault);
  }
}

export class Stage {
  readonly sockets: FakeSocket[] = [];
  readonly microphones: FakeMicrophone[] = [];
  readonly speaker = new FakeSpeaker();
  readonly checkedKeys: (string | null)[] = [];
  check: ServerCheck = "ready";
  /** Whether the server no longer knows the conversation that is to be gone on with. */
  isForgotten = false;
  microphoneFault: MicrophoneFault | null = null;
  readonly person = new FakePerson();
  readonly client: VoiceClient;
  readonly memory: FakeMemory;

  constructor(key: string | null = null, memory = new FakeMemory()) {
    this.memory = memory;
    this.client = new VoiceClient({
      door: new Door(
        this.#openTransport,
        (checkedKey, token) => {
          this.checkedKeys.push(checkedKey);
          return Promise.resolve(token !== undefined && this.isForgotten ? "forgotten" : this.check);
        },
        this.person,
        key,
      ),
      openMicrophone: this.#openMicrophone,
      speaker: this.speaker,
      memory,
    });
  }

  get socket(): FakeSocket {
    return existing(this.sockets.at(-1), "socket");
  }

  get microphone(): FakeMicrophone {
    return existing(this.microphones.at(-1), "microphone");
  }

  readonly #openTransport: OpenTransport = (opening, key, events) => {
    if (key?.includes(" ")) throw new SyntaxError("not a subprotocol");
    const socket = new FakeSocket(opening, key, events);
    this.sockets.push(socket);
    return {
      send: (data) => {
        if (typeof data === "string") socket.messages.push(JSON.parse(data) as ClientMessage);
        else {
          const samples = new Int16Array(data);
          socket.audio.push(samples[0] ?? -1);
          socket.lengths.push(samples.length);
        }
      },
      backlog: () => socket.waiting,
      close: (code) => {
        socket.open = false;
        socket.closedWith = code;
      },
      leave: () => {
        socket.left = true;
      },
    };
  };

  readonly #openMicrophone: OpenMicrophone = (events) => {
    if (this.microphoneFault !== null) return Promise.reject(new MicrophoneError(this.microphoneFault));
    this.microphones.push(new FakeMicrophone(events));
    return Promise.resolve(this.microphone);
  };
}

/** Lets everything happen that needs no time; timers must be fake. */
export const settle = () => vi.advanceTimersByTimeAsync(0);

/** A conversation that is open, with a microphone. */
export async function talking(key: string | null = null, token: string | null = null): Promise<Stage> {
  const stage = new Stage(key);
  await stage.client.start();
  await settle();
  stage.socket.greet(token);
  return stage;
}

/** The server replies, and goes on. */
export function reply(stage: Stage, responseId = "r1", itemId = "item_a"): void {
  const place = { response_id: responseId, item_id: itemId };
  stage.socket.say(
    { type: "response.created", response: { id: responseId } },
    { type: "response.output_item.added", response_id: responseId, item: { id: itemId, type: "message", role: "assistant" } },
    { type: "response.output_audio_transcript.delta", ...place, delta: "Gold is an element." },
  );
  stage.socket.play(itemId, 480);
}

function existing<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The page has opened no ${name}.`);
  return value;
}
