"""What breaks, and what it takes with it."""
# ruff: noqa: PT012 (a session that breaks does so in its block)

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from pipeline.audio import AudioFrame
from pipeline.errors import PipelineError, ProviderTimeout, ProviderUnavailable
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    AudioReceived,
    ItemCreated,
    ItemRetrieved,
    ReplyAudio,
    ReplyCancelled,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRequested,
    TranscriptFailed,
)
from pipeline.providers.interfaces import (
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    SpeechChunk,
    SpokenText,
    TextDelta,
    Transcript,
    TranscriptionOptions,
    VoiceOptions,
)
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import ReplyOptions, SessionSettings
from pipeline.vad import LoudnessVoiceActivity
from tests.pipeline.lab import hush, laboratory, tone, typed
from tests.virtual_time import in_virtual_time

MANUAL = SessionSettings(turn_detection=None)
DEAD = ProviderUnavailable("It died.")


class DeafSpeechToText:
    """Never gives a transcript."""

    name = "deaf"

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        await asyncio.sleep(3600)
        yield Transcript("", is_final=True)


class DyingModel:
    """Writes some words, and then fails or falls silent."""

    name = "dying"

    def __init__(self, words: str, error: Exception | None, final_seconds: float = 0.5) -> None:
        self._words = words
        self._error = error
        self._final_seconds = final_seconds

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        for word in self._words.split():
            yield TextDelta(word + " ")
        await asyncio.sleep(self._final_seconds)
        if self._error:
            raise self._error


class DyingVoice(ScriptedTextToSpeech):
    """Says the first clause all at once, and then fails, falls silent or ends."""

    def __init__(self, error: Exception | None, final_seconds: float = 0.0) -> None:
        super().__init__()
        self._last_words = error
        self._final_seconds = final_seconds

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        async for clause in clauses:
            yield SpeechChunk(tone(len(clause) * 0.06, 24_000), (SpokenText(clause, 0.0, None),))
            break
        await asyncio.sleep(self._final_seconds)
        if self._last_words:
            raise self._last_words


class RudeModel(ScriptedLanguageModel):
    """Answers a cancellation with an error of its own."""

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        try:
            await asyncio.sleep(1.0)
        except asyncio.CancelledError:
            raise DEAD from None
        yield TextDelta("Hello there, my friend.")


class RudeSpeechToText:
    """Answers a cancellation with an error of its own."""

    name = "rude"

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise DEAD from None
        yield Transcript("", is_final=True)


async def failure_of(**providers: object) -> PipelineError:
    async with laboratory(MANUAL, **providers) as lab:  # type: ignore[arg-type]
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        finished = await lab.until(ReplyFinished)
        assert finished.status == "failed"
        assert finished.error
        lab.send(ReplyRequested())
        await lab.until(ReplyFinished, 2)
        return finished.error


@in_virtual_time
async def test_a_model_or_a_voice_that_is_dead() -> None:
    assert await failure_of(llm=ScriptedLanguageModel(DEAD)) is DEAD
    assert await failure_of(tts=ScriptedTextToSpeech(error=DEAD)) is DEAD


@in_virtual_time
async def test_a_model_that_dies_in_the_middle() -> None:
    words = "Well then, let me tell you"
    async with laboratory(MANUAL, llm=DyingModel(words, DEAD)) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        finished = await lab.until(ReplyFinished)
        assert (finished.status, finished.error) == ("failed", DEAD)
        assert lab.last_answer.status == "incomplete"
        assert words.startswith(lab.last_answer.text)
        assert lab.last_answer.text
        sent = sum(len(audio.samples) for audio in lab.all(ReplyAudio)) / 24_000
        assert len(lab.last_answer.text) * 0.06 <= sent + 0.2, "what was never made is not in the history"


@in_virtual_time
async def test_speech_over_the_remains_of_a_failed_reply() -> None:
    async with laboratory(llm=DyingModel("One two three four five six, seven eight nine", DEAD)) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        before = lab.last_answer.text
        await lab.says(0.5)
        assert lab.one(ReplyInterrupted)
        assert len(lab.last_answer.text) < len(before)


