"""What every SpeechToText promises where the user pauses and is perhaps done."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from benchmarks.emulators.faults import FaultKind
from pipeline.audio import AudioFrame
from pipeline.providers.interfaces import Transcript, TranscriptionOptions
from tests.contracts.stages import ENOUGH_SECONDS, Alone, Stage, frames, gathered, given, silence, until

OPTIONS = TranscriptionOptions("session-1", language="en")
SPEECH = frames(1.0)
PAUSE = silence(0.12, marked=True)
MORE_SILENCE = silence(0.4, marked=False)


class Microphone:
    """Gives stretches of audio; each but the first begins when the transcript of the pause before it has come."""

    def __init__(self, *stretches: Sequence[AudioFrame]) -> None:
        self._stretches = stretches
        self.settled = asyncio.Event()

    async def audio(self) -> AsyncIterator[AudioFrame]:
        for number, stretch in enumerate(self._stretches):
            if number:
                await self.settled.wait()
                self.settled.clear()
            for frame in stretch:
                yield frame


async def heard(stage: Alone, *stretches: Sequence[AudioFrame]) -> list[Transcript]:
    microphone = Microphone(*stretches)
    transcripts = []
    async with (
        asyncio.timeout(ENOUGH_SECONDS),
        aclosing(stage.provider.transcribe(microphone.audio(), OPTIONS)) as stream,
    ):
        async for transcript in stream:
            transcripts.append(transcript)
            if transcript.is_settled:
                microphone.settled.set()
    return transcripts


def settled(transcripts: list[Transcript]) -> list[str]:
    assert [transcript.is_final for transcript in transcripts] == [False] * (len(transcripts) - 1) + [True]
    assert not any(transcript.is_final and transcript.is_settled for transcript in transcripts)
    return [transcript.text for transcript in transcripts if transcript.is_settled]


def answers(stage: Stage) -> int:
    """How often the vendor told words."""
    return sum(len(exchange.text) for exchange in stage.scene.exchanges)


async def test_a_pause_is_answered_with_what_becomes_final(any_speech_to_text: Alone) -> None:
    async with any_speech_to_text.leaving_nothing():
        transcripts = await heard(any_speech_to_text, [*SPEECH, *PAUSE], MORE_SILENCE)
    assert settled(transcripts) == [transcripts[-1].text]


async def test_nobody_is_asked_again_if_nothing_follows(speech_to_text: Stage) -> None:
    transcripts = await heard(speech_to_text, [*SPEECH, *PAUSE, *MORE_SILENCE], MORE_SILENCE)
    assert settled(transcripts) == [transcripts[-1].text] == ["I spoke for 1120 milliseconds."]
    assert answers(speech_to_text) == 1


async def test_an_answer_that_is_on_its_way_is_awaited(speech_to_text: Stage) -> None:
    transcripts = await gathered(speech_to_text.provider.transcribe(given([*SPEECH, *PAUSE, *MORE_SILENCE]), OPTIONS))
    assert transcripts[-1] == Transcript("I spoke for 1120 milliseconds.", is_final=True)
    assert answers(speech_to_text) == 1


async def test_an_answer_that_comes_too_late_is_dropped(any_speech_to_text: Alone) -> None:
    """Speech goes on at once, so what was said before is no answer to anything."""
    async with any_speech_to_text.leaving_nothing():
        transcripts = await heard(any_speech_to_text, [*SPEECH, *PAUSE, *SPEECH, *PAUSE], MORE_SILENCE)
    assert settled(transcripts) == [transcripts[-1].text]


async def test_speech_that_goes_on_is_heard_whole(speech_to_text: Stage) -> None:
    first, second = [*SPEECH, *PAUSE, *MORE_SILENCE], [*MORE_SILENCE, *frames(0.5), *PAUSE]
    transcripts = await heard(speech_to_text, first, second, [])
    once, twice = settled(transcripts)
    assert once == "I spoke for 1120 milliseconds."
    assert transcripts[-1].text == twice
    if speech_to_text.provider.name == "openai":
        assert twice == "I spoke for 2540 milliseconds."
    else:
        # In parts, of which none has audio of another and together they have all.
        assert twice == "I spoke for 1120 milliseconds. I spoke for 1420 milliseconds."


async def test_speech_that_goes_on_to_the_end_is_heard_whole(speech_to_text: Stage) -> None:
    transcripts = await heard(speech_to_text, [*SPEECH, *PAUSE], [*MORE_SILENCE, *frames(0.5)])
    assert settled(transcripts) == ["I spoke for 1120 milliseconds."]
    whole = ["I spoke for 2020 milliseconds.", "I spoke for 1120 milliseconds. I spoke for 900 milliseconds."]
    assert transcripts[-1].text == whole[speech_to_text.provider.name != "openai"]


async def test_a_word_after_the_pause_is_long_enough_for_the_vendor(speech_to_text: Stage) -> None:
    transcripts = await heard(speech_to_text, [*SPEECH, *PAUSE], frames(0.04))
    assert transcripts[-1].is_final
    assert answers(speech_to_text) == 2


@pytest.mark.parametrize("speech_goes_on", [False, True])
async def test_a_pause_that_fails_costs_nothing_but_itself(
    speech_goes_on: bool, speech_to_text: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    if speech_to_text.provider.name != "openai":
        pytest.skip("one socket serves the whole utterance: a failure is that of all of it")
    speech_to_text.breaks(FaultKind.SERVER_ERROR)
    failed = asyncio.Event()

    async def audio() -> AsyncIterator[AudioFrame]:
        for frame in [*SPEECH, *PAUSE]:
            yield frame
        await failed.wait()
        for frame in SPEECH if speech_goes_on else MORE_SILENCE:
            yield frame

    hearing = asyncio.ensure_future(gathered(speech_to_text.provider.transcribe(audio(), OPTIONS)))
    await until(lambda: "could not be had at a pause" in caplog.text)
    failed.set()
    assert (await hearing)[-1].text == f"I spoke for {2120 if speech_goes_on else 1520} milliseconds."


async def test_giving_up_at_a_pause_leaves_nothing_behind(speech_to_text: Stage) -> None:
    speech_to_text.breaks(FaultKind.HANG_MIDWAY)

    async def audio() -> AsyncIterator[AudioFrame]:
        for frame in [*SPEECH, *PAUSE]:
            yield frame
        await asyncio.Event().wait()

    async with speech_to_text.leaving_nothing():
        hearing = asyncio.ensure_future(gathered(speech_to_text.provider.transcribe(audio(), OPTIONS)))
        await until(lambda: len(speech_to_text.scene.exchanges) == 1)
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
