/**
 * One conversation: microphone and keyboard to the server, its voice to the loudspeaker, and the state of all that as
 * one immutable value. Knows no React.
 */

import { UnheardSpeech } from "./audio/unheardSpeech";
import { Connection, type ConnectionState } from "./connection";
import {
  addTypedText,
  EMPTY_CONVERSATION,
  receive,
  settle,
  toldAgain,
  type Conversation,
} from "./conversation";
import { newItemId } from "./itemId";
import { MicrophoneError, type Microphone, type MicrophoneFault, type OpenMicrophone } from "./microphone";
import type { Heard, Speaker } from "./player";
import type { CheckServer } from "./server";
import type { OpenTransport, Opening } from "./transport";
import { messageItem, type ServerEvent } from "./wire";

export type MicrophoneState = "off" | "asking" | "on" | "muted";

export interface VoiceState {
  readonly connection: ConnectionState;
  readonly microphone: MicrophoneState;
  readonly microphoneFault: MicrophoneFault | null;
  readonly conversation: Conversation;
  /** A reply sounds now. */
  readonly speaking: boolean;
  /** The page can make sound; if not, replies come as text. */
  readonly audible: boolean;
  /** What the server last complained about. */
  readonly complaint: string | null;
}

export interface VoiceClientParts {
  readonly openTransport: OpenTransport;
  readonly checkServer: CheckServer;
  readonly openMicrophone: OpenMicrophone;
  readonly speaker: Speaker;
  /** The key that is known already. */
  readonly key: string | null;
}

const MOST_UNSENT_TEXTS = 20;
/** How much of a conversation is told to a server that lost it. */
const MOST_LINES_TOLD_AGAIN = 40;
/** Errors that tell of an event that crossed another one, not of a fault. */
const HARMLESS_ERRORS: ReadonlySet<string | null> = new Set(["response_cancel_not_active"]);

