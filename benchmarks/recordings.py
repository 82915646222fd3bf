"""What callers say: recordings whose words are known, with where each word is spoken."""

import functools
import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
from voice_client.microphone import first_and_last_loud, read_recording

from benchmarks.emulators.clips import Clip, ClipWord, loudness
from benchmarks.emulators.tones import RATE, Samples

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "tests" / "speech"
PEOPLE = ROOT.parent / "shared" / "audio"
PAUSE_SECONDS = 0.25
"""Between the sentences of the monologue: shorter than anybody's end of a turn."""
MONOLOGUE_QUESTIONS = 8
JFK = "And so my fellow Americans ask not what your country can do for you ask what you can do for your country"

Kind = Literal["question", "hesitant", "monologue", "sound"]


@dataclass(frozen=True, slots=True)
class Recording:
    """Something that is heard by the microphone."""

    name: str
    kind: Kind
    samples: Samples
    """int16, shape (n,), 24 kHz."""
    words: tuple[ClipWord, ...]

    @property
    def audible(self) -> tuple[int, int]:
        """The first audible sample and the last."""
        return first_and_last_loud(self.samples) or (0, len(self.samples) - 1)

    def clip(self) -> Clip:
        """For the emulated recognisers."""
        return Clip(self.name, self.words, loudness(self.samples, RATE))


def spread(text: str, start: float, end: float) -> tuple[ClipWord, ...]:
    """Words in a stretch of speech without pauses, each as long as its letters suggest."""
    words = text.split()
    lengths = np.array([len(word) + 1 for word in words], dtype=float)
    ends = start + (end - start) * np.cumsum(lengths) / lengths.sum()
    starts = np.append(start, ends[:-1])
    return tuple(ClipWord(word, float(a), float(b)) for word, a, b in zip(words, starts, ends, strict=True))


def question(path: Path, text: str) -> Recording:
    """A recorded question."""
    samples = read_recording(path)
    first, last = first_and_last_loud(samples) or (0, len(samples) - 1)
    return Recording(path.stem, "question", samples, spread(text, first / RATE, (last + 1) / RATE))


def monologue(name: str, parts: Sequence[Recording]) -> Recording:
    """Somebody who goes on and on."""
    pause = np.zeros(round(PAUSE_SECONDS * RATE), dtype=np.int16)
    pieces: list[Samples] = []
    words: list[ClipWord] = []
    length = 0
    for part in parts:
        first, last = part.audible
        spoken = part.samples[first : last + 1]
        moved = (length - first) / RATE
        words += [ClipWord(word.text, word.start + moved, word.end + moved) for word in part.words]
        pieces += [spoken, pause]
        length += len(spoken) + len(pause)
    return Recording(name, "monologue", np.concatenate(pieces), tuple(words))


def questions() -> Mapping[str, Recording]:
    """The recorded questions."""
    transcripts = orjson.loads((QUESTIONS / "transcripts.json").read_bytes())
    return {(said := question(QUESTIONS / name, text)).name: said for name, text in sorted(transcripts.items())}


@functools.cache
def library() -> Mapping[str, Recording]:
    """All recordings that there are, by name."""
    found = dict(questions())
    plain = list(found.values())
    found["monologue"] = monologue("monologue", plain[:MONOLOGUE_QUESTIONS])
    if (PEOPLE / "jfk.wav").is_file():
        said = question(PEOPLE / "jfk.wav", JFK)
        found["jfk"] = Recording("jfk", "hesitant", said.samples, said.words)
    for module in ("benchmarks.sounds", "benchmarks.hesitant"):
        if importlib.util.find_spec(module) is not None:
            for recording in getattr(importlib.import_module(module), "recordings", tuple)():
                found[recording.name] = recording
    return found
