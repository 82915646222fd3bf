"""How loud an answer is played: quietly while somebody may be speaking over it."""

import numpy as np

from voice_client.events import RATE, Samples

DUCKED_LEVEL = 10 ** (-18 / 20)
"""-18 dB: still to be followed, and no hindrance to speech."""
DUCK_SECONDS = 0.03
RESTORE_SECONDS = 0.1
SWITCH_SECONDS = 0.005
"""From a quiet answer to the next one: as soon as it can be done without a click."""
LONGEST_DUCK_SECONDS = 1.5
"""Whoever ducks an answer may not come back to say that it was nothing."""


class Volume:
    """A gain with ramps, in samples at 24 kHz."""

    def __init__(self) -> None:
        self._level = 1.0
        self._target = 1.0
        self._step = 0.0
        self._ducked_samples = 0

    def duck(self) -> None:
        """Play quietly, for a moment at most."""
        self._aim(DUCKED_LEVEL, DUCK_SECONDS)
        self._ducked_samples = 0

    def restore(self, seconds: float = RESTORE_SECONDS) -> None:
        """Play at full volume again, after a ramp of so many seconds."""
        if self._target < 1:
            self._aim(1.0, seconds)

    def reset(self) -> None:
        """Full volume at once: nothing is heard of the change."""
        self._level = self._target = 1.0

    def apply(self, samples: Samples) -> Samples:
        """The next samples as loud as they are to be; also for silence, so that a duck ends."""
        if self._target < 1:
            self._ducked_samples += len(samples)
            if self._ducked_samples > LONGEST_DUCK_SECONDS * RATE:
                self.restore()
        if self._level == self._target == 1 or not len(samples):
            return samples
        steps = np.arange(1, len(samples) + 1) * self._step
        if self._target < self._level:
            gains = np.maximum(self._level - steps, self._target)
        else:
            gains = np.minimum(self._level + steps, self._target)
        self._level = float(gains[-1])
        return np.asarray(samples * gains, dtype=np.int16)

    def _aim(self, target: float, seconds: float) -> None:
        self._target = target
        self._step = (1 - DUCKED_LEVEL) / (seconds * RATE)