@in_virtual_time
async def test_a_voice_that_dies_in_the_middle() -> None:
    text = "First comes this sentence. Then comes another."
    for voice in (DyingVoice(DEAD), DyingVoice(None)):
        async with laboratory(MANUAL, llm=ScriptedLanguageModel(text), tts=voice) as lab:
            lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
            finished = await lab.until(ReplyFinished)
            assert finished.status in ("failed", "completed")
            assert lab.last_answer.text == "First comes this sentence."


@in_virtual_time
async def test_every_stage_has_a_deadline() -> None:
    times = replace(
        MANUAL,
        transcription_deadline_seconds=3.0,
        first_words_deadline_seconds=4.0,
        first_audio_deadline_seconds=5.0,
    )
    slow = {
        3.0: {"stt": DeafSpeechToText()},
        4.0: {"llm": ScriptedLanguageModel(first_token_seconds=100)},
        5.0: {"tts": ScriptedTextToSpeech(first_audio_seconds=100)},
    }
    for seconds, provider in slow.items():
        async with laboratory(times, **provider) as lab:  # type: ignore[arg-type]
            await lab.feed(tone(1.0))
            lab.send(AudioCommitted(), ReplyRequested())
            began = asyncio.get_running_loop().time()
            finished = await lab.until(ReplyFinished)
            assert asyncio.get_running_loop().time() - began == pytest.approx(seconds)
            assert finished.status == "failed"
            assert isinstance(finished.error, ProviderTimeout)
            assert len(lab.all(TranscriptFailed)) == (seconds == 3.0)


@in_virtual_time
async def test_a_model_or_a_voice_that_falls_silent_in_the_middle() -> None:
    silent_model = DyingModel("Well then, let me", None, final_seconds=100)
    assert "language model" in (await failure_of(llm=silent_model)).message
    silent_voice = DyingVoice(None, final_seconds=100)
    assert "Text-to-speech" in (await failure_of(tts=silent_voice, llm=ScriptedLanguageModel("One. Two."))).message


@in_virtual_time
async def test_time_in_which_nobody_owes_anything_does_not_count() -> None:
    """A slow model is not the voice's fault, a slow listener neither's."""
    llm = ScriptedLanguageModel("One, two, three. " * 6, seconds_per_token=4.0)
    settings = replace(MANUAL, first_audio_deadline_seconds=2.0, first_words_deadline_seconds=5.0)
    async with laboratory(settings, llm=llm) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        assert (await lab.until(ReplyFinished, limit_seconds=200)).status == "completed"
    async with laboratory(settings, llm=ScriptedLanguageModel("word " * 400)) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        assert (await lab.until(ReplyFinished, limit_seconds=200)).status == "completed"


def new_session(settings: SessionSettings = MANUAL, **providers: object) -> Session:
    chosen = {
        "speech_to_text": ScriptedSpeechToText(),
        "language_model": ScriptedLanguageModel(),
        "text_to_speech": ScriptedTextToSpeech(),
        "voice_activity": LoudnessVoiceActivity,
    }
    return Session("sess_test", settings, Providers(**{**chosen, **providers}))  # type: ignore[arg-type]


@in_virtual_time
async def test_a_client_that_does_not_read() -> None:
    async with new_session() as session:
        session.receive(ItemCreated(typed("item_a", "hi")))
        for _ in range(20_000):
            session.receive(ItemRetrieved("item_a"))
        with pytest.raises(PipelineError, match="did not read"):
            async with aclosing(session.outputs()) as outputs:
                async for _ in outputs:
                    pass


@in_virtual_time
async def test_a_client_that_does_not_read_gets_no_further_ahead_than_agreed() -> None:
    async with new_session(language_model=ScriptedLanguageModel("word " * 400)) as session:
        session.receive(ItemCreated(typed("item_a", "hi")))
        session.receive(ReplyRequested())
        await asyncio.sleep(600)
        waiting = [output for output in session.outbox._waiting if isinstance(output, ReplyAudio)]
        assert sum(len(audio.samples) for audio in waiting) <= 1.1 * 24_000


