"""Lowers the sample rate of live audio and holds back no more than 2 ms of it.

soxr, which is used wherever audio is not live or its rate rises, gives its output in bursts: from 24 to 16 kHz it is up
to 37 ms behind, from 24 to 8 kHz up to 73 ms, and that would be added to the time to every answer.
"""

from functools import cache
from math import gcd

import numpy as np
import numpy.typing as npt

from pipeline.audio import SILENCE, Samples

_STOPBAND_DB = 70.0
_TRANSITION = 0.25
"""Width of the filter's slope, in parts of the target's Nyquist frequency around which it lies."""
_BLOCK_SAMPLES = 24_000
"""Audio that is filtered at a time: numpy unfolds every sample into as many as the filter has taps."""

Floats = npt.NDArray[np.float32]


class Downsampler:
    """A polyphase low-pass filter over one stream of audio."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        """Hertz; the target is the lower one."""
        self._up, self._down = _ratio(source_rate, target_rate)
        self._phases = _phases(source_rate, target_rate)
        taps = self._phases.shape[1]
        self._delay = taps * self._up // 2
        """Of the filter, in samples of the rate that both rates divide."""
        self._history = np.zeros(taps - 1, np.float32)
        self._received = 0
        self._given = 0

    def push(self, samples: Samples) -> Samples:
        """Take int16 samples at the source rate, give those at the target rate that are ready."""
        if len(samples) <= _BLOCK_SAMPLES:
            return self._push(samples)
        blocks = range(0, len(samples), _BLOCK_SAMPLES)
        return np.concatenate([self._push(samples[start : start + _BLOCK_SAMPLES]) for start in blocks])

    def flush(self) -> Samples:
        """End the stream and give what was held back. Nothing may be pushed afterwards."""
        missing = round(self._received * self._up / self._down) - self._given
        if missing <= 0:
            return SILENCE
        return self.push(np.zeros(self._delay // self._up + self._down, np.int16))[:missing]

    def _push(self, samples: Samples) -> Samples:
        if not len(samples):
            return SILENCE
        start = self._received - len(self._history)
        self._received += len(samples)
        sound = np.concatenate((self._history, samples.astype(np.float32)))
        # The last sample given may use the last one received, but none that is still to come.
        ready = max(self._given, (self._received * self._up - 1 - self._delay) // self._down + 1)
        lowered = np.empty(ready - self._given, np.float32)
        for first in range(min(self._up, len(lowered))):
            # Every `up`-th sample of the output shares one phase of the filter.
            place = (self._given + first) * self._down + self._delay
            begin = place // self._up - start - len(self._history)
            rows = -(-(len(lowered) - first) // self._up)
            windows = _windows(sound, begin, self._down, (rows, len(self._history) + 1))
            lowered[first :: self._up] = np.dot(windows, self._phases[place % self._up])
        self._given = ready
        self._history = sound[len(sound) - len(self._history) :].copy()
        return np.rint(lowered).clip(-32768, 32767).astype(np.int16)


def _windows(sound: Floats, begin: int, step: int, shape: tuple[int, int]) -> Floats:
    """Overlapping stretches of the sound, without a copy: quicker than sliding_window_view, and checked as well."""
    size = sound.itemsize
    return np.ndarray(shape, np.float32, buffer=sound, offset=begin * size, strides=(step * size, size))


def _ratio(source_rate: int, target_rate: int) -> tuple[int, int]:
    divisor = gcd(source_rate, target_rate)
    return target_rate // divisor, source_rate // divisor


@cache
def _phases(source_rate: int, target_rate: int) -> Floats:
    """A windowed sinc (Kaiser), shape (up, taps): row p weighs samples, the oldest first, for outputs of phase p."""
    up, _ = _ratio(source_rate, target_rate)
    rate = source_rate * up
    cutoff = target_rate / 2 / rate
    width = 2 * np.pi * _TRANSITION * cutoff
    taps = int(np.ceil((_STOPBAND_DB - 8) / (2.285 * width) / up / 2)) * 2
    at = np.arange(taps * up) - taps * up // 2
    response = 2 * cutoff * np.sinc(2 * cutoff * at) * np.kaiser(taps * up, 0.1102 * (_STOPBAND_DB - 8.7))
    phases = response.reshape(taps, up).T[:, ::-1]
    return np.ascontiguousarray(phases / phases.sum(axis=1, keepdims=True), np.float32)
