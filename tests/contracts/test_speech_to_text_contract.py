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
from tests.contracts.stages import ENOUGH_SECONDS, Stage, frames, gathered, given, patience, until

OPTIONS = TranscriptionOptions("session-1", language="en", prompt="Galion")


async def transcripts(
    stage: Stage, seconds: float, options: TranscriptionOptions = OPTIONS, within: float = ENOUGH_SECONDS
) -> list[Transcript]:
    return await gathered(stage.provider.transcribe(given(frames(seconds)), options), within)


async def test_the_last_transcript_and_no_other_is_final(speech_to_text: Stage) -> None:
    heard = await transcripts(speech_to_text, 2.0)
    assert [transcript.is_final for transcript in heard] == [False] * (len(heard) - 1) + [True]
    assert heard[-1].text == "I spoke for 2000 milliseconds."


async def test_no_audio_has_no_words(speech_to_text: Stage) -> None:
    assert await transcripts(speech_to_text, 0.0) == [Transcript("", is_final=True)]
    assert not speech_to_text.scene.exchanges


async def test_a_click_is_answered(speech_to_text: Stage) -> None:
    heard = await transcripts(speech_to_text, 0.04)
    assert [transcript.is_final for transcript in heard][-1:] == [True]


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


@pytest.mark.parametrize("given_up", ["before", "while-speaking", "while-waiting", "after-first"])
async def test_giving_up_leaves_nothing_behind(speech_to_text: Stage, given_up: str) -> None:
    stage = speech_to_text
    await transcripts(stage, 1.0)
    connections = stage.server.connections
    stuck = asyncio.Event()
    if given_up == "while-waiting":
        stage.breaks(FaultKind.HANG_ON_CONNECT)

    async def microphone() -> AsyncIterator[AudioFrame]:
        for frame in frames(1.0):
            yield frame
        stuck.set()
        if given_up == "while-speaking":
            await asyncio.Event().wait()

    stream = stage.provider.transcribe(microphone(), OPTIONS)
    if given_up == "after-first":
        await anext(stream)
    elif given_up != "before":
        listening = asyncio.ensure_future(anext(stream))
        if given_up == "while-speaking":
            await stuck.wait()
        else:
            await until(lambda: len(stage.scene.exchanges) == 2)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    await stream.aclose()
    await stage.is_quiet(connections)


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


async def test_a_failing_microphone_is_not_hidden(speech_to_text: Stage) -> None:
    async def microphone() -> AsyncIterator[AudioFrame]:
        for frame in frames(0.2):
            yield frame
        raise LookupError("unplugged")

    with pytest.raises(LookupError, match="unplugged"):
        await gathered(speech_to_text.provider.transcribe(microphone(), OPTIONS))
    await speech_to_text.is_quiet(1)
