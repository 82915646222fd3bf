"""A model whose answers are known word by word, and what of them was heard in the audio."""

import random
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.emulators.scene import Exchange, Scene
from benchmarks.emulators.tones import GAP_SECONDS, LOWEST_HERTZ, RATE, STEP_HERTZ, Samples, frequency
from pipeline.continuation import GO_ON

SENTENCES = 4
WORDS = 4
_VOCABULARY = """
    amber anchor autumn barley basket beacon blossom bottle bridge butter candle canyon carpet castle cedar
    circle clover copper coral cotton cradle crystal dagger desert diamond dragon eagle ember engine falcon
    feather fiddle forest garden garlic ginger granite hammer harbor hazel helmet honey island ivory jacket
    jasmine kettle ladder lantern lemon lily linen magnet maple marble meadow mirror monsoon nectar needle
    oyster paddle pearl pepper pillow planet pocket puzzle rabbit ribbon rocket saddle sailor salmon shadow
    silver spider squirrel summer temple thunder timber tulip turtle valley velvet violin walnut willow
    window winter yarrow zephyr
""".split()  # noqa: SIM905 -- to be read, not edited
_ORDINALS = ("First", "Second", "Third", "Fourth")
_QUIET = 200
"""Below it, samples are the silence between two words."""
_SHORTEST_SECONDS = 0.02
"""Less of a word is not heard as anything."""


def answer(question: str) -> str:
    """Several sentences, none of which is like another: of this answer or of others."""
    chance = random.Random(zlib.crc32(question.strip().lower().encode()))
    told = chance.sample(_VOCABULARY, SENTENCES * WORDS)
    sentences = [told[start : start + WORDS] for start in range(0, len(told), WORDS)]
    return " ".join(f"{name} {' '.join(words)}." for name, words in zip(_ORDINALS, sentences, strict=True))


def sentences_of(question: str) -> list[str]:
    """The answer's sentences."""
    return re.findall(r"[^.]+\.", answer(question))


class Recital(Scene):
    """Vendors of which the model answers every question by `answer`.

    Asked to go on, it does so, or says its last message once more from the beginning; half of the time each.
    """

    def answer(self, exchange: Exchange, messages: Sequence[Mapping[str, Any]]) -> str:  # noqa: ARG002
        """See Scene."""
        said: list[str] = []
        question = ""
        for message in messages:
            if message["role"] == "user":
                question, said = str(message["content"]), []
            elif message["role"] == "assistant":
                said.append(str(message["content"]))
        whole = answer(question)
        if messages[-1]["content"] != GO_ON:
            return whole
        begins_anew = zlib.crc32("".join(said).encode()) % 2 == 0
        told = _count(said[:-1] if begins_anew else said)
        return "".join(re.findall(r"\S+\s*", whole)[told:])


def _count(said: Sequence[str]) -> int:
    return sum(len(message.split()) for message in said)


def heard_tones(samples: Samples) -> list[tuple[int, float]]:
    """Each burst in the audio (int16, shape (n,), 24 kHz): its pitch as `frequency` gives it, and its seconds."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _QUIET)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > GAP_SECONDS / 2 * RATE)
    starts, ends = loud[np.append(0, breaks + 1)], loud[np.append(breaks, len(loud) - 1)] + 1
    found = [(_pitch(samples[start:end]), float(end - start) / RATE) for start, end in zip(starts, ends, strict=True)]
    return [tone for tone in found if tone[1] >= _SHORTEST_SECONDS]


def _pitch(burst: Samples) -> int:
    spectrum = np.abs(np.fft.rfft(burst.astype(np.float32), RATE))
    return LOWEST_HERTZ + round((int(np.argmax(spectrum)) - LOWEST_HERTZ) / STEP_HERTZ) * STEP_HERTZ


def pitches(text: str) -> list[int]:
    """How the text sounds."""
    return [frequency(word) for word in text.split()]
