"""Requests for the words of an utterance, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import numpy as np
import pytest

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, AudioFrame
from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import Transcript, TranscriptionOptions
from pipeline.providers.scripted import ScriptedSpeechToText
from pipeline.providers.transcription_requests import MAX_SHOWN, TranscriptionRequests
from tests.virtual_time import in_virtual_time

OPTIONS = TranscriptionOptions("s")
QUIET = np.zeros(FRAME_SAMPLES, np.int16)


async def spoken(pattern: str) -> AsyncIterator[AudioFrame]:
    """A frame every 20 ms: `s`peech, ` ` silence, `?` silence that may be the last."""
    for mark in pattern:
        await asyncio.sleep(FRAME_SECONDS)
        yield AudioFrame(QUIET, mark == "s", mark == "?")


async def timed(recogniser: ScriptedSpeechToText, pattern: str) -> list[tuple[float, Transcript]]:
    """What is heard, and after how many seconds, leaving out what is merely shown."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with aclosing(recogniser.transcribe(spoken(pattern), OPTIONS)) as stream:
        return [
            (round(loop.time() - began, 2), transcript)
            async for transcript in stream
            if transcript.is_final or transcript.is_settled
        ]


@in_virtual_time
async def test_the_words_are_there_when_the_utterance_ends() -> None:
    recogniser = ScriptedSpeechToText("good day", final_seconds=0.3)
    heard = await timed(recogniser, "s" * 50 + "     ?" + " " * 20)
    settled, final = Transcript("good day", False, True), Transcript("good day", True)
    assert heard == [(1.42, settled), (1.52, final)]
    assert recogniser.attempts == [pytest.approx(1.12)]


@in_virtual_time
async def test_an_attempt_under_way_is_awaited() -> None:
    recogniser = ScriptedSpeechToText("good day", final_seconds=0.3)
    assert await timed(recogniser, "s" * 50 + "     ?" + " " * 5) == [(1.42, Transcript("good day", True))]
    assert len(recogniser.attempts) == 1


@in_virtual_time
async def test_speech_that_goes_on_gives_up_the_attempt() -> None:
    recogniser = ScriptedSpeechToText("good day", final_seconds=0.3)
    heard = await timed(recogniser, "s" * 50 + "     ?" + " " * 5 + "s" * 14)
    assert heard == [(1.8, Transcript("good day", True))]
    assert len(recogniser.attempts) == 2


@in_virtual_time
async def test_words_appear_as_they_are_spoken() -> None:
    recogniser = ScriptedSpeechToText("I would like a pizza", seconds_per_word=0.2)
    heard = await timed(recogniser, "s" * 30 + "     ?   " + "s" * 15 + "     ?" + "s" * 10 + " ")
    assert [transcript.text for _, transcript in heard] == [
        "I would like", "I would like a", "I would like a pizza"
    ]  # fmt: skip
    assert heard[-1][1].is_final


@in_virtual_time
async def test_a_failure_in_the_script_is_told_at_the_end() -> None:
    recogniser = ScriptedSpeechToText(ProviderUnavailable("No line."))
    with pytest.raises(ProviderUnavailable, match="No line"):
        await timed(recogniser, "sss  ?  ?  ")
    assert len(recogniser.attempts) == 3


@in_virtual_time
async def test_what_nobody_takes_is_forgotten() -> None:
    async def ask(_: Sequence[AudioFrame]) -> str:
        return "all"

    requests = TranscriptionRequests(ask)
    for number in range(2 * MAX_SHOWN):
        requests.show(str(number))
    async with aclosing(requests.transcripts(spoken("s"))) as stream:
        texts = [transcript.text async for transcript in stream]
    assert texts == [*map(str, range(MAX_SHOWN, 2 * MAX_SHOWN)), "all"]
