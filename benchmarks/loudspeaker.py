"""A loudspeaker that nobody hears: it plays what arrives in real time, and knows when it had nothing to play."""

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np

from benchmarks.emulators.tones import RATE, Samples

BUFFER_SECONDS = 0.06
"""Collected before an answer begins to play, so that one late message is not heard."""
KEPT_STRETCHES = 8
"""That have been played and may still be asked for by a microphone that is late."""


@dataclass(slots=True)
class Stretch:
    """Audio that plays without a break. Moments are of the monotonic clock."""

    item: str
    answer: int | None
    starts: float
    samples: Samples
    """int16, shape (n,), 24 kHz."""

    @property
    def ends(self) -> float:
        """When its last sample has been played."""
        return self.starts + len(self.samples) / RATE


class Loudspeaker:
    """Plays one piece after the other."""

    def __init__(self) -> None:
        self._waiting: deque[Stretch] = deque()
        self._sounded: deque[Stretch] = deque(maxlen=KEPT_STRETCHES)
        """What has just been played: a microphone hears it a moment later."""
        self._ends = float("-inf")
        self.gaps: list[tuple[float, float]] = []
        """When it ran empty within an answer, and for how many seconds."""
        self.played: defaultdict[str, float] = defaultdict(float)
        """Seconds that were played, by item."""
        self.answers: defaultdict[int, float] = defaultdict(float)
        """Seconds that were played, by the number of the answer."""
        self.item = ""
        """What is playing or was the last to play."""

    @property
    def ends(self) -> float:
        """When it will have played everything that it has."""
        return self._ends

    def play(self, now: float, item: str, answer: int | None, samples: Samples) -> None:
        """Play a piece after what is still waiting."""
        self.advance(now)
        if now > self._ends:
            last = self._waiting[-1] if self._waiting else None
            continues = item == (last.item if last else self.item) and self.played[item] > 0
            if continues:
                self.gaps.append((self._ends, now - self._ends))
            starts = now if continues else now + BUFFER_SECONDS
        else:
            starts = self._ends
        self._waiting.append(Stretch(item, answer, starts, samples))
        self._ends = self._waiting[-1].ends

    def advance(self, now: float) -> None:
        """Account for what has been played until now."""
        while self._waiting and self._waiting[0].ends <= now:
            self._count(stretch := self._waiting.popleft(), len(stretch.samples) / RATE)
            self._sounded.append(stretch)

    def stop(self, now: float) -> None:
        """Be silent at once and forget what is waiting."""
        self.advance(now)
        if self._waiting and self._waiting[0].starts < now:
            self._count(self._waiting[0], now - self._waiting[0].starts)
        self._waiting.clear()
        self._ends = min(self._ends, now)

    def is_playing(self, now: float) -> bool:
        """Whether there is anything left to play."""
        return now < self._ends

    def heard_seconds(self, now: float) -> float:
        """How much of the item that is playing has been played."""
        self.advance(now)
        playing = self._waiting[0] if self._waiting else None
        if playing is None or playing.starts >= now:
            return self.played[self.item]
        return self.played[playing.item] + now - playing.starts

    def playing_item(self, now: float) -> str:
        """What plays now, or was the last to."""
        self.advance(now)
        return self._waiting[0].item if self._waiting and self._waiting[0].starts < now else self.item

    def sound(self, start: float, count: int) -> Samples:
        """What is heard for so many samples from a moment on, silence where nothing plays; for an echo."""
        heard = np.zeros(count, dtype=np.int16)
        for stretch in (*self._sounded, *self._waiting):
            offset = round((start - stretch.starts) * RATE)
            if offset >= len(stretch.samples):
                continue
            if offset + count <= 0:
                break
            piece = stretch.samples[max(0, offset) : offset + count]
            heard[max(0, -offset) : max(0, -offset) + len(piece)] = piece
        return heard

    def _count(self, stretch: Stretch, seconds: float) -> None:
        self.item = stretch.item
        self.played[stretch.item] += seconds
        if stretch.answer is not None:
            self.answers[stretch.answer] += seconds
