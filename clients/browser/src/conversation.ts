/** What was said, as the page shows it: a pure function of the server's events. */

import type { Waterfall } from "./waterfall";
import type { Item, ServerEvent } from "./wire";

export interface Line {
  /** The id of the item on the wire. */
  readonly id: string;
  readonly speaker: "user" | "assistant";
  readonly text: string;
  /** More words may come. */
  readonly live: boolean;
  readonly responseId: string | null;
  /** It goes on with the words of the line before it, which something that was nothing had stopped. */
  readonly continues: boolean;
  /** What the user can have heard of a reply that was interrupted; null: it was not. */
  readonly heardText: string | null;
  readonly failure: string | null;
  readonly waterfall: Waterfall | null;
}

export interface Conversation {
  readonly lines: readonly Line[];
  readonly userSpeaking: boolean;
  /** The user's turn is over and no reply has begun. */
  readonly replyDue: boolean;
  readonly activeResponse: string | null;
  /** A response whose first line will continue the last one. */
  readonly continuing: string | null;
}

/** The page keeps the last lines only; the server keeps the conversation. */
const MOST_LINES = 200;

export const EMPTY_CONVERSATION: Conversation = {
  lines: [],
  userSpeaking: false,
  replyDue: false,
  activeResponse: null,
  continuing: null,
};

/** The conversation after `event`; the same object if nothing changed. */
export function receive(conversation: Conversation, event: ServerEvent): Conversation {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      return beginUtterance(conversation, event.itemId);
    case "input_audio_buffer.speech_stopped":
      return { ...conversation, userSpeaking: false };
    case "input_audio_buffer.committed":
      return { ...withLine(conversation, event.itemId, "user", {}), userSpeaking: false, replyDue: true };
    case "input_audio_buffer.cleared":
      return { ...conversation, lines: withoutWordless(conversation.lines), userSpeaking: false };
    case "conversation.item.added":
      return addItem(conversation, event.item);
    case "conversation.item.deleted":
      return { ...conversation, lines: conversation.lines.filter((line) => line.id !== event.itemId) };
    case "conversation.item.input_audio_transcription.delta":
      return appendWords(conversation, event.itemId, "user", event.delta, null);
    case "conversation.item.input_audio_transcription.completed":
      return completeUtterance(conversation, event.itemId, event.transcript);
    case "conversation.item.input_audio_transcription.failed":
      return {
        ...withLine(conversation, event.itemId, "user", { live: false, failure: event.message }),
        replyDue: false,
      };
    case "response.created":
      return { ...conversation, activeResponse: event.responseId, replyDue: false };
    case "voice.continued":
      return expectContinuation(conversation, event.responseId, event.continues);
    case "response.output_item.added":
      if (event.item.kind !== "message") return conversation;
      return beginReplyItem(conversation, event.item.id, event.responseId);
    case "response.text":
      return appendWords(conversation, event.itemId, "assistant", event.delta, event.responseId);
    case "response.text.done":
      return completeReplyText(conversation, event.itemId, event.text);
    case "response.done":
      return finishResponse(conversation, event.responseId, event.failure);
    case "voice.turn":
      return attachWaterfall(conversation, event.responseId, event.waterfall);
    case "voice.interrupted":
      return withLine(conversation, event.itemId, "assistant", {
        heardText: event.heardText,
        responseId: event.responseId,
      });
    default:
      return conversation;
  }
}

/** The conversation after the user typed something: shown at once, before the server repeats it. */
export function addTypedText(conversation: Conversation, itemId: string, text: string): Conversation {
  return { ...withLine(conversation, itemId, "user", { text, live: false }), replyDue: true };
}

/**
 * The conversation when the connection is lost: nothing more will come for what was under way. What the user is saying
 * is heard anew by the next session.
 */
export function settle(conversation: Conversation): Conversation {
  const spoken = conversation.userSpeaking ? conversation.lines.findLast((line) => line.speaker === "user" && line.live) : null;
  return {
    lines: withoutWordless(conversation.lines.filter((line) => line !== spoken)).map((line) => (line.live ? { ...line, live: false } : line)),
    userSpeaking: false,
    replyDue: false,
    activeResponse: null,
    continuing: null,
  };
}

