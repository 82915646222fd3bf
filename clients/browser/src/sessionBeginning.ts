/** What the server is told when a session begins. */

import { toldAgain, type Conversation } from "./conversation";
import { messageItem, type ClientMessage } from "./wire";

/** How much of a conversation is told to a server that lost it. */
const MOST_LINES_TOLD_AGAIN = 40;

/** `conversation`: what was said before; `willBeSent`: whether the line of this id is on its way to the server anyhow. */
export function beginningOf(
  audible: boolean,
  conversation: Conversation,
  willBeSent: (id: string) => boolean,
): readonly ClientMessage[] {
  const output_modalities = audible ? (["audio"] as const) : (["text"] as const);
  return [
    { type: "session.update", session: { type: "realtime", output_modalities, audio: { input: { transcription: {} } } } },
    ...toldAgain(conversation, MOST_LINES_TOLD_AGAIN)
      .filter(({ id }) => !willBeSent(id))
      .map((line): ClientMessage => ({ type: "conversation.item.create", item: messageItem(line.id, line.speaker, line.text) })),
  ];
}
