/**
 * The wire format, without a socket: OpenAI Realtime (GA names) and the extensions of voice-server.
 *
 * Only what the page uses is typed. Whatever else a server says becomes `unknown`, whatever cannot be read becomes
 * `malformed`; reading never throws, so that a newer server does not break an older page.
 */

import { decodeBase64Audio, readAudioFrame } from "./audio/frames";
import { Fields, Unreadable } from "./fields";
import { readWaterfall, type Waterfall } from "./waterfall";

export const SAMPLE_RATE = 24_000;

// --- what the page says ----------------------------------------------------------------------------------------------

export interface MessageItem {
  readonly id: string;
  readonly type: "message";
  readonly role: "user" | "assistant";
  readonly content: readonly { readonly type: "input_text" | "output_text"; readonly text: string }[];
}

export type ClientMessage =
  | {
      readonly type: "session.update";
      readonly session: {
        readonly type: "realtime";
        readonly output_modalities: readonly ["audio"] | readonly ["text"];
        readonly audio: { readonly input: { readonly transcription: Readonly<Record<string, string>> } };
      };
    }
  | { readonly type: "conversation.item.create"; readonly item: MessageItem }
  | { readonly type: "response.create" }
  | { readonly type: "response.cancel"; readonly response_id?: string }
  | {
      readonly type: "voice.playback";
      readonly item_id: string;
      readonly heard_ms: number;
      readonly playing: boolean;
    };

/** A message of the user's, or, when a conversation is told again, of the assistant's. */
export function messageItem(id: string, role: "user" | "assistant", text: string): MessageItem {
  return { id, type: "message", role, content: [{ type: role === "user" ? "input_text" : "output_text", text }] };
}

// --- what the server says --------------------------------------------------------------------------------------------

export interface Item {
  readonly id: string;
  readonly kind: string;
  readonly role: string | null;
  readonly text: string;
}

export type ServerEvent =
  | { readonly type: "session.created"; readonly sessionId: string | null }
  | { readonly type: "session.updated" }
  | { readonly type: "input_audio_buffer.speech_started"; readonly itemId: string }
  | { readonly type: "input_audio_buffer.speech_stopped"; readonly itemId: string }
  | { readonly type: "input_audio_buffer.committed"; readonly itemId: string }
  | { readonly type: "input_audio_buffer.cleared" }
  | { readonly type: "conversation.item.added"; readonly item: Item }
  | { readonly type: "conversation.item.deleted"; readonly itemId: string }
  | {
      readonly type: "conversation.item.input_audio_transcription.delta";
      readonly itemId: string;
      readonly delta: string;
    }
  | {
      readonly type: "conversation.item.input_audio_transcription.completed";
      readonly itemId: string;
      readonly transcript: string;
    }
  | {
      readonly type: "conversation.item.input_audio_transcription.failed";
      readonly itemId: string;
      readonly message: string;
    }
  | {
      readonly type: "response.created";
      readonly responseId: string;
      /** It is the rest of one that was cut. */
      readonly isContinuation: boolean;
    }
  | { readonly type: "response.output_item.added"; readonly responseId: string; readonly item: Item }
  | { readonly type: "response.output_item.done"; readonly responseId: string; readonly item: Item }
  | { readonly type: "response.text"; readonly responseId: string; readonly itemId: string; readonly delta: string }
  | { readonly type: "response.text.done"; readonly responseId: string; readonly itemId: string; readonly text: string }
  | { readonly type: "response.output_audio.done"; readonly itemId: string }
  | {
      readonly type: "response.done";
      readonly responseId: string;
      readonly status: string;
      readonly failure: string | null;
    }
  | { readonly type: "audio"; readonly itemId: string; readonly samples: Int16Array<ArrayBuffer> }
  | {
      readonly type: "voice.turn";
      readonly itemId: string;
      readonly responseId: string;
      readonly waterfall: Waterfall;
    }
  | { readonly type: "voice.resume"; readonly token: string; readonly expiresInMs: number }
  | {
      readonly type: "voice.resumed";
      /** Which of the conversation's it is, counted from 1. */
      readonly connection: number;
      /** What follows has greater numbers, be it that greater ones had come before. */
      readonly after: number;
      /** Of the audio that was sent over the lost socket, from where on it is to be sent again. */
      readonly resendFromMs: number;
      /** How many missed events follow. */
      readonly replayed: number;
    }
  | { readonly type: "voice.draining" }
  | { readonly type: "voice.duck"; readonly itemId: string }
  | { readonly type: "voice.restore" }
  | { readonly type: "voice.continued"; readonly responseId: string; readonly continues: string }
  | {
      readonly type: "voice.interrupted";
      readonly itemId: string;
      readonly responseId: string;
      readonly heardMs: number;
      readonly heardText: string;
    }
  | { readonly type: "error"; readonly code: string | null; readonly message: string }
  | { readonly type: "unknown"; readonly name: string }
  | { readonly type: "malformed"; readonly reason: string };

