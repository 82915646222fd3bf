"""What the emulated model says when it has no script: answers of a known length, told apart by the tone of their voice.

All words of one answer have the same tone, so that any stretch of it tells which answer is heard: an answer that was
dropped, or one that belongs to an earlier turn, cannot pass for the right one.
"""

import itertools
import re
from collections import Counter

import numpy as np

from benchmarks.emulators.tones import FREQUENCIES, LOWEST_HERTZ, RATE, STEP_HERTZ, Samples, frequency, speech

_WORDS = """
order other plane power shape, study course inch record wish, teach also letter rock twenty
river until fish foot king, along could quiet right south, began begin cover house answer
month stand called give life, light plain ready either grow, field horse full long week
come does near over road, above bring music water become, about early level piece state
carry point sleep sound white, place three late wait walk, final found front laugh where
built quick these whole young, force never story think across, feel friend must show song
below reach better east notice, small voice family like pull, close seven behind beyond center
group stood cannot door listen, large paper usual before cold, glass heavy start draw hold
earth from happen have page, metal those gold kind second, plant serve space even size
thing almost always know school, being money third fast many, press four hear high slow
still table there line some, cause drive every great might, leave change father ground heat
after among color cross green, north short since during enough, build came five lead talk
again learn pound round wheel, spell while around farm mind, clear ocean watch beside make
first often paint write less
"""
"""For every tone five words, from the lowest up."""
VOCABULARY = tuple(tuple(words.split()) for words in _WORDS.strip().replace("\n", ", ").split(", "))
FIRST_CLAUSE_WORDS = 5
SENTENCE_WORDS = 8
DEFAULT_WORDS = 17
"""Between five and six seconds of speech."""
QUIETEST = 500
"""Peak below which a piece is silence."""
_AUDIBLE = 0.05
"""Of the loudest sample."""


class TonedAnswers:
    """Numbers the answers of each conversation, from 0 to 39 and round again."""

    def __init__(self, words: int = DEFAULT_WORDS) -> None:
        self.words = words
        """In one answer."""
        self._given: Counter[str] = Counter()

    def next(self, session_id: str) -> str:
        """The next answer of a conversation."""
        number = self._given[session_id]
        self._given[session_id] += 1
        return text(number, self.words)


def text(number: int, words: int = DEFAULT_WORDS) -> str:
    """An answer: a first clause that ends at a comma, then sentences."""
    said = list(itertools.islice(itertools.cycle(VOCABULARY[number % FREQUENCIES]), words))
    said[0] = said[0].capitalize()
    for index in range(FIRST_CLAUSE_WORDS - 1, words - 1, SENTENCE_WORDS):
        if index == FIRST_CLAUSE_WORDS - 1:
            said[index] += ","
        else:
            said[index] += "."
            said[index + 1] = said[index + 1].capitalize()
    return " ".join(said) + "."


def number_of(said: str) -> int | None:
    """Which answer these words are from; None if they are from none."""
    first = re.search(r"\w+", said)
    if first is None:
        return None
    number = _number(frequency(first.group()))
    return number if first.group().lower() in VOCABULARY[number] else None


def seconds(number: int, words: int = DEFAULT_WORDS) -> float:
    """How long an answer is when it is spoken."""
    return speech(text(number, words)).words[-1].end_seconds


def heard_number(samples: Samples) -> int | None:
    """Which answer this is a piece of (int16, shape (n,), 24 kHz); None for silence or anything else.

    A pure tone crosses zero twice a period, which costs far less to find than a spectrum.
    """
    level = np.abs(samples.astype(np.int32))
    peak = level.max(initial=0)
    if peak < QUIETEST:
        return None
    crossings = np.flatnonzero(np.diff(np.signbit(samples)) & (level[1:] + level[:-1] > _AUDIBLE * peak))
    if len(crossings) < 4:
        return None
    intervals = np.diff(crossings)
    whole = intervals[intervals < 1.5 * np.median(intervals)]
    number = _number(RATE / 2 / float(whole.mean()))
    return number if 0 <= number < FREQUENCIES else None


def _number(hertz: float) -> int:
    return round((hertz - LOWEST_HERTZ) / STEP_HERTZ)
