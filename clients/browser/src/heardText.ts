/** Which words of an interrupted reply were heard. */

export interface HeardText {
  readonly heard: string;
  readonly unheard: string;
}

const WORD = /\S+/g;

/**
 * Splits `text` after as many words as `heardText` has. Words are compared by their letters and digits, for a server may
 * normalise spaces and punctuation; where the two part, the rest counts as unheard.
 */
export function splitHeard(text: string, heardText: string): HeardText {
  const heardWords = Array.from(heardText.matchAll(WORD), (match) => lettersOf(match[0])).filter((word) => word !== "");
  let end = 0;
  let next = 0;
  for (const match of text.matchAll(WORD)) {
    const word = lettersOf(match[0]);
    if (word === "" && next > 0 && next < heardWords.length) continue;
    const expected = heardWords[next];
    if (expected === undefined || word !== expected) break;
    next += 1;
    end = match.index + match[0].length;
  }
  return { heard: text.slice(0, end), unheard: text.slice(end) };
}

function lettersOf(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}
