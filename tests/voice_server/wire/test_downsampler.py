"""Live audio at a lower rate: nothing is lost, nothing is late, nothing folds back into what is heard."""

import numpy as np
import pytest

from pipeline.audio import Samples
from voice_server.wire.downsampler import Downsampler

RATES = [(24_000, 16_000), (24_000, 8_000)]
MAX_LAG_SECONDS = 0.0025


def tone(rate: int, hertz: float) -> Samples:
    wave: Samples = (12_000 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)).astype(np.int16)
    return wave


def lowered(samples: Samples, rates: tuple[int, int], chunks: list[int]) -> Samples:
    stream = Downsampler(*rates)
    pieces = [stream.push(chunk) for chunk in np.split(samples, chunks)]
    return np.concatenate([*pieces, stream.flush()])


@pytest.mark.parametrize("rates", RATES)
def test_no_more_than_two_milliseconds_are_held_back(rates: tuple[int, int]) -> None:
    stream, given = Downsampler(*rates), 0
    for number in range(1, 200):
        given += len(stream.push(np.zeros(rates[0] // 50, np.int16)))
        assert number / 50 - given / rates[1] <= MAX_LAG_SECONDS


@pytest.mark.parametrize("rates", RATES)
def test_it_makes_no_difference_how_the_audio_is_cut(rates: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(-20_000, 20_000, rates[0]).astype(np.int16)
    cuts = sorted(np.random.default_rng(2).integers(0, len(noise), 300).tolist())
    # Sums of floats depend on their order in the last bit.
    assert np.allclose(lowered(noise, rates, cuts), lowered(noise, rates, []), atol=1)


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 100, 2400, 2401])
def test_the_length_is_kept(rates: tuple[int, int], count: int) -> None:
    expected = round(count * rates[1] / rates[0])
    assert len(lowered(np.zeros(count, np.int16), rates, [])) == expected


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("part", [0.05, 0.4, 0.8])
def test_what_can_be_heard_stays_as_it_is_and_where_it_is(rates: tuple[int, int], part: float) -> None:
    hertz = round(part * rates[1] / 2)
    given = lowered(tone(rates[0], hertz), rates, [])[200:-200].astype(np.float64)
    expected = tone(rates[1], hertz)[200:-200].astype(np.float64)
    noise = np.mean((given - expected) ** 2) / np.mean(expected**2)
    assert 10 * np.log10(noise) < -60


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("part", [1.15, 1.3, 1.4])
def test_what_cannot_be_heard_does_not_fold_back(rates: tuple[int, int], part: float) -> None:
    given = lowered(tone(rates[0], part * rates[1] / 2), rates, [])[200:-200].astype(np.float64)
    assert 20 * np.log10(np.sqrt(np.mean(given**2)) / 8485 + 1e-9) < -60


def test_loud_audio_is_clipped_and_not_wrapped() -> None:
    square = np.where(np.arange(24_000) // 60 % 2, 32767, -32768).astype(np.int16)
    given = lowered(square, RATES[0], [])
    assert given.max() == 32767
    assert given.min() == -32768
    # The filter overshoots at the edges; a wrapped sample would have the other sign in the middle of a half-wave.
    middles = given.reshape(-1, 40)[:, 5:35]
    assert np.all(np.abs(middles.astype(np.int32).mean(axis=1)) > 30_000)
    assert np.all(np.ptp(middles.astype(np.int32), axis=1) < 10_000)