export class VoiceClient {
  readonly #parts: VoiceClientParts;
  readonly #connection: Connection;
  readonly #listeners = new Set<() => void>();
  #state: VoiceState = {
    connection: { kind: "closed" },
    microphone: "off",
    microphoneFault: null,
    conversation: EMPTY_CONVERSATION,
    speaking: false,
    audible: true,
    complaint: null,
  };
  #microphone: Microphone | null = null;
  #assistant: string | null = null;
  readonly #unheard = new UnheardSpeech();
  #unsentTexts: { readonly id: string; readonly text: string }[] = [];
  /** The user wanted to talk when the server asked for a key. */
  #talkWithKey = false;
  /** Responses that the user stopped: what still comes of them is not played. */
  #stoppedResponses = new Set<string>();
  /** Items of this session: playback of earlier ones is of no interest to the server. */
  #sessionItems = new Set<string>();

  constructor(parts: VoiceClientParts) {
    this.#parts = parts;
    this.#connection = new Connection(parts.openTransport, parts.checkServer, parts.key, {
      onState: (connection) => this.#connectionChanged(connection),
      onEvent: (event) => this.#receive(event),
      opening: () => this.#opening(),
    });
    parts.speaker.onHeard = (heard) => this.#reportHeard(heard);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): VoiceState => this.#state;

  /** Of what the microphone hears now, 0 to 1. */
  inputLevel(): number {
    return this.#state.microphone === "on" ? (this.#microphone?.level() ?? 0) : 0;
  }

  /** Of what the loudspeaker plays now, 0 to 1. */
  outputLevel(): number {
    return this.#parts.speaker.level();
  }

  /** Which assistant answers; ends the conversation with another one. */
  choose(assistant: string): void {
    if (assistant === this.#assistant) return;
    this.stop();
    this.#assistant = assistant;
    this.#change({ conversation: EMPTY_CONVERSATION });
  }

  /** Begins to listen. To be called while the user clicks. */
  async start(): Promise<void> {
    if (this.#state.microphone !== "off") return;
    this.#talkWithKey = false;
    this.#change({ microphone: "asking", microphoneFault: null, complaint: null });
    const speakerIsOpen = this.#openSpeaker();
    try {
      const microphone = await this.#parts.openMicrophone({
        onFrame: (frame) => this.#sendAudio(frame),
        onLost: () => this.#loseMicrophone("lost"),
      });
      // The user may have stopped while the browser asked for permission; the state is read anew.
      if (this.state().microphone !== "asking") {
        microphone.close();
        return;
      }
      this.#microphone = microphone;
      this.#change({ microphone: "on" });
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      this.#loseMicrophone(error.fault);
    }
    await speakerIsOpen;
    if (this.state().microphone !== "off") this.#connection.open();
  }

  /** Ends the conversation; its words stay on the page. */
  stop(): void {
    this.#talkWithKey = false;
    this.#parts.speaker.rest();
    this.#closeMicrophone();
    this.#connection.close();
    this.#unheard.forget();
    this.#unsentTexts = [];
    this.#change({ microphoneFault: null, complaint: null, speaking: false });
  }

  setMuted(muted: boolean): void {
    if (this.#microphone === null) return;
    this.#microphone.setMuted(muted);
    this.#change({ microphone: muted ? "muted" : "on" });
  }

  /** Says something in writing, over a running reply if need be. To be called while the user types or clicks. */
  async sendText(text: string): Promise<void> {
    const speakerIsOpen = this.#openSpeaker();
    this.stopSpeaking();
    const id = newItemId();
    this.#unsentTexts = [...this.#unsentTexts, { id, text }].slice(-MOST_UNSENT_TEXTS);
    this.#change({ conversation: addTypedText(this.#state.conversation, id, text), complaint: null });
    await speakerIsOpen;
    this.#connection.open();
    this.#flushTexts();
  }

  /** Stops the reply that is spoken or prepared. */
  stopSpeaking(): void {
    const { activeResponse } = this.#state.conversation;
    if (activeResponse !== null) {
      this.#stoppedResponses.add(activeResponse);
      for (const line of this.#state.conversation.lines) {
        if (line.responseId === activeResponse) this.#parts.speaker.ignore(line.id);
      }
      this.#connection.send({ type: "response.cancel", response_id: activeResponse });
    }
    this.#parts.speaker.interrupt();
  }

  /** Goes on with this key. To be called while the user clicks. */
  async useKey(key: string): Promise<void> {
    this.#connection.useKey(key);
    if (this.#talkWithKey) await this.start();
  }

  /** Shortens the wait for the next attempt. */
  retryNow(): void {
    if (this.#state.connection.kind === "waiting") this.#connection.open();
  }

  /** The user has read what went wrong. */
  dismiss(): void {
    this.#change({ complaint: null, microphoneFault: null });
  }

  async #openSpeaker(): Promise<void> {
    try {
      await this.#parts.speaker.open();
      this.#change({ audible: true });
    } catch (error) {
      console.warn("This browser cannot play the replies; they come as text.", error);
      this.#change({ audible: false });
    }
  }

  #sendAudio(frame: Int16Array<ArrayBuffer>): void {
    if (this.#state.connection.kind !== "open") {
      this.#unheard.hold(frame);
      return;
    }
    this.#connection.sendAudio(frame);
    this.#unheard.sent(frame, this.#state.conversation.userSpeaking);
  }

  #loseMicrophone(fault: MicrophoneFault): void {
    this.#closeMicrophone();
    this.#change({ microphoneFault: fault });
  }

  #closeMicrophone(): void {
    this.#microphone?.close();
    this.#microphone = null;
    this.#change({ microphone: "off" });
  }

  #connectionChanged(connection: ConnectionState): void {
    const lost = this.#state.connection.kind === "open" && connection.kind !== "open";
    if (lost) this.#unheard.lose(this.#state.conversation.userSpeaking);
    this.#change({
      connection,
      conversation: lost ? settle(this.#state.conversation) : this.#state.conversation,
    });
    // What has come of a reply is played; nothing more of it will come, so that the loudspeaker must not wait for it.
    if (lost) for (const itemId of this.#sessionItems) this.#parts.speaker.finish(itemId);
    if (connection.kind === "open") this.#beginSession();
    if (connection.kind === "blocked") this.#pauseMicrophone();
  }

  /** Nobody listens, so the microphone must not either. */
  #pauseMicrophone(): void {
    if (this.#state.microphone === "off") return;
    this.#closeMicrophone();
    this.#talkWithKey = true;
  }

  /** Nobody is greeted who has something to say already, or in the middle of a conversation. */
  #opening(): Opening {
    const { audible, conversation } = this.#state;
    return { assistant: this.#assistant, greeting: audible && conversation.lines.length === 0 };
  }

  #beginSession(): void {
    this.#sessionItems.clear();
    this.#stoppedResponses.clear();
    this.#connection.send({
      type: "session.update",
      session: {
        type: "realtime",
        output_modalities: this.#state.audible ? ["audio"] : ["text"],
        audio: { input: { transcription: {} } },
      },
    });
    const unsent = new Set(this.#unsentTexts.map(({ id }) => id));
    for (const line of toldAgain(this.#state.conversation, MOST_LINES_TOLD_AGAIN)) {
      if (unsent.has(line.id)) continue;
      this.#connection.send({ type: "conversation.item.create", item: messageItem(line.id, line.speaker, line.text) });
    }
    for (const frame of this.#unheard.take()) this.#sendAudio(frame);
    this.#flushTexts();
  }

  #flushTexts(): void {
    if (this.#state.connection.kind !== "open" || this.#unsentTexts.length === 0) return;
    for (const { id, text } of this.#unsentTexts) {
      this.#connection.send({ type: "conversation.item.create", item: messageItem(id, "user", text) });
    }
    this.#unsentTexts = [];
    this.#connection.send({ type: "response.create" });
  }

  #receive(event: ServerEvent): void {
    switch (event.type) {
      case "audio":
        this.#sessionItems.add(event.itemId);
        this.#parts.speaker.append(event.itemId, event.samples);
        return;
      case "response.output_audio.done":
        this.#parts.speaker.finish(event.itemId);
        return;
      case "voice.duck":
        this.#parts.speaker.duck(event.itemId);
        return;
      case "voice.restore":
        this.#parts.speaker.restore();
        return;
      case "input_audio_buffer.speech_started":
        this.#parts.speaker.interrupt();
        break;
      case "response.output_item.added":
        if (this.#stoppedResponses.has(event.responseId)) this.#parts.speaker.ignore(event.item.id);
        break;
      case "error":
        if (!HARMLESS_ERRORS.has(event.code)) this.#change({ complaint: event.message });
        return;
      case "malformed":
        console.warn(`A message of the server could not be read: ${event.reason}`);
        return;
    }
    const conversation = receive(this.#state.conversation, event);
    if (conversation !== this.#state.conversation) this.#change({ conversation });
  }

  #reportHeard({ itemId, heardMs, playing }: Heard): void {
    // After the end, a report may still be on its way from the audio thread.
    const speaking = playing && this.#state.connection.kind !== "closed";
    if (this.#state.speaking !== speaking) this.#change({ speaking });
    if (!this.#sessionItems.has(itemId)) return;
    this.#connection.send({ type: "voice.playback", item_id: itemId, heard_ms: heardMs, playing });
  }

  #change(change: Partial<VoiceState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
