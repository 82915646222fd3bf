"""How long recorded and synthetic speech is waited for, by its words and its measured voice."""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, OUTPUT_RATE, Framer, Samples
from pipeline.endpointing import Endpointing, Pause
from pipeline.intonation import measure
from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech
from pipeline.providers.interfaces import VoiceOptions
from pipeline.session import ENDING_SECONDS
from pipeline.settings import TurnDetection
from pipeline.turn_taking import PAUSE_SECONDS
from pipeline.vad import ConfirmedVoiceActivity

SPEECH = Path(__file__).parents[1] / "speech"
TRANSCRIPTS: dict[str, str] = json.loads((SPEECH / "transcripts.json").read_text())
LEVEL_AT_THE_END = ("carbon_slt.flac", "solve_slt.flac", "kinetic_energy_slt.flac")
NO_SPEECH = round(PAUSE_SECONDS / FRAME_SECONDS) * FRAME_SAMPLES


def silence(speech: Samples, words: str, language: str | None = None) -> float:
    """After a pause of the length at which the session measures the voice."""
    detector = ConfirmedVoiceActivity()
    room = np.zeros(INPUT_RATE // 2, np.int16)
    frames = list(Framer().push(np.concatenate((room, speech, room))))
    last = max(number for number, frame in enumerate(frames) if detector.is_speech(frame, 0.5))
    detector.close()
    end = (last + 1) * FRAME_SAMPLES + NO_SPEECH
    intonation = measure(np.concatenate(frames).ravel()[end - round(ENDING_SECONDS * INPUT_RATE) : end])
    assert intonation is not None
    return Endpointing().silence_seconds(Pause(words, "", language, intonation), TurnDetection(kind="semantic_vad"))


def read(name: str) -> Samples:
    samples, rate = soundfile.read(SPEECH / name, dtype="int16")
    assert rate == INPUT_RATE
    return np.asarray(samples, np.int16)


async def spoken(text: str, voice_name: str, language: str) -> Samples:
    async def once() -> AsyncIterator[str]:
        yield text

    options = VoiceOptions("test", voice_name, language)
    async with EmbeddedTextToSpeech() as voice, contextlib.aclosing(voice.speak(once(), options)) as speech:
        samples = np.concatenate([chunk.samples async for chunk in speech])
    resampled: Samples = soxr.resample(samples, OUTPUT_RATE, INPUT_RATE).astype(np.int16)
    return resampled


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_complete_request_is_not_waited_for_long(name: str) -> None:
    speech = read(name)
    for shift in range(0, FRAME_SAMPLES, FRAME_SAMPLES // 4):
        assert silence(speech[shift:], TRANSCRIPTS[name]) <= 0.65, "wherever the frames happen to begin"


@pytest.mark.parametrize("name", LEVEL_AT_THE_END)
def test_a_level_voice_does_not_complete_what_hangs(name: str) -> None:
    *words, _ = TRANSCRIPTS[name].split()
    hanging = " ".join([*words, "and"])
    assert silence(read(name), hanging) >= 1.6


@pytest.mark.parametrize(
    ("text", "voice", "language"),
    [
        ("I would like a table for four", "en-us", "en"),
        ("tell me a fact about octopuses", "en-us", "en"),
        ("vorrei prenotare un tavolo", "it", "it"),
    ],
)
async def test_a_voice_that_rises_is_waited_for(text: str, voice: str, language: str) -> None:
    done = await spoken(text + ".", voice, language)
    goes_on = await spoken(text + ",", voice, language)
    assert silence(done, text.lower(), language) <= 0.65
    assert silence(goes_on, text.lower(), language) >= 1.4
