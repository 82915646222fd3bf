"""What is said, with its pauses, as a line of a table.

    en | hanging | | I would like a table for [900] four people
    it | dictated | Mi dà il suo numero? | tre tre otto [700] quarantacinque

The columns: language, kind, what was asked, and the text with the length of each pause in milliseconds.
"""

import re
from dataclasses import dataclass
from itertools import zip_longest

PAUSE = re.compile(r"\s*\[(\d+)\]\s*")
KINDS = ("plain", "hanging", "filler", "dictated", "answer", "looks_complete")
"""plain: no pause. hanging: the words before the pause want others. filler: um, ehm. dictated: numbers, addresses and
letters. answer: what was asked for has not come yet. looks_complete: the words before the pause could be all."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One utterance, as text."""

    name: str
    language: str
    kind: str
    asked: str
    """What the assistant said before; empty: nothing."""
    stretches: tuple[str, ...]
    """What is said between the pauses."""
    pauses_seconds: tuple[float, ...]
    """One fewer than stretches."""


def parse(batch: str, table: str) -> tuple[Sentence, ...]:
    """The sentences of a table. Raises ValueError for a line that is none."""
    return tuple(_parse(f"{batch}-{number:03}", line) for number, line in enumerate(table.strip().splitlines(), 1))


def _parse(name: str, line: str) -> Sentence:
    language, kind, asked, text = (column.strip() for column in line.split("|"))
    if kind not in KINDS:
        raise ValueError(f"{kind!r} in {line!r} is no kind of sentence; there are {', '.join(KINDS)}.")
    parts = PAUSE.split(text)
    pauses = tuple(int(milliseconds) / 1000 for milliseconds in parts[1::2])
    if bool(pauses) == (kind == "plain"):
        raise ValueError(f"{line!r}: plain sentences have no pause, all others have one.")
    return Sentence(name, language, kind, asked, tuple(parts[::2]), pauses)


def interleaved(*tables: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """The sentences of several tables in turn, so that any beginning of the list has some of each."""
    return tuple(sentence for row in zip_longest(*tables) for sentence in row if sentence)
