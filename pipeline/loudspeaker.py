"""What the user's loudspeaker plays, as far as the server knows, to be compared with what the microphone hears.

Audio is taken to sound in real time from the moment it was sent. When it truly sounds depends on the network and on the
client; whoever compares finds that out.
"""

from collections import deque

import numpy as np

from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, OUTPUT_RATE, SILENCE, Resampler, Samples

MAX_LATE_SECONDS = 0.5
"""A microphone that is so much slower than the playback has missed what was played before."""


class Loudspeaker:
    """One user's. Times are the event loop's seconds."""

    def __init__(self) -> None:
        self._resampler = Resampler(OUTPUT_RATE, INPUT_RATE)
        self._waiting: deque[Samples] = deque()
        self._first: Samples = SILENCE
        """What is left of the piece that sounds."""
        self._sounds_at = 0.0
        """When the next sample sounds."""

    def play(self, samples: Samples, now: float) -> None:
        """Audio was sent: int16, 24 kHz."""
        if not self._waiting and not len(self._first):
            self._sounds_at = max(now, self._sounds_at)
        self._waiting.append(self._resampler.push(samples))
        # Whoever types has no microphone, and nobody asks for frames.
        self._leave_behind(now)

    def stop(self) -> None:
        """It falls silent."""
        self._waiting.clear()
        self._first = SILENCE

    def next_frame(self, now: float) -> Samples | None:
        """The next 20 ms, at the pace of the microphone's frames (int16, 16 kHz); None: nothing sounds."""
        if not self._waiting and not len(self._first):
            return None
        self._leave_behind(now)
        return self._take(FRAME_SAMPLES)

    def _leave_behind(self, now: float) -> None:
        """Forget what was played too long ago to be heard now."""
        while now - self._sounds_at > MAX_LATE_SECONDS and self._waiting:
            self._take(len(self._first) or len(self._waiting[0]))

    def _take(self, count: int) -> Samples:
        self._sounds_at += count / INPUT_RATE
        while len(self._first) < count and self._waiting:
            self._first = np.concatenate((self._first, self._waiting.popleft()))
        taken, self._first = self._first[:count], self._first[count:]
        return taken if len(taken) == count else np.concatenate((taken, np.zeros(count - len(taken), np.int16)))
