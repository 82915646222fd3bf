"""How much silence ends a turn.

A fixed silence is too long after "What time is it?" and too short after "I would like to book for …". So where the
settings leave it open (semantic_vad), the silence follows from how complete the turn seems: by its words, by how the
voice ended, and by the pauses that this speaker makes.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from pipeline.intonation import Intonation, finality, rise
from pipeline.settings import TurnDetection
from pipeline.wording.judgement import judge

LONGEST_SILENCE_SECONDS = 3.0
"""Whatever anybody says: by then a person would ask whether the other is still there."""
SURELY_COMPLETE = 0.9
"""As sure as this, a turn is treated as complete."""
SURELY_HANGING = 0.15
MIDDLE = 0.5
"""As sure of the one as of the other: `Silences.open`."""
DOUBTFUL = 0.3
"""Less, and no voice makes it complete."""
CONVENTIONAL, CONVENTIONAL_VOICE, ONE_WORD_VOICE = 0.94, 0.6, 0.9
"""Above this completeness, how much of what the voice says counts; and if it is one word that answers no question, as
"no" does not, or "okay": with those many a sentence begins."""
OPEN_QUESTION, LOW_OPEN_QUESTION = 0.4, 0.33
"""The most that a rising voice makes of a question that may take another adjunct, and one that rises without getting
high: in "can I cancel my booking" it rises whether or not "for tomorrow" is to come."""
HIGH = -0.8
"""Semitones above its middle where a question's voice ends, at least."""
WHOLE, LEAST_WHOLE = 0.7, 0.2
"""Words that are so complete, and the least that any voice makes of them."""
UNHEARD_VOICE = 0.25
"""How much a falling voice counts while the words are not known: they may be "and", and nothing can be answered before
they are."""
FALLING_VOICE, RISING_VOICE = 2.0, 5.0
"""Odds (natural logarithm) that a voice adds by falling, and takes away by staying up."""
LEAST = 0.01
"""No model is surer than this."""
REMEMBERED_PAUSES = 8
SHORTEST_PAUSE_SECONDS = 0.2
"""Less is a gap between two words, and says nothing about how somebody thinks."""
USUAL_PAUSE_SECONDS = 0.6
"""A pause in the middle of a turn that is not remarkable."""
MOST_PATIENCE_SECONDS = 0.8
"""That somebody is given beyond what others are."""


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


class WordingModel:
    """Judges by the words alone, in English and Italian; see pipeline.wording."""

    def completeness(self, pause: Pause) -> float:
        """See TurnEndModel."""
        return MIDDLE if pause.words is None else judge(pause.words, pause.asked, pause.language).completeness


@dataclass(frozen=True, slots=True)
class Silences:
    """The silence that ends a turn, in seconds."""

    complete: float
    """If the turn is surely complete."""
    open: float
    """If its words are not known, or might be all."""
    hanging: float
    """If they surely want to go on."""

    def after(self, completeness: float) -> float:
        """Seconds for a turn that is so surely complete, 0 to 1: straight lines between the three."""
        if completeness >= MIDDLE:
            share = min((completeness - MIDDLE) / (SURELY_COMPLETE - MIDDLE), 1.0)
            return self.open + share * (self.complete - self.open)
        share = min((MIDDLE - completeness) / (MIDDLE - SURELY_HANGING), 1.0)
        return self.open + share * (self.hanging - self.open)


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
        self._model = model or WordingModel()
        self._pauses: deque[float] = deque(maxlen=REMEMBERED_PAUSES)
        self._judged: tuple[Pause, float] | None = None

    def resumed(self, pause_seconds: float) -> None:
        """The speaker went on after a pause of this length: that is how they speak."""
        if pause_seconds >= SHORTEST_PAUSE_SECONDS:
            self._pauses.append(min(pause_seconds, LONGEST_SILENCE_SECONDS))

    def silence_seconds(self, pause: Pause, detection: TurnDetection) -> float:
        """Seconds of silence after which this turn is over."""
        if detection.kind == "server_vad":
            return detection.silence_seconds
        completeness = self._completeness(pause)
        patience = self._patience_seconds() * min((1 - completeness) / (1 - MIDDLE), 1.0)
        silence = EAGERNESS[detection.eagerness].after(completeness) + patience * (completeness < SURELY_COMPLETE)
        return min(silence, LONGEST_SILENCE_SECONDS)

    def _completeness(self, pause: Pause) -> float:
        # One pause is asked about frame after frame.
        if self._judged is None or self._judged[0] != pause:
            self._judged = (pause, self._weigh(pause))
        return self._judged[1]

    def _weigh(self, pause: Pause) -> float:
        """What words and voice say together."""
        completeness = min(max(self._model.completeness(pause), 0.0), 1.0)
        if pause.intonation is None:
            return completeness
        words = judge(pause.words, pause.asked, pause.language) if pause.words is not None else None
        asks = words is not None and words.is_question
        voice = finality(pause.intonation, is_question=asks)
        # Evidence adds up as odds. A voice that falls adds to words that may be all, not to those that want to go on:
        # tired and hesitant voices fall after "and", too. And "thank you" is said in any tone.
        if voice > 0 and completeness < (MIDDLE if asks else DOUBTFUL):
            return completeness
        if completeness > CONVENTIONAL:
            is_beginning = "?" not in pause.asked and len((pause.words or "").split()) == 1
            voice *= ONE_WORD_VOICE if is_beginning else CONVENTIONAL_VOICE
        if voice > 0 and pause.words is None:
            voice *= UNHEARD_VOICE
        odds = math.log(max(completeness, LEAST) / max(1 - completeness, LEAST))
        odds += voice * (FALLING_VOICE if voice > 0 else RISING_VOICE)
        if words is None:
            return 1 / (1 + math.exp(-odds))
        most = words.most
        if words.is_open_question and pause.intonation.pitch_slope > 0:
            risen = OPEN_QUESTION if pause.intonation.height > HIGH else LOW_OPEN_QUESTION
            most += rise(pause.intonation) * (risen - most)
        return max(min(1 / (1 + math.exp(-odds)), most), LEAST_WHOLE if completeness >= WHOLE else 0.0)

    def _patience_seconds(self) -> float:
        """What this speaker is given beyond others: their pauses are longer."""
        if not self._pauses:
            return 0.0
        return min(max(median(self._pauses) - USUAL_PAUSE_SECONDS, 0.0), MOST_PATIENCE_SECONDS)