/** An event, and its place among the others. */
export interface ServerMessage {
  readonly event: ServerEvent;
  readonly eventId: string | null;
  /** Everything up to this number of the conversation's log has been received; null: of a part of it. */
  readonly seq: number | null;
}

/** Reads one frame of the WebSocket. */
export function readServerMessage(data: string | ArrayBuffer): ServerMessage {
  try {
    return typeof data === "string" ? readMessage(data) : alone(readReplyAudio(data));
  } catch (error) {
    if (error instanceof Unreadable) return alone({ type: "malformed", reason: error.message });
    throw error;
  }
}

/** Reads the event of one frame. */
export function readServerEvent(data: string | ArrayBuffer): ServerEvent {
  return readServerMessage(data).event;
}

function readReplyAudio(frame: ArrayBuffer): ServerEvent {
  const audio = readAudioFrame(frame);
  return typeof audio === "number" ? { type: "unknown", name: `audio frame of version ${audio}` } : { type: "audio", ...audio };
}

function alone(event: ServerEvent): ServerMessage {
  return { event, eventId: null, seq: null };
}

function readMessage(json: string): ServerMessage {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Unreadable("the frame is not JSON");
  }
  const fields = new Fields(value, "event");
  const name = fields.text("type");
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  const event: ServerEvent = read ? read(fields) : { type: "unknown", name };
  return { event, eventId: fields.optionalText("event_id"), seq: fields.has("seq") ? fields.number("seq") : null };
}

