"""Deadlines over a provider's stream, on a clock that costs nothing."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence

import pytest

from pipeline import deadlines
from pipeline.deadlines import with_deadlines
from pipeline.errors import ProviderTimeout
from pipeline.providers.race import LOCAL_SECONDS, MOST_LATE_SECONDS
from pipeline.settings import SessionSettings
from tests.virtual_time import in_virtual_time


class Provider:
    """Gives numbers, each after its delay."""

    def __init__(self, delays: Sequence[float], last_seconds: float = 0.0) -> None:
        self._delays = delays
        self._last_seconds = last_seconds
        self.is_closed = False

    async def stream(self) -> AsyncGenerator[int, None]:
        try:
            for number, seconds in enumerate(self._delays):
                await asyncio.sleep(seconds)
                yield number
            await asyncio.sleep(self._last_seconds)
        finally:
            self.is_closed = True


async def gathered(provider: Provider, thinking_seconds: float = 0.0) -> list[int]:
    values = []
    async with contextlib.aclosing(with_deadlines(provider.stream(), 2.0, 1.0, "The vendor's speech")) as stream:
        async for value in stream:
            values.append(value)
            await asyncio.sleep(thinking_seconds)
    return values


@in_virtual_time
async def test_a_provider_in_time_is_passed_on() -> None:
    assert await gathered(Provider([1.9, 0.9, 0.9], last_seconds=0.9)) == [0, 1, 2]


@in_virtual_time
async def test_a_late_beginning_is_told_and_the_stream_closed() -> None:
    provider = Provider([2.1])
    with pytest.raises(ProviderTimeout, match=r"The vendor's speech did not begin within 2 s\."):
        await gathered(provider)
    assert asyncio.get_running_loop().time() == pytest.approx(2.0)
    assert provider.is_closed


@pytest.mark.parametrize("provider", [Provider([0.0, 1.1]), Provider([0.0], last_seconds=1.1)])
def test_silence_in_the_middle_or_before_the_end_is_told(provider: Provider) -> None:
    @in_virtual_time
    async def run() -> None:
        with pytest.raises(ProviderTimeout, match="stopped and did not go on within 1 s"):
            await gathered(provider)
        assert provider.is_closed

    run()


@in_virtual_time
async def test_a_slow_consumer_is_not_the_provider_s_fault() -> None:
    assert await gathered(Provider([1.0, 0.5, 0.5]), thinking_seconds=60.0) == [0, 1, 2]


@in_virtual_time
async def test_a_timeout_of_the_provider_s_own_is_not_the_deadline() -> None:
    async def failing() -> AsyncGenerator[int, None]:
        raise TimeoutError("of its own")
        yield 0

    with pytest.raises(TimeoutError, match="of its own"):
        await anext(with_deadlines(failing(), 1.0, 1.0, "The vendor's speech"))


@in_virtual_time
async def test_cancelling_closes_the_stream() -> None:
    provider = Provider([100.0])
    task = asyncio.create_task(gathered(provider))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert provider.is_closed


def test_a_slow_provider_s_hedge_waits_longer_too() -> None:
    patient = deadlines.LANGUAGE_MODEL.with_first(10.0)
    assert patient.hedge_seconds == pytest.approx(4.8)
    assert (patient.first_seconds, patient.last_seconds) == (10.0, 10.0)
    assert patient.idle_seconds == deadlines.LANGUAGE_MODEL.idle_seconds
    assert deadlines.LANGUAGE_MODEL.with_first(2.0).last_seconds == deadlines.LANGUAGE_MODEL.last_seconds


def test_a_conversation_waits_longer_than_its_providers_are_given() -> None:
    settings = SessionSettings()
    too_long = settings.max_utterance_seconds - deadlines.LONG_AUDIO_SECONDS
    longest = LOCAL_SECONDS + MOST_LATE_SECONDS
    assert settings.transcription_deadline_seconds > longest + too_long * deadlines.SECONDS_PER_LONG_AUDIO_SECOND
    assert settings.first_words_deadline_seconds > longest
    assert settings.first_audio_deadline_seconds > longest
