"""What the emulated recognisers hear: the recordings that a benchmark plays, found again in the audio of a request.

The loudness of the request, in steps of 10 ms, is laid over that of every known recording; where it fits best, the
words that were spoken by then are known. So a request with half an utterance is answered with half of its words, and a
target that sends no session id is understood as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

STEP_SECONDS = 0.01
CUT_SECONDS = 0.06
"""So much of a word's end may be missing."""
HEAD_SECONDS = 0.12
"""So much of a word's beginning may be missing."""
LEAST_LIKENESS = 0.6
"""Below it, nothing that is known was said."""
_MAX_STEPS = 12_000
"""Two minutes of one request."""

Loudness = npt.NDArray[np.float32]
"""float32, shape (steps,): the root mean square of each 10 ms."""


@dataclass(frozen=True, slots=True)
class ClipWord:
    """A word and where it is in its recording, in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording whose words are known. Without words it is a sound: a cough, a door."""

    name: str
    words: tuple[ClipWord, ...]
    loudness: Loudness


@dataclass(frozen=True, slots=True)
class Found:
    """Where the audio of a request was found."""

    clip: Clip
    start: float
    """Of the request, in seconds of the recording; below zero if it begins with something else."""
    end: float
    likeness: float
    """Correlation; 1: the same."""

    @property
    def text(self) -> str:
        """The words that were spoken between the two."""
        first, last = self.start - HEAD_SECONDS, self.end + CUT_SECONDS
        return " ".join(word.text for word in self.clip.words if word.start >= first and word.end <= last)


def loudness(samples: npt.NDArray[np.int16], rate: int) -> Loudness:
    """The loudness of audio (int16, shape (n,)) in steps of 10 ms."""
    size = round(rate * STEP_SECONDS)
    whole = samples[: len(samples) // size * size].astype(np.float32).reshape(-1, size)
    return np.asarray(np.sqrt(np.mean(whole**2, axis=1)), dtype=np.float32)


def read_clip(fields: Mapping[str, Any]) -> Clip:
    """A clip from JSON."""
    words = tuple(ClipWord(text, start, end) for text, start, end in fields["words"])
    return Clip(fields["name"], words, np.asarray(fields["loudness"], dtype=np.float32))


def write_clip(clip: Clip) -> dict[str, Any]:
    """A clip as JSON."""
    words = [[word.text, word.start, word.end] for word in clip.words]
    return {"name": clip.name, "words": words, "loudness": [round(float(value), 1) for value in clip.loudness]}


class Clips:
    """The recordings that may be heard."""

    def __init__(self, clips: Sequence[Clip] = ()) -> None:
        self._clips = [clip for clip in clips if clip.loudness.any()]
        self._sums = [np.append(0.0, np.cumsum(clip.loudness.astype(np.float64))) for clip in self._clips]
        self._energies = [np.append(0.0, np.cumsum(clip.loudness.astype(np.float64) ** 2)) for clip in self._clips]
        self._longest = max((len(clip.loudness) for clip in self._clips), default=0)
        self._spectra: dict[int, npt.NDArray[np.complex64]] = {}

    def __bool__(self) -> bool:
        return bool(self._clips)

    def transcript(self, samples: npt.NDArray[np.int16], rate: int) -> str:
        """The words in the audio of a request; "" if it is nothing that is known, or has none."""
        found = self.find(samples, rate)
        return found.text if found is not None else ""

    def find(self, samples: npt.NDArray[np.int16], rate: int) -> Found | None:
        """The recording that the audio is from, None if from none."""
        heard = loudness(samples, rate)[-_MAX_STEPS:]
        heard = heard - heard.mean()
        norm = float(np.linalg.norm(heard))
        if not self._clips or norm == 0.0:
            return None
        size = 1 << (len(heard) + self._longest).bit_length()
        # At lag k the request begins k steps into the recording; negative lags are at the end of the circle.
        fits = np.fft.irfft(self._spectrum(size) * np.conj(np.fft.rfft(heard, size)), size)
        best: Found | None = None
        for clip, sums, energies, row in zip(self._clips, self._sums, self._energies, fits, strict=True):
            lags = np.arange(-len(heard) + 1, len(clip.loudness))
            starts, ends = np.clip(lags, 0, None), np.clip(lags + len(heard), None, len(clip.loudness))
            # Around a recording it is silent. Correlation, not likeness of level: a steady noise is like nothing.
            variance = energies[ends] - energies[starts] - (sums[ends] - sums[starts]) ** 2 / len(heard)
            likeness = row[lags] / (np.sqrt(np.maximum(variance, 1e-3 * energies[-1])) * norm)
            place = int(np.argmax(likeness))
            if best is None or likeness[place] > best.likeness:
                start = float(lags[place]) * STEP_SECONDS
                best = Found(clip, start, start + len(heard) * STEP_SECONDS, float(likeness[place]))
        return best if best is not None and best.likeness >= LEAST_LIKENESS else None

    def _spectrum(self, size: int) -> npt.NDArray[np.complex64]:
        if size not in self._spectra:
            rows = np.zeros((len(self._clips), size), dtype=np.float32)
            for row, clip in zip(rows, self._clips, strict=True):
                row[: len(clip.loudness)] = clip.loudness
            self._spectra[size] = np.fft.rfft(rows, axis=1).astype(np.complex64)
        return self._spectra[size]