@in_virtual_time
async def test_what_nobody_foresaw_ends_the_session_and_is_visible() -> None:
    class Bug(Exception):
        pass

    for providers in (
        {"language_model": DyingModel("One two three.", Bug())},
        {"text_to_speech": DyingVoice(Bug())},
        {"text_to_speech": DyingVoice(TimeoutError())},
    ):
        with pytest.raises(BaseExceptionGroup) as caught:
            async with new_session(**providers) as session:
                session.receive(ItemCreated(typed("item_a", "hi")))
                session.receive(ReplyRequested())
                await asyncio.sleep(600)
        original = caught.value.subgroup((Bug, TimeoutError))
        assert original is not None
        assert len(asyncio.all_tasks()) == 1
        assert (session._replies.being_given, session._hearing) == ({}, {})
        session.receive(ReplyRequested())
        session.receive(AudioReceived(tone(1.0)))


@in_virtual_time
async def test_an_unforeseen_end_reaches_whoever_is_waiting_for_outputs() -> None:
    async def read(session: Session) -> int:
        async with aclosing(session.outputs()) as outputs:
            return len([output async for output in outputs])

    with pytest.raises(BaseExceptionGroup) as caught:
        async with new_session(language_model=DyingModel("One.", KeyError("bug"))) as session:
            reading = asyncio.create_task(read(session))
            session.receive(ItemCreated(typed("item_a", "hi")))
            session.receive(ReplyRequested())
            await asyncio.sleep(600)
    assert caught.value.subgroup(KeyError)
    assert await reading > 3


@in_virtual_time
async def test_nothing_new_begins_between_a_fault_and_the_end_it_causes() -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        async with new_session(language_model=DyingModel("One.", KeyError("bug"), final_seconds=1.0)) as session:
            session.receive(ItemCreated(typed("item_a", "hi")))
            session.receive(ReplyRequested())
            try:
                while True:
                    await asyncio.sleep(0)
                    session.receive(AudioReceived(tone(0.02)))
                    session.receive(ReplyRequested())
                    if not session._replies.being_given:
                        pytest.fail("it should have gone on")
                    await asyncio.sleep(0.02)
            finally:
                session.receive(AudioReceived(tone(1.0)))
                session.receive(ReplyRequested(ReplyOptions(in_conversation=False)))
    assert caught.value.subgroup(KeyError)
    assert caught.value.subgroup(RuntimeError) is None


@in_virtual_time
async def test_leaving_while_another_task_reads() -> None:
    async def read(session: Session) -> list[str]:
        async with aclosing(session.outputs()) as outputs:
            return [type(output).__name__ async for output in outputs]

    async with new_session(SessionSettings(), language_model=ScriptedLanguageModel("word " * 50)) as session:
        reading = asyncio.create_task(read(session))
        session.receive(AudioReceived(tone(1.0)))
        session.receive(AudioReceived(hush(0.6)))
        await asyncio.sleep(0.05)
    names = await reading
    assert names[:2] == ["SpeechStarted", "SpeechStopped"]
    assert "ReplyFinished" not in names
    session.receive(AudioReceived(tone(1.0)))
    assert session.outbox._waiting == type(session.outbox._waiting)()


@in_virtual_time
async def test_a_model_that_cannot_be_cancelled_in_peace() -> None:
    async with laboratory(MANUAL, llm=RudeModel()) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        await lab.feed(tone(0.1))
        lab.send(ReplyCancelled(), ReplyRequested())
        await lab.until(ReplyFinished, 2)
        assert [finished.status for finished in lab.all(ReplyFinished)] == ["cancelled", "completed"]
        assert lab.last_answer.text == "Hello there, my friend."


@in_virtual_time
async def test_a_recogniser_that_cannot_be_cancelled_in_peace() -> None:
    async with laboratory(MANUAL, stt=RudeSpeechToText()) as lab:
        await lab.feed(tone(0.5))
        lab.send(AudioCleared())
        await lab.feed(tone(0.5))
        lab.send(AudioCommitted())
        await lab.settle()
    assert not lab.all(TranscriptFailed)
