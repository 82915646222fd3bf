/** Where the time of a turn went, as the message `voice.turn` and the history tell it. */

import type { Fields } from "./fields";

export interface Span {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** What was made for nothing, because the user went on. */
export interface Waste {
  readonly guesses: number;
  readonly tokens: number;
  readonly characters: number;
  readonly audioMs: number;
}

/** Where the time of a turn went; 0 is the end of the user's speech. */
export interface Waterfall {
  readonly totalMs: number;
  /** When the turn was surely over; null: the server does not tell. */
  readonly committedMs: number | null;
  readonly waste: Waste | null;
  readonly spans: readonly Span[];
}

export function readWaterfall(fields: Fields): Waterfall {
  return {
    totalMs: fields.number("total_ms"),
    committedMs: fields.has("committed_ms") ? fields.number("committed_ms") : null,
    waste: readWaste(fields.optionalObject("wasted")),
    spans: fields.objects("spans").map(readSpan),
  };
}

function readSpan(fields: Fields): Span {
  return { name: fields.text("name"), startMs: fields.number("start_ms"), endMs: fields.number("end_ms") };
}

function readWaste(fields: Fields | null): Waste | null {
  if (fields === null) return null;
  return {
    guesses: fields.number("guesses"),
    tokens: fields.number("tokens"),
    characters: fields.number("characters"),
    audioMs: fields.number("audio_ms"),
  };
}
