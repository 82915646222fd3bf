"""What every SpeechToText promises."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from benchmarks.emulators.faults import FaultKind
from benchmarks.emulators.script import Script
from pipeline.audio import AudioFrame
from pipeline.errors import ProviderError
from pipeline.providers.interfaces import Transcript, TranscriptionOptions
from tests.contracts.stages import ENOUGH_SECONDS, Alone, Stage, frames, gathered, given, patience, until

OPTIONS = TranscriptionOptions("session-1", language="en", prompt="Galion")


async def transcripts(
    stage: Alone, seconds: float, options: TranscriptionOptions = OPTIONS, within: float = ENOUGH_SECONDS
) -> list[Transcript]:
    return await gathered(stage.provider.transcribe(given(frames(seconds)), options), within)


@pytest.mark.parametrize("seconds", [0.04, 0.5, 2.0])
async def test_the_last_transcript_and_no_other_is_final(any_speech_to_text: Alone, seconds: float) -> None:
    heard = await transcripts(any_speech_to_text, seconds)
    assert [transcript.is_final for transcript in heard] == [False] * (len(heard) - 1) + [True]
    assert all(transcript.text == transcript.text.strip() for transcript in heard)


async def test_all_of_the_audio_is_heard(speech_to_text: Stage) -> None:
    assert (await transcripts(speech_to_text, 2.0))[-1].text == "I spoke for 2000 milliseconds."


async def test_no_audio_has_no_words(speech_to_text: Stage) -> None:
    assert await transcripts(speech_to_text, 0.0) == [Transcript("", is_final=True)]
    assert not speech_to_text.scene.exchanges


async def test_the_vendor_learns_the_session(speech_to_text: Stage) -> None:
    await transcripts(speech_to_text, 1.0, TranscriptionOptions("session-42"))
    assert [exchange.session_id for exchange in speech_to_text.scene.exchanges] == ["session-42"]
    assert speech_to_text.scene.exchanges[0].finished


async def test_conversations_do_not_mix(speech_to_text: Stage) -> None:
    names = [f"session-{number}" for number in range(8)]
    speech_to_text.scene.script = Script({name: [f"This is {name}."] for name in names})
    heard = await asyncio.gather(*(transcripts(speech_to_text, 1.0, TranscriptionOptions(name)) for name in names))
    assert [one[-1].text for one in heard] == [f"This is {name}." for name in names]


async def test_audio_is_sent_while_it_is_spoken(live_speech_to_text: Stage) -> None:
    stage = live_speech_to_text
    shown = asyncio.Event()

    async def microphone() -> AsyncIterator[AudioFrame]:
        for frame in frames(1.0):
            yield frame
        await shown.wait()

    async with (
        asyncio.timeout(ENOUGH_SECONDS),
        contextlib.aclosing(stage.provider.transcribe(microphone(), OPTIONS)) as stream,
    ):
        if stage.provider.name == "elevenlabs":
            assert not (await anext(stream)).is_final
        else:
            first = asyncio.ensure_future(anext(stream))
            await until(lambda: len(stage.scene.exchanges) == 1)
            shown.set()
            assert not (await first).is_final
        shown.set()
        rest = [transcript async for transcript in stream]
    assert rest[-1].text == "I spoke for 1000 milliseconds."


async def microphone(spoken: asyncio.Event, *, goes_on: bool) -> AsyncIterator[AudioFrame]:
    for frame in frames(1.0):
        yield frame
    spoken.set()
    if goes_on:
        await asyncio.Event().wait()


@pytest.mark.parametrize("given_up", ["before", "while-speaking", "after-first"])
async def test_giving_up_leaves_nothing_behind(any_speech_to_text: Alone, given_up: str) -> None:
    provider = any_speech_to_text.provider
    await transcripts(any_speech_to_text, 1.0)
    spoken = asyncio.Event()
    async with any_speech_to_text.leaving_nothing():
        stream = provider.transcribe(microphone(spoken, goes_on=given_up == "while-speaking"), OPTIONS)
        if given_up == "after-first":
            await anext(stream)
        elif given_up == "while-speaking":
            listening = asyncio.ensure_future(_exhausted(stream))
            await spoken.wait()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await stream.aclose()


async def test_giving_up_on_a_vendor_that_hangs_leaves_nothing_behind(speech_to_text: Stage) -> None:
    speech_to_text.breaks(FaultKind.HANG_ON_CONNECT)
    async with speech_to_text.leaving_nothing():
        listening = asyncio.ensure_future(transcripts(speech_to_text, 1.0))
        await until(lambda: len(speech_to_text.scene.exchanges) == 1)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _exhausted(stream: AsyncIterator[Transcript]) -> None:
    async for _ in stream:
        pass


@pytest.mark.parametrize("kind", FaultKind)
async def test_every_fault_is_told_and_the_next_call_works(speech_to_text: Stage, kind: FaultKind) -> None:
    speech_to_text.breaks(kind)
    with pytest.raises(ProviderError) as failure:
        await transcripts(speech_to_text, 1.0, within=patience(kind))
    assert failure.value.message.endswith(".")
    assert len(failure.value.message.split()) > 5
    assert (await transcripts(speech_to_text, 1.0))[-1].text == "I spoke for 1000 milliseconds."


async def test_a_vendor_that_is_not_there_is_told(speech_to_text: Stage) -> None:
    await speech_to_text.server.__aexit__(None, None, None)
    with pytest.raises(ProviderError, match="could not be reached"):
        await transcripts(speech_to_text, 1.0)


async def test_a_failing_microphone_is_not_hidden(any_speech_to_text: Alone) -> None:
    async def failing() -> AsyncIterator[AudioFrame]:
        for frame in frames(0.2):
            yield frame
        raise LookupError("unplugged")

    async with any_speech_to_text.leaving_nothing():
        with pytest.raises(LookupError, match="unplugged"):
            await gathered(any_speech_to_text.provider.transcribe(failing(), OPTIONS))


async def test_several_at_once(any_speech_to_text: Alone) -> None:
    async with any_speech_to_text.leaving_nothing():
        heard = await asyncio.gather(*(transcripts(any_speech_to_text, 0.5) for _ in range(4)))
    assert all(one[-1].is_final for one in heard)
