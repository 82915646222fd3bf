/**
 * What the user says, writes and has heard, on its way to the server: sent while there is a connection, kept while there
 * is none, and sent again as far as it did not arrive.
 */

import { UnheardSpeech } from "./audio/unheardSpeech";
import type { Connection } from "./connection";
import { Requests } from "./requests";
import { SAMPLE_RATE, type ClientMessage, type ServerEvent } from "./wire";

/** Of silence, should less come again than the server announced. */
const END_OF_REPLAY_MS = 1_000;

export class Outgoing {
  readonly #connection: Connection;
  readonly #unheard = new UnheardSpeech();
  readonly #requests = new Requests();
  #playback: ClientMessage | null = null;
  /** Missed events that are still to come; what was asked may have been answered by them. */
  #replay = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get isCatchingUp(): boolean {
    return this.#replay > 0;
  }

  say(frame: Int16Array<ArrayBuffer>): void {
    if (this.#connection.sendAudio(frame)) this.#unheard.sent(frame);
    // What is said into a network that does not keep up would only come late.
    else if (!this.#connection.canSend) this.#unheard.hold(frame);
  }

  /** Sent by `ask`. */
  write(id: string, text: string): void {
    this.#requests.add(id, text);
  }

  /** Whether this text is still to be sent, or on its way. */
  has(id: string): boolean {
    return this.#requests.has(id);
  }

  ask(): void {
    if (!this.#connection.canSend || this.#replay > 0) return;
    for (const message of this.#requests.take()) this.#connection.send(message);
  }

  /** The newest report says it all. */
  report(playback: ClientMessage): void {
    this.#playback = playback;
    this.#connection.send(playback);
  }

  receive(event: ServerEvent): void {
    this.#requests.receive(event);
    if (event.type === "input_audio_buffer.speech_started") this.#unheard.speechStarted();
    if (event.type === "input_audio_buffer.committed") this.#unheard.committed(event.itemId);
    if (event.type === "conversation.item.input_audio_transcription.completed") this.#unheard.understood(event.itemId);
    if (event.type === "conversation.item.input_audio_transcription.failed") this.#unheard.understood(event.itemId);
    if (this.#replay === 0 || event.type === "audio" || event.type === "voice.resume" || event.type === "voice.resumed") return;
    this.#replay -= 1;
    if (this.#replay === 0) this.#caughtUp();
  }

  lose(): void {
    clearTimeout(this.#timer);
    this.#replay = 0;
  }

  /** Another conversation begins. */
  restart(): void {
    this.#playback = null;
    this.#unheard.begin();
    this.#unheard.restart();
    this.#requests.again();
    this.goOn();
  }

  /** Over another socket. */
  resume(resendFromMs: number, replayed: number): void {
    this.#unheard.begin();
    this.#unheard.resume(Math.round((resendFromMs * SAMPLE_RATE) / 1000));
    this.#requests.again();
    this.#replay = replayed;
    this.goOn();
    if (replayed === 0) this.#caughtUp();
    else this.#timer = setTimeout(() => this.#caughtUp(), END_OF_REPLAY_MS);
  }

  /** Over the same socket. */
  goOn(): void {
    for (const frame of this.#unheard.take()) {
      this.#connection.sendKeptAudio(frame);
      this.#unheard.sent(frame);
    }
    this.ask();
  }

  forget(): void {
    this.lose();
    this.#playback = null;
    this.#unheard.forget();
    this.#requests.forget();
  }

  /** What was missed is known: what was not answered by it is asked again. */
  #caughtUp(): void {
    this.lose();
    this.ask();
    if (this.#playback !== null) this.#connection.send(this.#playback);
  }
}
