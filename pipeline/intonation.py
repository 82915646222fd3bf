"""How the voice ends before a pause: a falling pitch that fades says "I am done", a level one says "wait"."""

from dataclasses import dataclass

from pipeline.audio import Samples


@dataclass(frozen=True, slots=True)
class Intonation:
    """The end of a stretch of speech."""

    pitch_slope: float
    """Semitones per second over the last voiced part; negative: falling."""
    level_slope: float
    """Decibels per second over the last part of speech; negative: fading."""


def measure(samples: Samples) -> Intonation | None:
    """Measure the end of speech (int16, 16 kHz; trailing silence may be included); None if nothing is voiced."""
    raise NotImplementedError(len(samples))
