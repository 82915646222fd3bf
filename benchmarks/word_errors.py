"""How well and how fast the embedded recogniser hears: `python -m benchmarks.word_errors [--unpaced] [DIR ...]`.

Each recording goes through voice activity detection and the provider like a turn of a conversation: in frames of 20 ms,
at the pace of a microphone, with half a second of silence after it. DIR has a `transcripts.json` ({file: words}) or a
README.md with a table whose first columns are file, seconds, transcript; recordings named `…_it` are left out.

Columns: word errors / words; milliseconds from the last frame to the final words (0: they were there before the turn
was over); processor seconds of the recogniser, for finals and words shown meanwhile, per second of audio.
"""

import argparse
import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import soundfile

from pipeline.audio import FRAME_SECONDS, INPUT_RATE, AudioFrame, Framer, Samples
from pipeline.providers.embedded.speech_to_text import EmbeddedSpeechToText
from pipeline.providers.interfaces import TranscriptionOptions
from pipeline.vad import ConfirmedVoiceActivity
from voice_server.assistants.galion.vocabulary import PRONUNCIATIONS, sentences

SPEECH = Path(__file__).parent.parent / "tests" / "speech"
SILENCE_SECONDS = 0.5
THRESHOLD = 0.5
ROW = "{:26} {:>9} {:>9} {:>7}  {}"


@dataclass(frozen=True, slots=True)
class Recording:
    """Speech, and what is said in it."""

    path: Path
    words: str


@dataclass(frozen=True, slots=True)
class Result:
    """What the recogniser made of one recording."""

    heard: str
    shown: int
    """Transcripts that were not final."""
    late_seconds: float
    processor_seconds: float
    audio_seconds: float


def normalise(text: str) -> str:
    """The words only, in small letters."""
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def word_errors(expected: str, heard: str) -> int:
    """Words to insert, delete or replace (Levenshtein)."""
    row = list(range(len(heard.split()) + 1))
    for line, word in enumerate(expected.split(), start=1):
        diagonal, row[0] = row[0], line
        for column, other in enumerate(heard.split(), start=1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


def recordings(folder: Path) -> Iterator[Recording]:
    """Every recording of a folder that has a transcript."""
    if (table := folder / "transcripts.json").exists():
        for file, words in json.loads(table.read_text()).items():
            yield Recording(folder / file, normalise(words))
        return
    for line in (folder / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 4 and cells[1].endswith(".wav") and not cells[1].endswith("_it.wav"):
            yield Recording(folder / cells[1], normalise(cells[3]))


def frames(samples: Samples) -> Iterator[AudioFrame]:
    """As a conversation hears them."""
    detector = ConfirmedVoiceActivity()
    silence = np.zeros(int(SILENCE_SECONDS * INPUT_RATE), dtype=np.int16)
    for frame in Framer().push(np.concatenate((samples, silence))):
        yield AudioFrame(frame, detector.is_speech(frame, THRESHOLD))


class Microphone:
    """Gives frames at the pace of real time, or at once."""

    def __init__(self, samples: Samples, *, paced: bool) -> None:
        self._frames = list(frames(samples))
        self._paced = paced
        self.ended = 0.0

    async def listen(self) -> AsyncGenerator[AudioFrame, None]:
        """Every frame."""
        started = time.perf_counter()
        for number, frame in enumerate(self._frames, start=1):
            if self._paced:
                await asyncio.sleep(started + number * FRAME_SECONDS - time.perf_counter())
            yield frame
        self.ended = time.perf_counter()


def processor_seconds(process_id: int | None) -> float:
    """Of a process and all its children that have ended."""
    times = psutil.Process(process_id).cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


async def recognise(recogniser: EmbeddedSpeechToText, recording: Recording, domain: str, *, paced: bool) -> Result:
    """Say one recording to the recogniser."""
    samples, rate = soundfile.read(recording.path, dtype="int16")
    if rate != INPUT_RATE:
        raise SystemExit(f"{recording.path} has {rate} Hz, not {INPUT_RATE}.")
    microphone = Microphone(samples, paced=paced)
    before, shown, heard = processor_seconds(recogniser.process_id), 0, ""
    # Each recording is a session of its own: another speaker's voice must not help or harm.
    options = TranscriptionOptions(session_id=recording.path.name, language="en", domain=domain)
    async with contextlib.aclosing(recogniser.transcribe(microphone.listen(), options)) as transcripts:
        async for transcript in transcripts:
            heard = transcript.text
            shown += not transcript.is_final
    late = time.perf_counter() - microphone.ended
    used = processor_seconds(recogniser.process_id) - before
    return Result(normalise(heard), shown, late, used, len(samples) / INPUT_RATE)


async def measure(folders: list[Path], *, paced: bool) -> None:
    """Print one line for each recording and one for each folder."""
    started = time.perf_counter()
    async with EmbeddedSpeechToText({"galion": sentences()}, pronunciations=PRONUNCIATIONS) as recogniser:
        memory = psutil.Process(recogniser.process_id).memory_info().rss / 2**20
        print(f"ready after {time.perf_counter() - started:.2f} s, {memory:.0f} MB")
        for folder in folders:
            print(ROW.format(str(folder.name), "errors", "late ms", "load", "heard"))
            results = []
            for recording in recordings(folder):
                result = await recognise(recogniser, recording, "galion", paced=paced)
                results.append((recording, result))
                print_result(recording, result)
            print_total(results)


def print_result(recording: Recording, result: Result) -> None:
    """One line."""
    errors = f"{word_errors(recording.words, result.heard)}/{len(recording.words.split())}"
    load = f"{result.processor_seconds / result.audio_seconds:.2f}"
    print(ROW.format(recording.path.name, errors, f"{result.late_seconds * 1000:.0f}", load, result.heard))


def print_total(results: list[tuple[Recording, Result]]) -> None:
    """The last line of a folder."""
    errors = sum(word_errors(recording.words, result.heard) for recording, result in results)
    words = sum(len(recording.words.split()) for recording, _ in results)
    late = sorted(result.late_seconds * 1000 for _, result in results)
    load = sum(result.processor_seconds for _, result in results) / sum(result.audio_seconds for _, result in results)
    spread = f"late: median {late[len(late) // 2]:.0f} ms, worst {late[-1]:.0f} ms"
    print(
        ROW.format("total", f"{errors}/{words}", "", f"{load:.2f}", f"word error rate {errors / words:.3f}; {spread}\n")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", metavar="DIR", nargs="*", type=Path, default=[SPEECH])
    parser.add_argument("--unpaced", action="store_true", help="as fast as it goes; lateness then means nothing")
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.folders, paced=not arguments.unpaced))


if __name__ == "__main__":
    main()
