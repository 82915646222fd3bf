"""Text deltas become clauses that can be spoken: as early as sounds natural, and never in the middle of a word."""

import re

FIRST_CLAUSE_LETTERS = 10
"""The first clause may end at a comma, but "Well," alone would make the voice stop for breath at once."""
LATER_CLAUSE_LETTERS = 60
"""Later, the voice has something to say already: only a long clause is cut at a comma."""
MAX_CLAUSE_CHARACTERS = 250
"""A text without any punctuation is cut between two words after so many: nobody shall wait for its end."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s|[。！？]|[:;]\s|\n")
_CLAUSE_END = re.compile(r"[,—–]\s|\s[—–-]\s|[、，]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|vs|etc|approx|no|fig|eq|e\.g|i\.e|sig|dott|sigg|ecc|es|[a-z])\.)\s$", re.IGNORECASE
)
_SPACE = re.compile(r"\s")
_LETTERS = re.compile(r"\w", re.UNICODE)


class ClauseSplitter:
    """Cuts a growing text into clauses; joined, they are exactly the text."""

    def __init__(self) -> None:
        self._text = ""
        self._is_first = True

    def push(self, text: str) -> list[str]:
        """Take the next characters, give the clauses that are complete now, each with the white space behind it."""
        self._text += text
        clauses = []
        while end := self._clause_end():
            clauses.append(self._take(end))
        return clauses

    def hurry(self) -> str:
        """Give what can be said now, up to the last whole word; "" if that is too little to begin with."""
        end = max(self._text.rfind(" "), self._text.rfind("\n")) + 1
        if _letters(self._text[:end]) < FIRST_CLAUSE_LETTERS:
            return ""
        return self._take(end)

    def finish(self) -> str:
        """Give the rest."""
        return self._take(len(self._text))

    @property
    def is_waiting_for_first(self) -> bool:
        """Whether there is text, but no clause was given yet."""
        return self._is_first and bool(self._text.strip())

    def _clause_end(self) -> int:
        """Where the first clause ends, its white space included; 0 if it is not complete."""
        # The earlier of both, so that it does not matter in which pieces the text arrives.
        return min(filter(None, (self._sentence_end(), self._comma(), self._too_long())), default=0)

    def _sentence_end(self) -> int:
        for match in _SENTENCE_END.finditer(self._text):
            if not _ABBREVIATION.search(self._text[: match.end()]) and _letters(self._text[: match.end()]):
                return match.end()
        return 0

    def _comma(self) -> int:
        least = FIRST_CLAUSE_LETTERS if self._is_first else LATER_CLAUSE_LETTERS
        for match in _CLAUSE_END.finditer(self._text):
            if _letters(self._text[: match.end()]) >= least:
                return match.end()
        return 0

    def _too_long(self) -> int:
        space = _SPACE.search(self._text, MAX_CLAUSE_CHARACTERS)
        return space.end() if space else 0

    def _take(self, end: int) -> str:
        clause, self._text = self._text[:end], self._text[end:]
        if clause.strip():
            self._is_first = False
        return clause


def _letters(text: str) -> int:
    return len(_LETTERS.findall(text))
