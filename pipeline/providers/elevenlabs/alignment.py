"""Which of the written words are heard when, by what the vendor tells about characters."""

import math
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from pipeline.providers.interfaces import SpokenText

SHORTEST_REPEATED = 6
"""Characters that are not the same as earlier ones by chance."""
SLACK = 20
"""Characters that the vendor may leave out or put in at once without losing the thread."""
TELLING_SECONDS = 0.5
"""So much audio must have come before the times of the next characters tell what they count from."""
ROUNDING_SECONDS = 0.001
"""Of the vendor's times."""

Letter = tuple[int, float]
"""Position in the text, and when it is heard, in seconds."""


class Alignment:
    """Cuts the text that was written into words that are heard, each character exactly once and in order.

    The vendor tells characters with times, but may leave some out, spell others out, tell the beginning of a sentence
    twice, or tell nothing. What it tells is matched with the text; what it never tells goes along with its neighbours.
    """

    def __init__(self) -> None:
        self._text = ""
        self._cursor = 0
        """Where the text begins that is not given yet."""
        self._told = 0
        """Where the text begins that the vendor has not told yet: at most a word behind the cursor."""
        self._last_seconds = 0.0
        self._ends_at = math.inf
        """When the last character that was told has been heard."""
        self._counts_from_start: bool | None = None

    def write(self, text: str) -> None:
        """More text was sent to be said."""
        self._text += text

    def push(
        self,
        characters: Sequence[str],
        starts: Sequence[float],
        audio_seconds: float,
        durations: Sequence[float] = (),
    ) -> tuple[SpokenText, ...]:
        """Take characters and when each begins, in seconds; give the words that begin with them.

        `audio_seconds` is the length of the audio that came before the message that told this. `durations`: how long
        each character is heard, if the vendor tells.
        """
        told, times = _flatten(characters, starts)
        if not told.strip():
            return ()
        base = 0.0 if self._is_from_start(times, audio_seconds) else audio_seconds
        is_dated = len(durations) == len(starts)
        ends = [start + seconds for start, seconds in zip(starts, durations, strict=True)] if is_dated else [math.inf]
        self._ends_at = base + max(ends)
        letters = [(place, base + times[index]) for index, place in self._match(told)]
        return tuple(self._words(letters))

    def is_between_words(self, audio_seconds: float) -> bool:
        """Whether so much audio ends behind a whole word and before the next one, as far as the vendor tells."""
        is_whole = self._told >= len(self._text) or self._text[self._told].isspace()
        return is_whole and self._ends_at <= audio_seconds + ROUNDING_SECONDS

    def rest(self) -> tuple[SpokenText, ...]:
        """Give the text that the vendor never told."""
        return self._piece(len(self._text), self._last_seconds)

    def _is_from_start(self, times: Sequence[float], audio_seconds: float) -> bool:
        """Whether times count from the beginning of the speech. By the documentation they count from the beginning of
        the message's audio; servers that do it otherwise are recognised by the first message that differs."""
        if self._counts_from_start is None and audio_seconds >= TELLING_SECONDS:
            self._counts_from_start = times[0] > audio_seconds / 2
        return self._counts_from_start or False

    def _match(self, told: str) -> list[tuple[int, int]]:
        """Pairs of a place in `told` and its place in the text, none of them told before."""
        pairs = self._continued(told)
        if pairs is None:
            pairs = self._repeated(told)
        if pairs is None:
            pairs = self._resembled(told)
        if pairs:
            self._told = pairs[-1][1] + 1
        return pairs

    def _continued(self, told: str) -> list[tuple[int, int]] | None:
        """The usual case: it goes on where it stopped, give or take white space."""
        pairs = []
        place = self._told
        for index, letter in enumerate(told):
            if letter.isspace():
                continue
            place = self._skip_space(place)
            if self._text[place : place + 1] != letter:
                return None
            pairs.append((index, place))
            place += 1
        return pairs

    def _repeated(self, told: str) -> list[tuple[int, int]] | None:
        """It tells again what it told before, and then perhaps a little more."""
        body = told.strip()
        if len(body) < SHORTEST_REPEATED:
            return None
        found = self._text.rfind(body, 0, self._told + len(body))
        offset = found - told.index(body)
        return [(place - offset, place) for place in range(self._told, found + len(body))] if found >= 0 else None

    def _resembled(self, told: str) -> list[tuple[int, int]]:
        """It says in other characters what is written: the stretches that are the same hold the rest in place."""
        ahead = self._text[self._told : self._told + len(told) + SLACK]
        blocks = SequenceMatcher(None, told.lower(), ahead.lower(), autojunk=False).get_matching_blocks()
        return [(block.a + step, self._told + block.b + step) for block in blocks for step in range(block.size)]

    def _words(self, letters: Sequence[Letter]) -> Iterator[SpokenText]:
        """The words that the letters begin: each ends where the next begins, the last with its white space."""
        beginnings = [letter for letter in letters if self._begins_word(letter[0])]
        for place, seconds in beginnings:
            yield from self._piece(place, self._last_seconds)
            self._last_seconds = max(self._last_seconds, seconds)
        if letters:
            yield from self._piece(self._end_of_word(letters[-1][0]), self._last_seconds)

    def _piece(self, end: int, seconds: float) -> tuple[SpokenText, ...]:
        if end <= self._cursor:
            return ()
        text, self._cursor = self._text[self._cursor : end], end
        return (SpokenText(text, seconds, None),)

    def _begins_word(self, place: int) -> bool:
        return not self._text[place].isspace() and (place == 0 or self._text[place - 1].isspace())

    def _end_of_word(self, place: int) -> int:
        while place < len(self._text) and not self._text[place].isspace():
            place += 1
        return self._skip_space(place)

    def _skip_space(self, place: int) -> int:
        while place < len(self._text) and self._text[place].isspace():
            place += 1
        return place


def _flatten(characters: Sequence[str], starts: Sequence[float]) -> tuple[str, list[float]]:
    """One time for each character, although the vendor sometimes tells several characters at once."""
    pairs = [(letter, start) for told, start in zip(characters, starts, strict=False) for letter in told]
    return "".join(letter for letter, _ in pairs), [start for _, start in pairs]
