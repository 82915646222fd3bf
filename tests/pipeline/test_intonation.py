"""What the voice does before a pause."""

import contextlib
import itertools
from collections.abc import AsyncIterator

import numpy as np
import pytest
import soxr

from pipeline.audio import INPUT_RATE, OUTPUT_RATE, Samples
from pipeline.intonation import Intonation, finality, measure, rise
from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech
from pipeline.providers.interfaces import VoiceOptions

SILENCE = np.zeros(INPUT_RATE // 8, np.int16)


def glide(hertz: float, semitones_per_second: float, decibels_per_second: float = 0.0, seconds: float = 1.0) -> Samples:
    """A sawtooth as rich as a voice, whose pitch and level change steadily."""
    times = np.arange(round(seconds * INPUT_RATE)) / INPUT_RATE
    pitch = hertz * 2 ** (semitones_per_second * times / 12)
    phase = np.cumsum(pitch) / INPUT_RATE
    wave = sum(np.sin(2 * np.pi * number * phase) / number for number in range(1, 12))
    return (4000 * wave * 10 ** (decibels_per_second * times / 20)).astype(np.int16)


@pytest.mark.parametrize("hertz", [80, 120, 180, 260])
@pytest.mark.parametrize("slope", [-24, -8, 0, 8, 16])
def test_the_slope_of_the_pitch_is_measured(hertz: float, slope: float) -> None:
    intonation = measure(np.concatenate((glide(hertz, slope, seconds=0.8), SILENCE)))
    assert intonation is not None
    assert intonation.pitch_slope == pytest.approx(slope, abs=2)


@pytest.mark.parametrize("slope", [-40, -15, 0])
def test_the_slope_of_the_level_is_measured(slope: float) -> None:
    intonation = measure(np.concatenate((glide(140, 0, slope), SILENCE)))
    assert intonation is not None
    assert intonation.level_slope == pytest.approx(slope, abs=4)


def test_only_the_end_counts() -> None:
    intonation = measure(np.concatenate((glide(120, 12), glide(240, -12, seconds=0.5), SILENCE, SILENCE)))
    assert intonation is not None
    assert intonation.pitch_slope == pytest.approx(-12, abs=2)


def test_what_is_not_voiced_says_nothing() -> None:
    noise = (np.random.default_rng(1).standard_normal(INPUT_RATE) * 3000).astype(np.int16)
    for samples in (SILENCE, SILENCE[:0], noise, glide(120, 0, seconds=0.05), np.zeros(2 * INPUT_RATE, np.int16)):
        assert measure(samples) is None


def test_a_falling_voice_is_done_and_a_level_one_is_not() -> None:
    falling, level, rising, steep = (finality(Intonation(slope, 0.0)) for slope in (-15, 0, 6, 25))
    assert falling > 0.9
    assert -0.2 < level < 0, "level voices end sentences, too"
    assert rising < -0.7
    assert steep < -0.9
    assert finality(Intonation(25, 0.0), is_question=True) > 0.5
    assert finality(Intonation(6, 0.0), is_question=True) <= -0.5
    assert -0.2 < finality(Intonation(0, 0.0), is_question=True) < 0
    assert finality(Intonation(-15, 0.0), is_question=True) > 0.9


def test_a_voice_that_ends_high_is_not_done() -> None:
    low, high = measure(np.concatenate((glide(180, -6), SILENCE))), measure(np.concatenate((glide(180, 6), SILENCE)))
    assert low is not None
    assert high is not None
    assert low.height == pytest.approx(-high.height, abs=0.7)
    assert high.height > 1
    assert finality(Intonation(-2.0, 0.0, low.height - 2)) > finality(Intonation(-2.0, 0.0, high.height))


def test_a_voice_goes_on_by_rising_or_by_being_high() -> None:
    level, rising, high = Intonation(0.6, 0.0, -1.2), Intonation(6.0, 0.0, -1.2), Intonation(0.6, 0.0, 0.8)
    assert (rise(level), rise(rising), rise(high)) == pytest.approx((0.12, 1.0, 1.0))
    assert rise(Intonation(-5.0, 0.0, -3.0)) == 0
    for is_question in (False, True):
        for goes_on in (rising, high):
            assert finality(goes_on, is_question=is_question) < 3 * finality(level, is_question=is_question) < 0


async def once(text: str) -> AsyncIterator[str]:
    yield text


async def test_a_synthetic_voice_ends_a_sentence_otherwise_than_a_clause() -> None:
    voices = [("en", "en-us", "the train leaves in the morning"), ("it", "it", "domani mattina parto per Roma")]
    sounds = {}
    async with EmbeddedTextToSpeech() as voice:
        for (language, name, text), mark in itertools.product(voices, ".,?"):
            options = VoiceOptions("test", name, language)
            async with contextlib.aclosing(voice.speak(once(text + mark), options)) as speech:
                samples = np.concatenate([chunk.samples async for chunk in speech])
            heard = soxr.resample(samples, OUTPUT_RATE, INPUT_RATE).astype(np.int16)
            intonation = measure(np.concatenate((heard, SILENCE)))
            assert intonation is not None
            sounds[language, mark] = intonation
    for language, _, _ in voices:
        assert finality(sounds[language, "."]) > 0.3
        assert finality(sounds[language, "."]) > finality(sounds[language, ","]) + 0.3
        assert sounds[language, "?"].pitch_slope > sounds[language, "."].pitch_slope
