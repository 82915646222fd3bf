"""The emulators' delays and tones: the same again for the same seed."""

import asyncio

import numpy as np
import pytest

from benchmarks.emulators import tones
from benchmarks.emulators.profile import PROFILES, Delays, Profile
from tests.virtual_time import in_virtual_time


async def measured(delays: Delays) -> list[float]:
    clock = asyncio.get_running_loop().time
    marks = [clock()]
    for delay in (delays.transcript(), delays.first_token(), delays.token(), delays.first_audio(), delays.speech(1.0)):
        await delay
        marks.append(clock())
    return [round(float(seconds), 6) for seconds in np.diff(marks)]


@in_virtual_time
async def test_the_seed_profile() -> None:
    assert await measured(Delays(PROFILES["seed"], 0, "s")) == [0.3, 0.35, 0.01, 0.2, 0.1]


@in_virtual_time
async def test_the_zero_profile_takes_no_time() -> None:
    assert await measured(Delays(PROFILES["zero"], 0, "s")) == [0.0] * 5


@in_virtual_time
async def test_jitter_is_the_same_for_the_same_seed() -> None:
    profile = Profile(1.0, 1.0, 1.0, 1.0, 1.0, jitter=0.2)
    first, again, other = [await measured(Delays(profile, seed, "s")) for seed in (1, 1, 2)]
    assert first == again != other
    assert all(0.8 <= seconds <= 1.2 for seconds in first)
    assert len(set(first)) == 5


@pytest.mark.parametrize("word", ["Good", "morning."])
def test_a_word_can_be_told_by_its_tone(word: str) -> None:
    spoken = tones.speech("Good morning.")
    place = next(place for place in spoken.words if place.text.strip() == word)
    burst = spoken.samples[round(place.start_seconds * tones.RATE) : round(place.end_seconds * tones.RATE)]
    spectrum = np.abs(np.fft.rfft(burst))
    loudest = np.argmax(spectrum) * tones.RATE / len(burst)
    assert loudest == pytest.approx(tones.frequency(word), abs=tones.RATE / len(burst))
    assert "".join(place.text for place in spoken.words) == "Good morning."
