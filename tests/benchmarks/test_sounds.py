"""The sounds that barge-in is tried with are there, the same every time, and at the levels that they promise."""

from collections import Counter

import numpy as np

from benchmarks import sounds


def decibels(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) / 32_768))


def test_effects_are_the_same_every_time() -> None:
    first, second = sounds.effects(), sounds.effects()
    assert Counter(sound.kind for sound in first) == {"cough": 10, "slam": 5, "keyboard": 3, "noise": 3}
    for one, other in zip(first, second, strict=True):
        assert one.name == other.name
        assert np.array_equal(one.samples, other.samples)
        assert not one.stops
    assert len({sound.name for sound in first}) == len(first)
    assert all(0.2 <= sound.seconds <= 1.3 for sound in first if sound.kind == "cough")


def test_steady_noise_is_ten_decibels_below_a_voice() -> None:
    for sound in sounds.effects():
        if sound.kind == "noise":
            assert abs(decibels(sound.samples) - (sounds.VOICE_LEVEL - 10.0)) < 1.0


async def said() -> tuple[list[sounds.Sound], sounds.Sound]:
    async with sounds.Voices() as voices:
        return await sounds.utterances(voices), await sounds.babble(voices)


async def test_voices_say_backchannels_and_interruptions_in_two_languages() -> None:
    utterances, crowd = await said()
    assert Counter((sound.kind, sound.language) for sound in utterances) == {
        ("backchannel", "en"): 18,
        ("backchannel", "it"): 18,
        ("interruption", "en"): 18,
        ("interruption", "it"): 18,
    }
    assert all(sound.stops == (sound.kind == "interruption") for sound in utterances)
    assert all(np.abs(sound.samples).max() > 1000 for sound in utterances)
    assert abs(decibels(crowd.samples) - sounds.NOISE_LEVEL) < 2.0


async def test_voices_say_the_same_every_time() -> None:
    (first, crowd), (second, same_crowd) = await said(), await said()
    assert np.array_equal(crowd.samples, same_crowd.samples)
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.samples, other.samples), one.name
