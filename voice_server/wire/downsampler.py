"""Lowers the sample rate of live audio; what comes in frames of 20 ms is held back by 1 ms at 16 kHz, by 2 ms at 8 kHz.

soxr, which is used wherever audio is not live or its rate rises, gives its output in bursts: from 24 to 16 kHz it is up
to 37 ms behind, from 24 to 8 kHz up to 73 ms, and that would be added to the time to every answer.
"""

from functools import cache
from math import gcd

import numpy as np
import numpy.typing as npt

from pipeline.audio import SILENCE, Samples

_STOPBAND_DB = 70.0
_LENGTH = 32
"""Of the filter, in samples of the target's rate: its slope is as wide as a quarter of the band."""
_STEP = 16
"""Samples of the target's rate that one row of a matrix product gives. As many as the filter is late, so that no more
is held back; and 20 ms are a whole number of them."""
_BLOCK_SAMPLES = 24_000
"""Audio that is filtered at a time: numpy unfolds every sample into as many as one row has."""
# Arrays, because numpy takes longer to make one of a number each time than to compare all samples of a frame with it.
_LOUDEST, _LOWEST = np.array(32767, np.float32), np.array(-32768, np.float32)

Floats = npt.NDArray[np.float32]


class Downsampler:
    """A polyphase low-pass filter over one stream of audio."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        """Hertz; the target is the lower one."""
        self._up, self._down = _ratio(source_rate, target_rate)
        self._step = _steps(self._up) * self._down
        self._weights, past = _weights(source_rate, target_rate)
        self._ahead = len(self._weights) - past
        """Samples that a row needs from its first one on."""
        self._sound = np.zeros(past, np.float32)
        """What the next row begins with, and room for what comes."""
        self._waiting = past
        """How much of it."""
        self._windows = self._overlapping(0)
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
        return self.push(np.zeros(self._ahead + self._step, np.int16))[:missing]

    def _push(self, samples: Samples) -> Samples:
        end = self._waiting + len(samples)
        rows = max(0, (end - len(self._weights)) // self._step + 1)
        if end > len(self._sound):
            self._sound = np.concatenate((self._sound, np.zeros(end - len(self._sound), np.float32)))
            self._windows = self._overlapping(rows)
        elif rows != len(self._windows):
            self._windows = self._overlapping(rows)
        self._sound[self._waiting : end] = samples
        lowered = np.dot(self._windows, self._weights)
        np.rint(lowered, out=lowered)
        np.minimum(lowered, _LOUDEST, out=lowered)
        np.maximum(lowered, _LOWEST, out=lowered)
        self._waiting = end - rows * self._step
        self._sound[: self._waiting] = self._sound[rows * self._step : end]
        self._received += len(samples)
        self._given += lowered.size
        given: Samples = lowered.astype(np.int16).reshape(-1)
        return given

    def _overlapping(self, rows: int) -> Floats:
        """Stretches of the sound, without a copy: quicker than sliding_window_view, and checked as well.

        Messages are mostly as long as the one before, so that these serve many of them.
        """
        size = self._sound.itemsize
        width = len(self._weights)
        return np.ndarray((rows, width), np.float32, buffer=self._sound, strides=(self._step * size, size))


def _ratio(source_rate: int, target_rate: int) -> tuple[int, int]:
    divisor = gcd(source_rate, target_rate)
    return target_rate // divisor, source_rate // divisor


def _steps(up: int) -> int:
    return max(1, round(_STEP / up))


@cache
def _weights(source_rate: int, target_rate: int) -> tuple[Floats, int]:
    """A matrix from a row of samples to the outputs that follow from it, and how much of the row lies in the past."""
    up, down = _ratio(source_rate, target_rate)
    phases = _phases(source_rate, target_rate)
    taps = phases.shape[1]
    delay = taps * up // 2
    # Of each output: the last sample that it uses, and which phase of the filter.
    places = [divmod(index * down + delay, up) for index in range(_steps(up) * up)]
    past = taps - 1 - places[0][0]
    weights = np.zeros((past + places[-1][0] + 1, len(places)), np.float32)
    for column, (last, phase) in enumerate(places):
        weights[past + last - taps + 1 : past + last + 1, column] = phases[phase]
    return weights, past


def _phases(source_rate: int, target_rate: int) -> Floats:
    """A windowed sinc (Kaiser), shape (up, taps): row p weighs samples, the oldest first, for outputs of phase p."""
    up, down = _ratio(source_rate, target_rate)
    cutoff = 1 / 2 / max(up, down)
    taps = round(_LENGTH * down / up / 2) * 2
    at = np.arange(taps * up) - taps * up // 2
    response = 2 * cutoff * np.sinc(2 * cutoff * at) * np.kaiser(taps * up, 0.1102 * (_STOPBAND_DB - 8.7))
    phases = response.reshape(taps, up).T[:, ::-1]
    return np.ascontiguousarray(phases / phases.sum(axis=1, keepdims=True), np.float32)
