"""What every TextToSpeech promises."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from benchmarks.emulators import tones
from benchmarks.emulators.faults import FaultKind
from pipeline.audio import OUTPUT_RATE
from pipeline.errors import ProviderError
from pipeline.providers.interfaces import SpeechChunk, VoiceOptions
from tests.contracts.stages import ENOUGH_SECONDS, Alone, Stage, gathered, given, patience, until

OPTIONS = VoiceOptions("session-1")
CLAUSES = ["Well, the sky is blue, ", "because air scatters   short waves.\n", "  Is that (more or less) clear? "]


async def chunks(
    stage: Alone, clauses: Sequence[str], options: VoiceOptions = OPTIONS, within: float = ENOUGH_SECONDS
) -> list[SpeechChunk]:
    return await gathered(stage.provider.speak(given(list(clauses)), options), within)


def text(spoken: Sequence[SpeechChunk]) -> str:
    return "".join(piece.text for chunk in spoken for piece in chunk.spoken)


def samples(spoken: Sequence[SpeechChunk]) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.concatenate([chunk.samples for chunk in spoken])


async def test_every_character_is_accounted_for_once(any_text_to_speech: Alone) -> None:
    assert text(await chunks(any_text_to_speech, CLAUSES)) == "".join(CLAUSES)


async def test_the_audio_is_that_of_the_clauses_in_order(text_to_speech: Stage) -> None:
    audio = samples(await chunks(text_to_speech, CLAUSES))
    assert audio.dtype == np.int16
    assert np.array_equal(audio, np.concatenate([tones.speech(clause.strip()).samples for clause in CLAUSES]))


async def test_times_rise_and_stay_within_the_audio(any_text_to_speech: Alone) -> None:
    said = 0
    starts = []
    for chunk in await chunks(any_text_to_speech, CLAUSES):
        begin = said / OUTPUT_RATE
        said += len(chunk.samples)
        for piece in chunk.spoken:
            assert begin - 0.001 <= piece.start_seconds <= said / OUTPUT_RATE + 0.001
            starts.append(piece.start_seconds)
    assert starts == sorted(starts)
    assert starts[0] < 0.1


async def test_speech_begins_before_the_last_clause_is_written(any_text_to_speech: Alone) -> None:
    heard = asyncio.Event()

    async def clauses() -> AsyncIterator[str]:
        yield CLAUSES[0]
        await heard.wait()
        yield CLAUSES[1]

    spoken = []
    async with (
        asyncio.timeout(ENOUGH_SECONDS),
        contextlib.aclosing(any_text_to_speech.provider.speak(clauses(), OPTIONS)) as stream,
    ):
        async for chunk in stream:
            heard.set()
            spoken.append(chunk)
    assert text(spoken) == "".join(CLAUSES[:2])


@pytest.mark.parametrize("clauses", [[], [" "], ["", "\n"], ["—"]])
async def test_nothing_to_say_is_silent(any_text_to_speech: Alone, clauses: list[str]) -> None:
    spoken = await chunks(any_text_to_speech, clauses)
    assert text(spoken) == "".join(clauses)


async def test_the_vendor_learns_the_session_and_unknown_voices_are_replaced(text_to_speech: Stage) -> None:
    await chunks(text_to_speech, CLAUSES, VoiceOptions("session-42", voice="nobody", language="en", speed=1.1))
    assert {exchange.session_id for exchange in text_to_speech.scene.exchanges} == {"session-42"}
    said = [piece.strip() for exchange in text_to_speech.scene.exchanges for piece in exchange.text]
    assert said == [clause.strip() for clause in CLAUSES]


async def test_conversations_do_not_mix(text_to_speech: Stage) -> None:
    replies = [[f"This is number {number}, ", f"and that was number {number}."] for number in range(8)]
    spoken = await asyncio.gather(*(chunks(text_to_speech, reply) for reply in replies))
    for reply, said in zip(replies, spoken, strict=True):
        assert text(said) == "".join(reply)
        assert np.array_equal(samples(said), np.concatenate([tones.speech(one.strip()).samples for one in reply]))


@pytest.mark.parametrize("given_up", ["before", "after-first", "while-writing"])
async def test_giving_up_leaves_nothing_behind(any_text_to_speech: Alone, given_up: str) -> None:
    await chunks(any_text_to_speech, CLAUSES)
    written = asyncio.Event()

    async def clauses() -> AsyncIterator[str]:
        yield CLAUSES[0]
        written.set()
        await asyncio.Event().wait()

    async with any_text_to_speech.leaving_nothing():
        stream = any_text_to_speech.provider.speak(clauses(), OPTIONS)
        if given_up != "before":
            await anext(stream)
        if given_up == "while-writing":
            speaking = asyncio.ensure_future(_exhausted(stream))
            await written.wait()
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        await stream.aclose()


async def test_giving_up_on_a_vendor_that_hangs_leaves_nothing_behind(text_to_speech: Stage) -> None:
    text_to_speech.breaks(FaultKind.HANG_ON_CONNECT)
    async with text_to_speech.leaving_nothing():
        speaking = asyncio.ensure_future(chunks(text_to_speech, CLAUSES))
        await until(lambda: len(text_to_speech.scene.exchanges) > 0)
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


async def _exhausted(stream: AsyncIterator[SpeechChunk]) -> None:
    async for _ in stream:
        pass


@pytest.mark.parametrize("kind", FaultKind)
async def test_every_fault_is_told_and_the_next_call_works(text_to_speech: Stage, kind: FaultKind) -> None:
    if kind is FaultKind.GARBAGE and text_to_speech.provider.name == "openai":
        pytest.skip("samples without a frame around them look like any other bytes")
    text_to_speech.breaks(kind)
    with pytest.raises(ProviderError) as failure:
        await chunks(text_to_speech, CLAUSES[:1], within=patience(kind))
    assert failure.value.message.endswith(".")
    assert len(failure.value.message.split()) > 5
    assert text(await chunks(text_to_speech, CLAUSES)) == "".join(CLAUSES)


async def test_a_vendor_that_is_not_there_is_told(text_to_speech: Stage) -> None:
    await text_to_speech.server.__aexit__(None, None, None)
    with pytest.raises(ProviderError, match="could not be reached"):
        await chunks(text_to_speech, CLAUSES)


async def test_a_failing_writer_is_not_hidden(any_text_to_speech: Alone) -> None:
    async def clauses() -> AsyncIterator[str]:
        yield CLAUSES[0]
        raise LookupError("out of words")

    async with any_text_to_speech.leaving_nothing():
        with pytest.raises(LookupError, match="out of words"):
            await gathered(any_text_to_speech.provider.speak(clauses(), OPTIONS))


async def test_several_at_once(any_text_to_speech: Alone) -> None:
    async with any_text_to_speech.leaving_nothing():
        spoken = await asyncio.gather(*(chunks(any_text_to_speech, CLAUSES) for _ in range(4)))
    assert {text(one) for one in spoken} == {"".join(CLAUSES)}
