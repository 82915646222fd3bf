"""What callers say: recordings whose words are known, with where each word is spoken."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import soxr
from voice_client.microphone import first_and_last_loud, read_recording

from benchmarks import sounds
from benchmarks.emulators.clips import Clip, ClipWord, loudness
from benchmarks.emulators.tones import RATE, Samples
from benchmarks.hesitant.recordings import recordings
from benchmarks.hesitant.tuned import TUNED
from benchmarks.hesitant.utterance import HesitantUtterance, make
from pipeline.audio import INPUT_RATE

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "tests" / "speech"
PAUSE_SECONDS = 0.25
"""Between the sentences of the monologue: shorter than anybody's end of a turn."""
MONOLOGUE_QUESTIONS = 8

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
def library(made: Path | None = None) -> Mapping[str, Recording]:
    """All recordings, by name; `made`: a file of those that had to be made, by `save`."""
    found = dict(questions())
    found["monologue"] = monologue("monologue", list(found.values())[:MONOLOGUE_QUESTIONS])
    return found | ({recording.name: recording for recording in load(made)} if made is not None else {})


async def hesitant_speakers() -> list[Recording]:
    """People who pause within a sentence, made by a voice of the machine; and people's recordings where they are."""
    said = await make(TUNED) + recordings()
    # What depends on a question that was asked before would need that question.
    return [_recording(utterance) for utterance in said if not utterance.asked]


def _recording(utterance: HesitantUtterance) -> Recording:
    samples = soxr.resample(utterance.samples[: round(utterance.end_seconds * INPUT_RATE)], INPUT_RATE, RATE)
    words = tuple(ClipWord(word.text, word.start_seconds, word.end_seconds) for word in utterance.words)
    return Recording(f"hesitant {utterance.name}", "hesitant", samples, words)


async def disturbances() -> list[Recording]:
    """Everything over which an answer should go on."""
    async with sounds.Voices() as voices:
        heard = [*sounds.effects(), await sounds.babble(voices), *await sounds.utterances(voices)]
    return [
        Recording(
            f"{sound.kind} {sound.name}",
            "sound",
            samples := soxr.resample(sound.samples, INPUT_RATE, RATE),
            spread(sound.text, 0.0, len(samples) / RATE) if sound.text else (),
        )
        for sound in heard
        if not sound.stops
    ]


def save(path: Path, made: Sequence[Recording]) -> None:
    """Write recordings for other processes of the same run."""
    words = [[[word.text, word.start, word.end] for word in recording.words] for recording in made]
    told = [{"name": r.name, "kind": r.kind, "words": w} for r, w in zip(made, words, strict=True)]
    arrays: dict[str, Any] = {str(number): recording.samples for number, recording in enumerate(made)}
    np.savez(path, told=np.frombuffer(orjson.dumps(told), np.uint8), **arrays)


def load(path: Path) -> list[Recording]:
    """Read what `save` wrote."""
    with np.load(path) as file:
        told = orjson.loads(file["told"].tobytes())
        return [
            Recording(one["name"], one["kind"], file[str(number)], tuple(ClipWord(*word) for word in one["words"]))
            for number, one in enumerate(told)
        ]