const READERS: Readonly<Record<string, (fields: Fields) => ServerEvent>> = {
  "session.created": (f) => ({ type: "session.created", sessionId: f.object("session").optionalText("id") }),
  "session.updated": () => ({ type: "session.updated" }),
  "input_audio_buffer.speech_started": (f) => ({ type: "input_audio_buffer.speech_started", itemId: f.text("item_id") }),
  "input_audio_buffer.speech_stopped": (f) => ({ type: "input_audio_buffer.speech_stopped", itemId: f.text("item_id") }),
  "input_audio_buffer.committed": (f) => ({ type: "input_audio_buffer.committed", itemId: f.text("item_id") }),
  "input_audio_buffer.cleared": () => ({ type: "input_audio_buffer.cleared" }),
  "conversation.item.added": (f) => ({ type: "conversation.item.added", item: readItem(f.object("item")) }),
  "conversation.item.deleted": (f) => ({ type: "conversation.item.deleted", itemId: f.text("item_id") }),
  "conversation.item.input_audio_transcription.delta": (f) => ({
    type: "conversation.item.input_audio_transcription.delta",
    itemId: f.text("item_id"),
    delta: f.text("delta"),
  }),
  "conversation.item.input_audio_transcription.completed": (f) => ({
    type: "conversation.item.input_audio_transcription.completed",
    itemId: f.text("item_id"),
    transcript: f.text("transcript"),
  }),
  "conversation.item.input_audio_transcription.failed": (f) => ({
    type: "conversation.item.input_audio_transcription.failed",
    itemId: f.text("item_id"),
    message: f.object("error").optionalText("message") ?? "The words could not be recognised.",
  }),
  "response.created": (f) => {
    const response = f.object("response");
    const isContinuation = response.optionalObject("metadata")?.has("continues") ?? false;
    return { type: "response.created", responseId: response.text("id"), isContinuation };
  },
  "response.output_item.added": (f) => readOutputItem("response.output_item.added", f),
  "response.output_item.done": (f) => readOutputItem("response.output_item.done", f),
  "response.output_audio_transcript.delta": readTextDelta,
  "response.output_text.delta": readTextDelta,
  "response.output_audio_transcript.done": (f) => readTextDone(f, "transcript"),
  "response.output_text.done": (f) => readTextDone(f, "text"),
  "response.output_audio.delta": (f) => ({
    type: "audio",
    itemId: f.text("item_id"),
    samples: decodeBase64Audio(f.text("delta")),
  }),
  "response.output_audio.done": (f) => ({ type: "response.output_audio.done", itemId: f.text("item_id") }),
  "response.done": readResponseDone,
  "voice.turn": (f) => ({
    type: "voice.turn",
    itemId: f.text("item_id"),
    responseId: f.text("response_id"),
    waterfall: readWaterfall(f),
  }),
  "voice.resume": (f) => ({ type: "voice.resume", token: f.text("token"), expiresInMs: f.number("expires_in_ms") }),
  "voice.resumed": (f) => ({
    type: "voice.resumed",
    connection: f.has("connection") ? f.number("connection") : 1,
    after: f.has("after") ? f.number("after") : 0,
    resendFromMs: f.has("resend_from_ms") ? f.number("resend_from_ms") : 0,
    replayed: f.has("replayed") ? f.number("replayed") : 0,
  }),
  "voice.draining": () => ({ type: "voice.draining" }),
  "voice.duck": (f) => ({ type: "voice.duck", itemId: f.text("item_id") }),
  "voice.restore": () => ({ type: "voice.restore" }),
  "voice.continued": (f) => ({
    type: "voice.continued",
    responseId: f.text("response_id"),
    continues: f.text("continues"),
  }),
  "voice.interrupted": (f) => ({
    type: "voice.interrupted",
    itemId: f.text("item_id"),
    responseId: f.text("response_id"),
    heardMs: f.number("heard_ms"),
    heardText: f.text("heard_text"),
  }),
  error: (f) => {
    const error = f.object("error");
    return { type: "error", code: error.optionalText("code"), message: error.text("message") };
  },
};

function readTextDelta(fields: Fields): ServerEvent {
  return {
    type: "response.text",
    responseId: fields.text("response_id"),
    itemId: fields.text("item_id"),
    delta: fields.text("delta"),
  };
}

function readTextDone(fields: Fields, name: "transcript" | "text"): ServerEvent {
  return {
    type: "response.text.done",
    responseId: fields.text("response_id"),
    itemId: fields.text("item_id"),
    text: fields.text(name),
  };
}

function readOutputItem(
  type: "response.output_item.added" | "response.output_item.done",
  fields: Fields,
): ServerEvent {
  return { type, responseId: fields.text("response_id"), item: readItem(fields.object("item")) };
}

function readResponseDone(fields: Fields): ServerEvent {
  const response = fields.object("response");
  const error = response.optionalObject("status_details")?.optionalObject("error");
  const status = response.text("status");
  const failure = status === "failed" ? (error?.optionalText("message") ?? "No reason was given.") : null;
  return { type: "response.done", responseId: response.text("id"), status, failure };
}

function readItem(fields: Fields): Item {
  const content = fields.has("content") ? fields.objects("content") : [];
  return {
    id: fields.text("id"),
    kind: fields.text("type"),
    role: fields.optionalText("role"),
    text: content.map((part) => part.optionalText("text") ?? part.optionalText("transcript") ?? "").join(""),
  };
}
