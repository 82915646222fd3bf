"""Audio as the pipeline handles it: int16 mono, cut into frames of 20 ms at 16 kHz on the way in."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.int16]
"""int16, shape (samples,), mono."""

INPUT_RATE = 16_000
"""Hertz. What voice activity detection and the recognisers hear."""
OUTPUT_RATE = 24_000
"""Hertz. What every voice gives, and what the wire carries by default."""
FRAME_SAMPLES = 320
"""Samples in one frame: 20 ms at 16 kHz, as most clients send them."""
FRAME_SECONDS = FRAME_SAMPLES / INPUT_RATE

SILENCE: Samples = np.zeros(0, dtype=np.int16)
"""No samples at all."""


# Not frozen, although nobody changes it: one is made every 20 ms, and a frozen one takes four times as long to make.
@dataclass(slots=True)
class AudioFrame:
    """20 ms of what the user's microphone heard."""

    samples: Samples
    """int16, shape (320,), 16 kHz."""
    is_speech: bool
    """What voice activity detection made of it."""
    may_be_last: bool = False
    """The user pauses and is perhaps done: a recogniser that can say now what it would say if the audio ended here had
    better do so (see `Transcript.is_settled`). At most a few frames of an utterance are marked."""


class Framer:
    """Cuts audio of any chunk size into frames."""

    def __init__(self) -> None:
        self._rest = SILENCE

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Take int16 samples at 16 kHz, give every whole frame of 320 of them; the rest waits for more."""
        if len(samples) == FRAME_SAMPLES and not len(self._rest):
            yield samples
            return
        if len(self._rest):
            samples = np.concatenate((self._rest, samples))
        whole = len(samples) - len(samples) % FRAME_SAMPLES
        self._rest = samples[whole:].copy()
        for start in range(0, whole, FRAME_SAMPLES):
            yield samples[start : start + FRAME_SAMPLES]

    def clear(self) -> None:
        """Forget the samples that do not fill a frame yet."""
        self._rest = SILENCE


class Resampler:
    """Changes the sample rate of one stream of audio. One object per stream: it remembers the edge of each chunk."""

    def __init__(self, source_rate: int, target_rate: int) -> None:
        # A step down needs a real low-pass filter, which gives its output in bursts: from 24 to 16 kHz, LQ keeps what
        # is below 6.3 kHz and is 11 ms late on average, at most 20; HQ keeps 7.5 kHz and is 22 ms late, at most 37.
        # A step up may be quick: QQ holds nothing back.
        quality = "LQ" if target_rate < source_rate else "QQ"
        self._stream = (
            None
            if source_rate == target_rate
            else soxr.ResampleStream(source_rate, target_rate, num_channels=1, dtype="int16", quality=quality)
        )

    def push(self, samples: Samples) -> Samples:
        """Take int16 samples at the source rate, give those at the target rate that are ready."""
        if self._stream is None:
            return samples
        resampled: Samples = self._stream.resample_chunk(samples)
        return resampled

    def flush(self) -> Samples:
        """End the stream and give what was held back. Nothing may be pushed afterwards."""
        if self._stream is None:
            return SILENCE
        resampled: Samples = self._stream.resample_chunk(SILENCE, last=True)
        return resampled
