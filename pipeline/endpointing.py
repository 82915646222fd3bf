"""How much silence ends a turn.

A fixed silence is too long after "What time is it?" and too short after "I would like to book for …". So where the
settings leave it open (semantic_vad), the silence follows from how complete the turn seems: by its words, by how the
voice ended, and by the pauses that this speaker makes.
"""

from dataclasses import dataclass
from typing import Protocol

from pipeline.intonation import Intonation
from pipeline.settings import TurnDetection


@dataclass(frozen=True, slots=True)
class Pause:
    """What is known of a pause while it lasts."""

    words: str | None = None
    """The turn so far, as it was heard up to this pause; None: not known (yet)."""
    asked: str = ""
    """What the assistant said last: an answer that lacks what it asked for is not complete."""
    language: str | None = None
    """ISO 639-1; None: not known."""
    intonation: Intonation | None = None
    """How the voice ended; None: not measured."""


class TurnEndModel(Protocol):
    """Judges whether a turn is over. Anything may be plugged in here, as long as it answers within a millisecond."""

    def completeness(self, pause: Pause) -> float:
        """How sure it is that the turn is over, 0 to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Silences:
    """The silence that ends a turn, in seconds."""

    complete: float
    """If the turn is surely complete."""
    open: float
    """If its words are not known, or might be all."""
    hanging: float
    """If they surely want to go on."""


EAGERNESS = {
    "low": Silences(0.5, 0.9, 3.0),
    "medium": Silences(0.25, 0.6, 1.8),
    "auto": Silences(0.25, 0.6, 1.8),
    "high": Silences(0.2, 0.4, 1.0),
}
"""semantic_vad: how long to wait, by eagerness."""


class Endpointing:
    """How long to wait for one speaker. Without a clock."""

    def __init__(self, model: TurnEndModel | None = None) -> None:
        """`model`: instead of the rules that come with the pipeline."""
        self._model = model

    def resumed(self, pause_seconds: float) -> None:
        """The speaker went on after a pause of this length: that is how they speak."""

    def silence_seconds(self, pause: Pause, detection: TurnDetection) -> float:
        """Seconds of silence after which this turn is over."""
        if detection.kind == "server_vad":
            return detection.silence_seconds
        silences = EAGERNESS[detection.eagerness]
        return silences.open if pause.words is None else silences.complete
