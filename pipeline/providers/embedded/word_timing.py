"""Which word of a text is heard when, whatever a synthesiser thinks its words are."""

import re
from collections.abc import Iterable, Iterator, Sequence

from pipeline.providers.interfaces import SpokenText

TOKEN = re.compile(r"\S+\s*")


def cut_text(text: str, most_characters: int) -> Iterator[str]:
    """Cut a text into pieces of at most so many characters, after a sentence or at least between words if possible."""
    start = 0
    while len(text) - start > most_characters:
        window = text[start : start + most_characters]
        end = max((match.end() for match in re.finditer(r"[.!?;:,]\s+", window)), default=0)
        end = end or max((match.end() for match in re.finditer(r"\s+", window)), default=0) or most_characters
        yield text[start : start + end]
        start += end
    if start < len(text):
        yield text[start:]


def time_words(
    text: str, words: Iterable[tuple[int, float]], start_seconds: float, end_seconds: float
) -> Sequence[SpokenText]:
    """Give `text` word by word, each with the white space that follows it; together they are exactly `text`.

    `words` are the characters at which something is begun to be said, and when, from the start of this speech. What is
    never begun (a dash, a stray emoji) is heard with the word before it, or with the first.
    """
    borders = [match.start() for match in TOKEN.finditer(text)] or [0]
    begun: dict[int, float] = {}
    for position, seconds in sorted(words, key=lambda word: word[1]):
        token = max((border for border in borders if border <= position), default=borders[0])
        if token > max(begun, default=-1):
            begun[token] = min(max(seconds, start_seconds), end_seconds)
    # What is before the first word that is begun is heard with it.
    edges = [0, *list(begun)[1:], len(text)]
    times = [*(begun.values() or [start_seconds]), end_seconds]
    return [
        SpokenText(text[edges[index] : edges[index + 1]], times[index], times[index + 1])
        for index in range(len(edges) - 1)
    ]