/** What a server that forgot the conversation must be told; interrupted replies only as far as they were heard. */
export function toldAgain(conversation: Conversation, most: number): readonly Line[] {
  return conversation.lines
    .map((line) => (line.heardText === null ? line : { ...line, text: line.heardText }))
    .filter((line) => line.text.trim() !== "")
    .slice(-most);
}

function beginUtterance(conversation: Conversation, itemId: string): Conversation {
  const lines = withoutWordless(conversation.lines);
  return { ...withLine({ ...conversation, lines }, itemId, "user", {}), userSpeaking: true, replyDue: false };
}

/** Only directly after the reply it continues; an utterance in which no words were found does not count. */
function expectContinuation(conversation: Conversation, responseId: string, continues: string): Conversation {
  const lines = withoutWordless(conversation.lines);
  const follows = lines.at(-1)?.responseId === continues;
  return { ...conversation, lines, continuing: follows ? responseId : null };
}

function beginReplyItem(conversation: Conversation, itemId: string, responseId: string): Conversation {
  const continues = conversation.continuing === responseId;
  const begun = withLine(conversation, itemId, "assistant", { responseId, continues });
  return continues ? { ...begun, continuing: null } : begun;
}

function completeUtterance(conversation: Conversation, itemId: string, transcript: string): Conversation {
  const text = transcript.trim();
  if (text !== "") return withLine(conversation, itemId, "user", { text, live: false });
  return { ...conversation, lines: conversation.lines.filter((line) => line.id !== itemId), replyDue: false };
}

function addItem(conversation: Conversation, item: Item): Conversation {
  if (item.kind !== "message" || (item.role !== "user" && item.role !== "assistant")) return conversation;
  const known = conversation.lines.find((line) => line.id === item.id);
  if (item.text === "") return known ? conversation : withLine(conversation, item.id, item.role, {});
  if (known && known.text !== "") return conversation;
  return withLine(conversation, item.id, item.role, { text: item.text, live: false });
}

function appendWords(
  conversation: Conversation,
  itemId: string,
  speaker: Line["speaker"],
  words: string,
  responseId: string | null,
): Conversation {
  const text = (conversation.lines.find((line) => line.id === itemId)?.text ?? "") + words;
  return withLine(conversation, itemId, speaker, responseId === null ? { text } : { text, responseId });
}

/** An interrupted reply ends with fewer words than were shown: those stay, to be shown as not heard. */
function completeReplyText(conversation: Conversation, itemId: string, text: string): Conversation {
  const shown = conversation.lines.find((line) => line.id === itemId)?.text ?? "";
  return withLine(conversation, itemId, "assistant", { text: shown.startsWith(text) ? shown : text, live: false });
}

function finishResponse(conversation: Conversation, responseId: string, failure: string | null): Conversation {
  const own = conversation.lines.filter((line) => line.responseId === responseId);
  const lines = conversation.lines
    .map((line) => (line.responseId === responseId ? { ...line, live: false, failure } : line))
    .filter((line) => line.responseId !== responseId || line.text !== "" || line.failure !== null);
  const settled = {
    ...conversation,
    lines,
    activeResponse: conversation.activeResponse === responseId ? null : conversation.activeResponse,
  };
  if (failure === null || own.length > 0) return settled;
  return withLine(settled, responseId, "assistant", { live: false, failure, responseId });
}

function attachWaterfall(conversation: Conversation, responseId: string, waterfall: Waterfall): Conversation {
  const index = conversation.lines.findIndex((line) => line.responseId === responseId);
  if (index < 0) return conversation;
  const lines = conversation.lines.map((line, at) => (at === index ? { ...line, waterfall } : line));
  return { ...conversation, lines };
}

function withoutWordless(lines: readonly Line[]): readonly Line[] {
  return lines.filter((line) => line.speaker === "assistant" || !line.live || line.text !== "");
}

function withLine(
  conversation: Conversation,
  id: string,
  speaker: Line["speaker"],
  change: Partial<Omit<Line, "id" | "speaker">>,
): Conversation {
  const known = conversation.lines.some((line) => line.id === id);
  const lines = known
    ? conversation.lines.map((line) => (line.id === id ? { ...line, ...change } : line))
    : [...conversation.lines, { ...emptyLine(id, speaker), ...change }].slice(-MOST_LINES);
  return { ...conversation, lines };
}

function emptyLine(id: string, speaker: Line["speaker"]): Line {
  return { id, speaker, text: "", live: true, responseId: null, continues: false, heardText: null, failure: null, waterfall: null };
}
