"""Speech as tone bursts: one per word, so that a listener can tell which words were played, and when."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""int16, shape (n,), mono."""

RATE = 24_000
"""Hertz."""
LETTER_SECONDS = 0.06
GAP_SECONDS = 0.04
AMPLITUDE = 9_000
FADE_SAMPLES = 120
"""5 ms without a click at either end of a burst."""
LOWEST_HERTZ = 300
FREQUENCIES = 40
STEP_HERTZ = 25


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word and where it is heard."""

    text: str
    """With the white space around it, so that all words together are the text."""
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class TonedSpeech:
    """A text as audio."""

    samples: Samples
    """int16, shape (n,), 24 kHz."""
    words: Sequence[SpokenWord]


def frequency(word: str) -> int:
    """The tone of a word in hertz: the same for the same letters and digits."""
    letters = re.sub(r"\W", "", word).lower()
    return LOWEST_HERTZ + zlib.crc32(letters.encode()) % FREQUENCIES * STEP_HERTZ


def speech(text: str, speed: float = 1.0) -> TonedSpeech:
    """Say a text. White space alone says nothing."""
    bursts: list[Samples] = []
    words: list[SpokenWord] = []
    length = 0
    for piece in re.findall(r"\s*\S+\s*", text):
        word = piece.strip()
        burst = _burst(frequency(word), max(1, len(word)) * LETTER_SECONDS / speed)
        gap = np.zeros(round(GAP_SECONDS / speed * RATE), dtype=np.int16)
        words.append(SpokenWord(piece, length / RATE, (length + len(burst)) / RATE))
        bursts += [burst, gap]
        length += len(burst) + len(gap)
    return TonedSpeech(np.concatenate(bursts) if bursts else np.zeros(0, dtype=np.int16), words)


def _burst(hertz: int, seconds: float) -> Samples:
    count = round(seconds * RATE)
    wave = AMPLITUDE * np.sin(2 * np.pi * hertz * np.arange(count) / RATE)
    fade = np.minimum(1.0, np.arange(count) / FADE_SAMPLES)
    return np.asarray(wave * fade * fade[::-1], dtype=np.int16)
