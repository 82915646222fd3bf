"""Which words of a changing transcript are shown, what if the recogniser is lost, and when it is woken."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import FRAME_SAMPLES, AudioFrame
from pipeline.errors import ProviderUnavailable
from pipeline.events import ReplyFinished, TranscriptCompleted, TranscriptDelta, TranscriptFailed
from pipeline.providers.failover import SpeechToTexts, candidate
from pipeline.providers.interfaces import Transcript, TranscriptionOptions
from pipeline.providers.race import MOST_HEDGES
from pipeline.utterance import WAKE_FRAMES, ShownWords, Utterance
from tests.pipeline.lab import laboratory
from tests.virtual_time import in_virtual_time

versions = st.lists(st.lists(st.sampled_from(["a", "b", "c"]), max_size=8).map(" ".join), max_size=12)


@given(versions)
def test_only_what_two_versions_agree_on_and_nothing_twice(versions: list[str]) -> None:
    words, shown, previous = ShownWords(), "", list[str]()
    for version in versions:
        delta = words.more(version)
        new = version.split()
        agreed = 0
        while agreed < min(len(new), len(previous)) and new[agreed] == previous[agreed]:
            agreed += 1
        if delta:
            assert len((shown + delta).split()) == agreed
            assert (shown + delta).split()[len(shown.split()) :] == new[len(shown.split()) : agreed]
        else:
            assert agreed <= len(shown.split())
        shown, previous = shown + delta, new


def test_words_are_separated_by_one_space() -> None:
    words = ShownWords()
    deltas = [words.more(text) for text in ("what", "what is", "what is two", "what is two")]
    assert deltas == ["", "what", " is", " two"]


class BrokenLine:
    """A recogniser whose connection is lost in the middle of an utterance."""

    name = "broken line"

    def __init__(self, *, losses: int) -> None:
        self._losses = losses
        self.heard: list[int] = []
        """Frames, for each time it was asked."""

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        self.heard.append(0)
        is_lost = len(self.heard) <= self._losses
        async for _ in audio:
            self.heard[-1] += 1
            if self.heard[-1] in (10, 15):
                yield Transcript("what is two", is_final=False)
            if self.heard[-1] == 20 and is_lost:
                raise ProviderUnavailable("The connection was lost.")
        yield Transcript("what is two plus two", is_final=True)


@in_virtual_time
async def test_a_line_that_breaks_in_mid_speech_loses_no_words() -> None:
    stt = BrokenLine(losses=1)
    async with laboratory(stt=SpeechToTexts([candidate("STT", stt)])) as lab:
        await lab.says(2.0)
        await lab.silence_until(ReplyFinished)
        assert lab.one(TranscriptCompleted).text == "what is two plus two"
        assert "".join(delta.text for delta in lab.all(TranscriptDelta)) == "what is two"
        assert stt.heard[0] == 20
        assert stt.heard[1] > 100


@in_virtual_time
async def test_a_line_that_breaks_again_is_given_up() -> None:
    stt = BrokenLine(losses=9)
    async with laboratory(stt=SpeechToTexts([candidate("STT", stt)])) as lab:
        await lab.says(2.0)
        await lab.silence_until(TranscriptFailed)
        assert 2 <= len(stt.heard) <= 1 + MOST_HEDGES


async def test_a_recogniser_is_woken_for_several_frames_at_once_and_for_news_immediately() -> None:
    utterance = Utterance("item", 0.0, 10.0)
    heard: list[AudioFrame] = []
    wakes: list[int] = []

    class Listener:
        name = "listener"

        async def transcribe(
            self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
        ) -> AsyncGenerator[Transcript, None]:
            async for frame in audio:
                heard.append(frame)  # noqa: PERF401 -- one by one: it is told when each comes
            yield Transcript(options.session_id, is_final=True)

    async def hear() -> None:
        async for _ in utterance.transcripts(Listener(), TranscriptionOptions("session")):
            pass

    async def push(*, is_speech: bool, may_be_last: bool = False) -> None:
        utterance.push([AudioFrame(np.zeros(FRAME_SAMPLES, np.int16), is_speech, may_be_last)])
        for _ in range(3):
            await asyncio.sleep(0)
        wakes.append(len(heard))

    hearing = asyncio.create_task(hear())
    await asyncio.sleep(0)
    for _ in range(WAKE_FRAMES + 1):
        await push(is_speech=True)
    assert wakes == [0] * (WAKE_FRAMES - 1) + [WAKE_FRAMES] * 2
    await push(is_speech=False, may_be_last=True)
    assert wakes[-1] == WAKE_FRAMES + 2  # It may say now what was said.
    await push(is_speech=True)
    assert wakes[-1] == WAKE_FRAMES + 3  # What it says of the pause is not needed any more.
    await push(is_speech=True)
    assert wakes[-1] == WAKE_FRAMES + 3
    utterance.close()
    await hearing
    assert len(heard) == WAKE_FRAMES + 4
