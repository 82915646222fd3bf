/**
 * One conversation: microphone and keyboard to the server, its voice to the loudspeaker, and the state of all that as
 * one immutable value. Knows no React.
 */

import { Connection } from "./connection";
import { isHeld, type Beginning, type ConnectionState } from "./connectionState";
import { addTypedText, EMPTY_CONVERSATION, receive, settle } from "./conversation";
import type { Door } from "./door";
import { newItemId } from "./itemId";
import { leaveConversation, leftConversation, type Memory } from "./memory";
import { MicrophoneError, type Microphone, type MicrophoneFault, type OpenMicrophone } from "./microphone";
import { News } from "./news";
import type { Heard, Speaker } from "./player";
import { Outgoing } from "./outgoing";
import { HARMLESS_ERRORS } from "./problems";
import { Replies } from "./replies";
import { Resumption } from "./resumption";
import { beginningOf } from "./sessionBeginning";
import type { Opening } from "./transport";
import type { VoiceState } from "./voiceState";
import type { ServerEvent } from "./wire";

export interface VoiceClientParts {
  readonly door: Door;
  readonly openMicrophone: OpenMicrophone;
  readonly speaker: Speaker;
  readonly memory: Memory;
}

export class VoiceClient {
  readonly #parts: VoiceClientParts;
  readonly #connection: Connection;
  readonly #outgoing: Outgoing;
  readonly #replies: Replies;
  readonly #listeners = new Set<() => void>();
  #state: VoiceState = {
    connection: { kind: "closed" },
    microphone: "off",
    microphoneFault: null,
    conversation: EMPTY_CONVERSATION,
    speaking: false,
    audible: true,
    complaint: null,
    news: null,
  };
  #microphone: Microphone | null = null;
  #assistant: string | null = null;
  /** All of the conversation comes again, for the page was loaded again: it is shown, but it is no news. */
  #retold = false;
  readonly #news = new News((news) => this.#change({ news }));
  /** There was a conversation that could have been resumed. */
  #wasResumable = false;
  #wasTalking: boolean;
  /** The user wanted to talk when the server asked for a key. */
  #talkWithKey = false;

  constructor(parts: VoiceClientParts) {
    this.#parts = parts;
    const left = leftConversation(parts.memory);
    this.#assistant = left?.assistant ?? null;
    this.#retold = left !== null;
    this.#wasTalking = left?.talking ?? false;
    const resumption = new Resumption(left?.token ?? null, left?.expiresInMs);
    this.#connection = new Connection(parts.door, resumption, {
      onState: (connection) => this.#connectionChanged(connection),
      onBeginning: (beginning) => this.#begin(beginning),
      onEvent: (event) => this.#receive(event),
      opening: () => this.#opening(),
    });
    this.#outgoing = new Outgoing(this.#connection);
    this.#replies = new Replies(parts.speaker, this.#connection, this.#outgoing);
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

  /** Null: the server's own choice. */
  assistant(): string | null {
    return this.#assistant;
  }

  /** The page was loaded again: goes on with its conversation, if there was one. */
  async comeBack(): Promise<void> {
    if (!this.#connection.canResume) return;
    this.#connection.open();
    if (this.#wasTalking) await this.start();
    else await this.#openSpeaker();
  }

  /** The page is being left; it may be loaded again. */
  leave(): void {
    leaveConversation(this.#parts.memory, this.#microphone !== null);
  }

  /** The network is there again, perhaps another one. */
  checkConnection(): void {
    this.retryNow();
    this.#connection.move();
  }

  /** Which assistant answers; ends the conversation with another one. */
  choose(assistant: string): void {
    if (assistant === this.#assistant) return;
    this.#assistant = assistant;
    this.startOver();
  }

  /** Ends the conversation; its words go from the page. */
  startOver(): void {
    this.stop();
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
        onFrame: (frame) => this.#outgoing.say(frame),
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
    this.#outgoing.forget();
    this.#wasResumable = this.#retold = false;
    this.#parts.memory.write(null);
    this.#change({ microphoneFault: null, complaint: null, speaking: false, news: null });
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
    this.#outgoing.write(id, text);
    this.#change({ conversation: addTypedText(this.#state.conversation, id, text), complaint: null });
    await speakerIsOpen;
    this.#connection.open();
    this.#outgoing.ask();
  }

  /** Stops the reply that is spoken or prepared. */
  stopSpeaking(): void {
    const { activeResponse, lines } = this.#state.conversation;
    this.#replies.stop(activeResponse, lines);
  }

  /** Goes on with this key. To be called while the user clicks. */
  async useKey(key: string): Promise<void> {
    this.#parts.door.useKey(key);
    await this.enter();
  }

  /** Goes on, if the server did not let the page in before. */
  async enter(): Promise<void> {
    if (this.#state.connection.kind === "blocked") this.#connection.enter();
    if (this.#talkWithKey) await this.start();
  }

  /** Somebody has logged in, or goes on without: another conversation begins, which is told what was said. */
  async changePerson(): Promise<void> {
    this.#wasResumable = this.#retold = false;
    this.#parts.memory.write(null);
    this.#parts.speaker.rest();
    this.#connection.changePerson();
    if (this.#talkWithKey) await this.start();
  }

  /** Shortens the wait for the next attempt. */
  retryNow(): void {
    const { kind } = this.#state.connection;
    if (kind === "waiting" || kind === "resuming") this.#connection.open();
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
    const before = this.#state.connection.kind;
    const isOver = isHeld(before) && !isHeld(connection.kind);
    this.#change({ connection, conversation: isOver ? settle(this.#state.conversation) : this.#state.conversation });
    if (before === "open" && connection.kind !== "open") {
      this.#outgoing.lose();
      this.#replies.lose();
      if (connection.kind === "resuming") this.#news.tell("lost");
    }
    if (connection.kind === "waiting" || connection.kind === "blocked") this.#news.tell(null);
    if (connection.kind === "blocked") this.#pauseMicrophone();
  }

  /** Nobody listens, so the microphone must not either. */
  #pauseMicrophone(): void {
    if (this.#state.microphone === "off") return;
    this.#closeMicrophone();
    this.#talkWithKey = true;
  }

  /** Nobody is greeted who has something to say already, or in the middle of a conversation. */
  #opening(): Omit<Opening, "resume"> {
    const { audible, conversation } = this.#state;
    return { assistant: this.#assistant, greeting: audible && conversation.lines.length === 0 };
  }

  #begin(beginning: Beginning): void {
    if (beginning.kind === "begun") this.#beginSession();
    if (beginning.kind === "resumed") {
      if (this.#state.news === "lost" || this.#retold) this.#news.tell("back");
      this.#outgoing.resume(beginning.resendFromMs, beginning.replayed);
    }
    if (beginning.kind === "kept") this.#outgoing.goOn();
  }

  #beginSession(): void {
    if (this.#wasResumable || this.#retold) this.#news.tell("restarted");
    this.#wasResumable = this.#retold = false;
    this.#replies.restart();
    const { audible, conversation } = this.#state;
    const beginning = beginningOf(audible, conversation, (id) => this.#outgoing.has(id));
    for (const message of beginning) this.#connection.send(message);
    this.#outgoing.restart();
  }

  #receive(event: ServerEvent): void {
    this.#replies.receive(event);
    this.#show(event);
    this.#outgoing.receive(event);
    if (!this.#outgoing.isCatchingUp && event.type !== "voice.resumed") this.#retold = false;
  }

  #show(event: ServerEvent): void {
    switch (event.type) {
      case "voice.resume":
        this.#wasResumable = true;
        this.#parts.memory.write({ token: event.token, expiresInMs: event.expiresInMs, leftAt: null, assistant: this.#assistant, talking: false });
        return;
      case "error":
        // Another tab has taken the conversation; to take it back would never end.
        if (event.code === "session_moved") this.stop();
        if (!HARMLESS_ERRORS.has(event.code) && !this.#retold) this.#change({ complaint: event.message });
        return;
      case "malformed":
        console.warn(`A message of the server could not be read: ${event.reason}`);
        return;
    }
    const conversation = receive(this.#state.conversation, event);
    if (conversation !== this.#state.conversation) this.#change({ conversation });
  }

  #reportHeard(heard: Heard): void {
    // After the end, a report may still be on its way from the audio thread.
    const speaking = heard.playing && this.#state.connection.kind !== "closed";
    if (this.#state.speaking !== speaking) this.#change({ speaking });
    this.#replies.reportHeard(heard);
  }

  #change(change: Partial<VoiceState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
