"""Recordings of people, where they are present; when each word ends is estimated."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.hesitant.utterance import (
    BEFORE_SECONDS,
    TAIL_SECONDS,
    HeardWord,
    HesitantUtterance,
    bare,
    in_room,
)
from pipeline.audio import INPUT_RATE, Samples

FOLDER = Path(__file__).parent.parent.parent.parent / "shared" / "audio"
FRAME = INPUT_RATE // 100
LOUD = 0.06
"""Of the loudest 10 ms: less is a pause."""
SHORTEST_PAUSE_SECONDS = 0.3
TRANSCRIPTS = {
    "jfk": "en|And so, my fellow Americans: | ask | not | what your country can do for you, | "
    "ask what you can do for your country.",
    "goforward": "en|go forward ten meters",
    "librivox_0870": "en|and mister john dashwood had then leisure to consider how much there might be prudently "
    "in his power to do for them",
    "librivox_0880": "en|he was not an ill disposed young man",
    "librivox_0890": "en|unless to be rather cold hearted and rather selfish is to be ill disposed",
    "cards_001": "en|ten of clubs",
    "cards_003": "en|seven of clubs",
    "cards_005": "en|eight of spades | four of clubs | seven of hearts",
    "lamp_en": "en|Turn on the living room light.",
    "lk_weather": "en|What is the weather in Paris?",
    "sr_english": "en|one | two | three",
    "leopard_it": "it|Sempre alla radio nacquero anche alcune sue canzoni o meglio ritmi",
}
"""What is said, by the name of the file; a bar stands where the speaker makes a pause, if it is known."""


def recordings(folder: Path = FOLDER) -> list[HesitantUtterance]:
    """Those of the recordings that are in the folder (WAV, 16 kHz, mono)."""
    files = ((name, folder / f"{name}.wav") for name in TRANSCRIPTS)
    return [_read(name, file) for name, file in files if file.is_file()]


def _read(name: str, file: Path) -> HesitantUtterance:
    samples, rate = soundfile.read(file, dtype="int16")
    if rate != INPUT_RATE or samples.ndim != 1:
        raise ValueError(f"{file} is not mono at {INPUT_RATE} Hz.")
    language, _, text = TRANSCRIPTS[name].partition("|")
    parts = [part.split() for part in text.split("|")]
    silence = [np.zeros(round(seconds * INPUT_RATE), np.int16) for seconds in (BEFORE_SECONDS, TAIL_SECONDS)]
    whole = np.concatenate((silence[0], samples, silence[1]))
    stretches = list(_stretches(whole))
    words = tuple(_words(parts, stretches))
    pauses = tuple((before[1], behind[0]) for before, behind in pairwise(stretches))
    plain = text.replace("|", "").replace("  ", " ").strip()
    return HesitantUtterance(name, language, "recording", "", plain, in_room(whole, 0), words, pauses, stretches[-1][1])


def _stretches(samples: Samples) -> Iterator[tuple[float, float]]:
    """Where there is speech, start and end, by its loudness."""
    frames = samples[: len(samples) // FRAME * FRAME].astype(np.float64).reshape(-1, FRAME)
    loudness = np.sqrt(np.mean(frames**2, axis=1))
    loud = np.flatnonzero(loudness > LOUD * loudness.max())
    breaks = np.flatnonzero(np.diff(loud) > SHORTEST_PAUSE_SECONDS * INPUT_RATE / FRAME)
    for first, last in zip([loud[0], *loud[breaks + 1]], [*loud[breaks], loud[-1]], strict=True):
        yield float(first) * FRAME / INPUT_RATE, float(last + 1) * FRAME / INPUT_RATE


def _words(parts: list[list[str]], stretches: list[tuple[float, float]]) -> Iterator[HeardWord]:
    """Words spread evenly over the speech, part by part where their number is that of the stretches."""
    if len(parts) != len(stretches):
        parts = [[word for part in parts for word in part]]
        stretches = [(stretches[0][0], stretches[-1][1])]
    for part, (start, end) in zip(parts, stretches, strict=True):
        length, said = sum(map(len, part)), 0
        for word in part:
            begin = start + (end - start) * said / length
            said += len(word)
            yield HeardWord(bare(word), begin, start + (end - start) * said / length)
