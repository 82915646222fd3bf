"""A voice that breaks off is followed by another, if it is known exactly what was said: nothing twice, nothing left."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from pipeline.audio import OUTPUT_RATE
from pipeline.errors import ProviderError, ProviderTimeout, ProviderUnavailable
from pipeline.providers.failover import TextToSpeeches, candidate
from pipeline.providers.interfaces import SpeechChunk, SpokenText, VoiceOptions
from tests.virtual_time import in_virtual_time

SECONDS = 0.5
"""A clause is heard for so long."""
CLAUSES = ("One two. ", "Three four. ", "Five.")


class Voice:
    """Says each clause in two chunks, at ten times the pace of speech, and fails or stops after some of them."""

    def __init__(
        self, name: str, *, chunks: int = 100, then: ProviderError | None = None, dated: bool = True, pace: float = 10.0
    ) -> None:
        self.name = name
        self.chunks = chunks
        self.then = then
        self.dated = dated
        self.pace = pace
        self.clauses: list[str] = []
        self.open = 0

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        self.open += 1
        try:
            left, start = self.chunks, 0.0
            async for clause in clauses:
                self.clauses.append(clause)
                end = start + SECONDS if self.dated else None
                text: tuple[SpokenText, ...] = (SpokenText(clause, start, end),)
                for _ in range(2):
                    if not left:
                        await self._break_off()
                    left -= 1
                    await asyncio.sleep(SECONDS / 2 / self.pace)
                    yield SpeechChunk(np.ones(int(SECONDS / 2 * OUTPUT_RATE), np.int16), text)
                    text = ()
                start += SECONDS
            if not left:
                await self._break_off()
        finally:
            self.open -= 1

    async def _break_off(self) -> None:
        if self.then is not None:
            raise self.then
        await asyncio.Event().wait()


async def written(*clauses: str, pause: float = 0.0) -> AsyncIterator[str]:
    for clause in clauses:
        yield clause
        await asyncio.sleep(pause)


def voices(*providers: Any) -> TextToSpeeches:
    return TextToSpeeches([candidate("TTS", one) for one in providers])


async def said(stage: TextToSpeeches, clauses: Sequence[str] = CLAUSES) -> tuple[list[SpokenText], float]:
    """The texts and the seconds of audio."""
    pieces: list[SpokenText] = []
    samples = 0
    async with aclosing(stage.speak(written(*clauses), VoiceOptions("s"))) as chunks:
        async for chunk in chunks:
            pieces += chunk.spoken
            samples += len(chunk.samples)
    return pieces, samples / OUTPUT_RATE


EVERYTHING = [SpokenText(text, number * SECONDS, (number + 1) * SECONDS) for number, text in enumerate(CLAUSES)]
DOWN = ProviderUnavailable("It is down.")


@in_virtual_time
@pytest.mark.parametrize("chunks", [2, 4])
@pytest.mark.parametrize("then", [DOWN, None])
async def test_another_voice_goes_on_between_two_clauses(chunks: int, then: ProviderError | None) -> None:
    one, two = Voice("one", chunks=chunks, then=then), Voice("two")
    stage = voices(one, two)
    assert await said(stage) == (EVERYTHING, 3 * SECONDS)
    assert "".join(two.clauses) == "".join(CLAUSES[chunks // 2 :])
    assert stage.health()[1].takeovers == 1
    assert (one.open, two.open) == (0, 0)


@in_virtual_time
async def test_the_same_voice_goes_on_if_there_is_no_other() -> None:
    class Once(Voice):
        def speak(self, clauses: Any, options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
            stream = super().speak(clauses, options)
            self.chunks = 100
            return stream

    assert await said(voices(Once("one", chunks=2, then=DOWN))) == (EVERYTHING, 3 * SECONDS)


@in_virtual_time
@pytest.mark.parametrize("one", [Voice("one", chunks=3, then=DOWN), Voice("one", chunks=2, then=DOWN, dated=False)])
async def test_in_the_middle_of_a_clause_or_without_dates_nobody_can_go_on(one: Voice) -> None:
    two = Voice("two")
    with pytest.raises(ProviderUnavailable):
        await said(voices(one, two))
    assert two.clauses == []


@in_virtual_time
async def test_one_that_has_said_everything_need_not_end() -> None:
    two = Voice("two")
    assert await said(voices(Voice("one", chunks=6), two)) == (EVERYTHING, 3 * SECONDS)
    assert two.clauses == []


@in_virtual_time
async def test_one_that_ends_too_early_is_followed() -> None:
    class Ends(Voice):
        async def speak(self, clauses: Any, options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
            async with aclosing(super().speak(clauses, options)) as chunks:
                yield await anext(chunks)
                yield await anext(chunks)

    assert await said(voices(Ends("one"), Voice("two"))) == (EVERYTHING, 3 * SECONDS)


@in_virtual_time
async def test_one_without_any_sound_is_followed() -> None:
    class Mute(Voice):
        async def speak(self, clauses: Any, options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
            async for _ in clauses:
                pass
            return
            yield

    assert await said(voices(Mute("one"), Voice("two"))) == (EVERYTHING, 3 * SECONDS)


@in_virtual_time
async def test_a_voice_may_wait_for_the_model() -> None:
    stage = voices(Voice("one"))
    async with aclosing(stage.speak(written(*CLAUSES, pause=30.0), VoiceOptions("s"))) as chunks:
        assert len([chunk async for chunk in chunks]) == 6


@in_virtual_time
async def test_a_voice_slower_than_speech_is_noticed() -> None:
    with pytest.raises(ProviderTimeout, match="was too slow to be listened to"):
        await said(voices(Voice("one", pace=0.3)), CLAUSES * 4)


@in_virtual_time
async def test_a_voice_that_stops_in_the_middle_is_noticed() -> None:
    with pytest.raises(ProviderTimeout, match=r"stopped in the middle for 1\.5 s"):
        await said(voices(Voice("one", chunks=3)))
    assert asyncio.get_running_loop().time() < 2.0


@in_virtual_time
async def test_a_voice_that_breaks_off_for_ever_is_given_up() -> None:
    stage = voices(Voice("one", chunks=2, then=DOWN))
    with pytest.raises(ProviderUnavailable):
        await said(stage, CLAUSES * 3)
