/** Lines as they are shown: a reply that was stopped by nothing and its continuation are one. */

import type { Line } from "./conversation";
import { splitHeard } from "./heardText";
import type { Waterfall } from "./waterfall";

export interface Bubble {
  readonly id: string;
  /** The words of the lines that `line` continues, as far as they were heard. */
  readonly said: string;
  readonly line: Line;
  readonly waterfall: Waterfall | null;
}

export function bubblesOf(lines: readonly Line[]): readonly Bubble[] {
  const bubbles: Bubble[] = [];
  for (const line of lines) {
    const before = bubbles.at(-1);
    if (line.continues && before?.line.speaker === line.speaker) bubbles[bubbles.length - 1] = joined(before, line);
    else bubbles.push({ id: line.id, said: "", line, waterfall: line.waterfall });
  }
  return bubbles;
}

function joined(before: Bubble, line: Line): Bubble {
  const { text, heardText } = before.line;
  const heard = heardText === null ? text : splitHeard(text, heardText).heard;
  const said = `${before.said}${heard.trim()} `;
  return { id: before.id, said: said.trimStart(), line, waterfall: before.waterfall ?? line.waterfall };
}
