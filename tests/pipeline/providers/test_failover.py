"""The next provider is asked the same as the one that failed, however far that one had come."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import numpy as np
import pytest

from pipeline.audio import FRAME_SAMPLES, AudioFrame
from pipeline.errors import ProviderError, ProviderUnavailable
from pipeline.providers.failover import LanguageModels, SpeechToTexts, TextToSpeeches, candidate
from pipeline.providers.interfaces import (
    CompletionOptions,
    LanguageModel,
    SpeechChunk,
    SpeechToText,
    TextDelta,
    TextToSpeech,
    Transcript,
    TranscriptionOptions,
    VoiceOptions,
)
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech

DOWN = ProviderUnavailable("It is down.")


def heard_by(*providers: SpeechToText) -> SpeechToTexts:
    return SpeechToTexts([candidate("STT", provider) for provider in providers])


def written_by(*providers: LanguageModel) -> LanguageModels:
    return LanguageModels([candidate("LLM", provider) for provider in providers])


def said_by(*providers: TextToSpeech) -> TextToSpeeches:
    return TextToSpeeches([candidate("TTS", provider) for provider in providers])


class Source:
    """Gives values one by one, and knows how many were taken and whether it was closed."""

    def __init__(self, *values: Any, pause_after: int | None = None) -> None:
        self.values = values
        self.taken = 0
        self.closed = False
        self.pauses = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.pause_after = pause_after

    async def __call__(self) -> AsyncGenerator[Any, None]:
        try:
            for value in self.values:
                if self.taken == self.pause_after:
                    self.pauses.set()
                    await self.goes_on.wait()
                self.taken += 1
                yield value
        finally:
            self.closed = True


def frames(count: int) -> list[AudioFrame]:
    return [AudioFrame(np.full(FRAME_SAMPLES, index, dtype=np.int16), is_speech=True) for index in range(count)]


async def drain(stream: AsyncGenerator[Any, None]) -> None:
    async with aclosing(stream):
        async for _ in stream:
            pass


class FailsWhileItWaits:
    """Takes what there is, as a socket's sender does, and fails while it waits for more."""

    name = "fails while it waits"

    def __init__(self, source: Source, value: Any = None) -> None:
        self.source = source
        self.value = value

    async def transcribe(self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions) -> Any:
        async for _ in self._fail(audio):
            yield _

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> Any:
        async for _ in self._fail(clauses):
            yield _

    async def _fail(self, values: AsyncIterator[Any]) -> Any:
        async def send() -> None:
            async for _ in values:
                pass

        sending = asyncio.create_task(send())
        await self.source.pauses.wait()
        if self.value is not None:
            yield self.value
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        self.source.goes_on.set()
        raise DOWN


async def test_an_utterance_is_heard_by_the_next_from_its_beginning() -> None:
    source = Source(*frames(4), pause_after=2)
    second = ScriptedSpeechToText("hello")
    both = heard_by(FailsWhileItWaits(source), second)
    async with aclosing(both.transcribe(source(), TranscriptionOptions("s"))) as transcripts:
        given = [transcript async for transcript in transcripts]
    assert given[-1] == Transcript("hello", is_final=True)
    assert second.heard_seconds == [pytest.approx(4 * 0.02)]


async def test_transcripts_that_are_not_final_may_be_replaced() -> None:
    source = Source(*frames(4), pause_after=2)
    first = FailsWhileItWaits(source, Transcript("hallo", is_final=False))
    both = heard_by(first, ScriptedSpeechToText("hello"))
    async with aclosing(both.transcribe(source(), TranscriptionOptions("s"))) as transcripts:
        given = [transcript.text async for transcript in transcripts]
    assert given == ["hallo", "hello"]


async def test_a_reply_is_spoken_by_the_next_from_its_beginning() -> None:
    source = Source("One. ", "Two. ", "Three.", pause_after=2)
    second = ScriptedTextToSpeech()
    both = said_by(FailsWhileItWaits(source), second)
    async with aclosing(both.speak(source(), VoiceOptions("s"))) as chunks:
        assert [chunk async for chunk in chunks]
    assert second.clauses == ["One. ", "Two. ", "Three."]


async def test_what_was_heard_cannot_be_said_again_by_another() -> None:
    source = Source("One. ", "Two. ", "Three.", pause_after=2)
    second = ScriptedTextToSpeech()
    sound = SpeechChunk(np.ones(10, dtype=np.int16))
    both = said_by(FailsWhileItWaits(source, sound), second)
    with pytest.raises(ProviderUnavailable):
        await drain(both.speak(source(), VoiceOptions("s")))
    assert second.requests == []


async def test_a_reply_is_written_by_the_next() -> None:
    models = [ScriptedLanguageModel(DOWN), ScriptedLanguageModel(DOWN), ScriptedLanguageModel("Hello.")]
    async with aclosing(written_by(*models).complete([], CompletionOptions("s"))) as deltas:
        assert [delta.text async for delta in deltas if isinstance(delta, TextDelta)] == ["Hello."]
    assert [len(model.requests) for model in models] == [1, 1, 1]


async def test_the_last_failure_is_told() -> None:
    last = ProviderUnavailable("The last is down too.")
    models = written_by(ScriptedLanguageModel(DOWN), ScriptedLanguageModel(last))
    with pytest.raises(ProviderError, match="The last is down too"):
        await drain(models.complete([], CompletionOptions("s")))


async def test_the_next_is_not_asked_while_the_first_does_well() -> None:
    models = [ScriptedLanguageModel("Hello."), ScriptedLanguageModel("Unheard.")]
    async with aclosing(written_by(*models).complete([], CompletionOptions("s"))) as deltas:
        assert [delta async for delta in deltas]
    assert models[1].requests == []


async def test_giving_up_closes_what_was_open() -> None:
    source = Source("One. ", "Two. ", pause_after=1)
    both = said_by(ScriptedTextToSpeech(), ScriptedTextToSpeech())
    clauses = source()
    async with aclosing(clauses), aclosing(both.speak(clauses, VoiceOptions("s"))) as chunks:
        await anext(chunks)
    assert source.closed
    assert len(asyncio.all_tasks()) == 1


def test_several_tell_all_their_names() -> None:
    assert heard_by(ScriptedSpeechToText(), ScriptedSpeechToText()).name == "scripted, scripted"


class Hangs:
    """Takes everything it is given, and never answers."""

    name = "hangs"

    def __init__(self, *values: Any) -> None:
        self._values = values
        self.was_closed = False

    async def _hang(self, source: AsyncIterator[Any] | None = None) -> AsyncGenerator[Any, None]:
        try:
            if source is not None:
                async for _ in source:
                    pass
            for value in self._values:
                yield value
            await asyncio.Event().wait()
        finally:
            self.was_closed = True

    def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        return self._hang(audio)

    def complete(self, messages: Any, options: CompletionOptions) -> AsyncGenerator[Any, None]:
        return self._hang()

    def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        return self._hang(clauses)


async def slowly(*values: Any) -> AsyncGenerator[Any, None]:
    """Values that take longer to come than any provider is waited for."""
    for value in values:
        await asyncio.sleep(60)
        yield value
    await asyncio.sleep(60)
