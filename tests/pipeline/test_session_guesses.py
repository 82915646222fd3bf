"""An answer is prepared in a pause: released at the end of the turn, dropped without a trace when speech goes on."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

import pytest

from pipeline.errors import ProviderUnavailable
from pipeline.events import (
    AudioCommitted,
    GuessDropped,
    ItemCreated,
    ReplyAudio,
    ReplyFinished,
    ReplyRequested,
    ReplyStarted,
    SettingsChanged,
    ToolCalled,
    ToolReturned,
    TranscriptDelta,
    TurnMeasured,
    Waste,
)
from pipeline.providers.interfaces import CompletionOptions, ModelDelta, ModelMessage, ToolCall, ToolDefinition
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.settings import ReplyOptions, SessionSettings, TurnDetection
from pipeline.speculation import FIRST_GUESSES, GUESSES_PER_MINUTE
from pipeline.tools import Tool
from tests.pipeline.lab import laboratory, typed
from tests.virtual_time import in_virtual_time

STORY = "Once upon a time there was a king, who had three daughters."
FIXED = SessionSettings(turn_detection=TurnDetection(silence_seconds=0.5))
PATIENT = SessionSettings(turn_detection=TurnDetection(silence_seconds=0.7))
NOTICED_SECONDS = SessionSettings().guess_after_seconds or 0.0
FRAME = 0.0201


class Writes:
    """A tool of the server, and how often it ran."""

    def __init__(self, seconds: float = 0.0, *, writes: bool = True) -> None:
        self.began: list[float] = []
        self.ended: list[float] = []
        self._seconds = seconds
        self.tool = Tool(ToolDefinition("book", "", {}), self._run, writes)

    async def _run(self, arguments: Mapping[str, object]) -> str:
        loop = asyncio.get_running_loop()
        self.began.append(loop.time())
        await asyncio.sleep(self._seconds)
        self.ended.append(loop.time())
        return "booked"


CALL = ToolCall("call_1", "book", "{}")


@pytest.mark.parametrize(
    ("stt", "llm", "tts"),
    [(0.0, 0.0, 0.0), (0.1, 0.1, 0.1), (0.1, 0.15, 0.1), (0.12, 0.15, 0.075), (0.2, 0.2, 0.1), (0.3, 0.35, 0.2)],
)
@pytest.mark.parametrize("silence", [0.25, 0.5])
def test_the_wait_hides_behind_the_work(stt: float, llm: float, tts: float, silence: float) -> None:
    @in_virtual_time
    async def scenario() -> None:
        settings = SessionSettings(turn_detection=TurnDetection(silence_seconds=silence))
        hears = ScriptedSpeechToText("hello", final_seconds=stt)
        writes = ScriptedLanguageModel("Yes.", first_token_seconds=llm)
        async with laboratory(
            settings, stt=hears, llm=writes, tts=ScriptedTextToSpeech(first_audio_seconds=tts)
        ) as lab:
            await lab.says(1.0)
            await lab.silence_until(TurnMeasured)
            voice_to_voice = lab.audio_time() - lab.speech_ended_at
            # What is missing takes its time; what waits for the silence costs none.
            expected = max(silence, NOTICED_SECONDS + stt + llm + tts)
            assert expected - 1e-6 <= voice_to_voice <= expected + FRAME
            assert len(lab.llm.requests) == len(lab.tts.requests) == 1
            assert len(lab.stt.attempts) == 1
            turn = lab.one(TurnMeasured)
            assert turn.spans[-1].name == "sent"
            assert turn.spans[-1].end_seconds == pytest.approx(voice_to_voice)
            assert turn.committed_seconds == pytest.approx(silence, abs=FRAME)
            assert turn.waste == Waste()
            await lab.hears_out()
            assert lab.said() == [("user", "hello"), ("assistant", "Yes.")]
            assert lab.all(GuessDropped) == []

    scenario()


@in_virtual_time
async def test_nothing_of_a_guess_leaves_before_the_turn_is_over() -> None:
    async with laboratory(PATIENT, llm=ScriptedLanguageModel(STORY)) as lab:
        await lab.says(1.0)
        await lab.silence(0.6)
        assert len(lab.tts.clauses) > 0, "the answer is being spoken"
        assert set(lab.names()) <= {"SpeechStarted", "TranscriptDelta"}
        assert lab.all(ReplyAudio) == []
        assert lab.said() == []
        await lab.silence(0.14)
        assert lab.all(ReplyAudio)
        await lab.hears_out()
        assert lab.last_answer.text == STORY
        assert len(lab.llm.requests) == 1


@in_virtual_time
async def test_speech_that_goes_on_drops_the_guess_without_a_trace() -> None:
    stt = ScriptedSpeechToText("I would like two tickets please for tonight", seconds_per_word=0.25)
    async with laboratory(PATIENT, stt=stt, llm=ScriptedLanguageModel("Wrong.", STORY)) as lab:
        await lab.says(1.0)
        await lab.silence(0.4)
        before = len(lab.outputs)
        assert len(lab.llm.requests) == 1
        await lab.says(1.0)
        assert {type(output) for output in lab.outputs[before:]} <= {GuessDropped, TranscriptDelta}
        await lab.silence_until(TurnMeasured)
        await lab.hears_out()
        dropped = lab.one(GuessDropped)
        assert dropped.reply_id not in {started.reply_id for started in lab.all(ReplyStarted)}
        assert [reply.status for reply in lab.all(ReplyFinished)] == ["completed"]
        assert lab.said() == [("user", "I would like two tickets please for tonight"), ("assistant", STORY)]
        assert [message.text for message in lab.llm.requests[1][0] if message.role != "system"] == [
            "I would like two tickets please for tonight"
        ]
        assert lab.one(TurnMeasured).waste == dropped.waste
        assert dropped.waste.guesses == 1
        assert dropped.waste.tokens == 1
        assert dropped.waste.characters == len("Wrong.")
        assert 0 < dropped.waste.audio_seconds <= 1.0


@in_virtual_time
async def test_a_guess_is_dropped_while_its_model_or_voice_works() -> None:
    for llm, tts in ((ScriptedLanguageModel(STORY, first_token_seconds=5.0), None), (None, 5.0)):
        voice = ScriptedTextToSpeech(first_audio_seconds=tts or 0.0)
        async with laboratory(PATIENT, llm=llm or ScriptedLanguageModel(STORY), tts=voice) as lab:
            await lab.says(1.0)
            await lab.silence(0.4)
            await lab.says(0.3)
            assert lab.one(GuessDropped).waste.audio_seconds == 0.0
            await lab.silence(0.04)
            assert lab.session._replies.being_given == {}


@in_virtual_time
async def test_attempts_of_one_turn_are_bounded() -> None:
    stt = ScriptedSpeechToText(" ".join(f"word{number}" for number in range(200)), seconds_per_word=0.2)
    async with laboratory(PATIENT, stt=stt) as lab:
        for _ in range(12):
            await lab.says(0.4)
            await lab.silence(0.4)
        seconds = 12 * 0.8
        assert len(lab.llm.requests) <= FIRST_GUESSES + seconds / 10 + 1
        await lab.silence_until(ReplyFinished)
        measured = lab.one(TurnMeasured)
        assert measured.waste.guesses == len(lab.all(GuessDropped)) <= FIRST_GUESSES + 1


@in_virtual_time
async def test_attempts_of_one_minute_are_bounded() -> None:
    stt = ScriptedSpeechToText("one two three four five six seven eight", seconds_per_word=0.2)
    async with laboratory(PATIENT, stt=stt, llm=ScriptedLanguageModel("Hm.")) as lab:
        # Twenty short turns, each with two pauses that are long enough to guess.
        for _ in range(20):
            for _ in range(3):
                await lab.says(0.3)
                await lab.silence(0.3)
            await lab.silence(0.6)
        assert len(lab.all(GuessDropped)) >= GUESSES_PER_MINUTE // 2
        assert asyncio.get_running_loop().time() < 60.0
        assert len(lab.all(GuessDropped)) <= GUESSES_PER_MINUTE
        assert len(lab.all(TurnMeasured)) == 20


@in_virtual_time
async def test_a_tool_that_writes_waits_for_the_end_of_the_turn() -> None:
    tool = Writes()
    async with laboratory(PATIENT, llm=ScriptedLanguageModel(CALL, "Done."), tools=[tool.tool]) as lab:
        await lab.says(1.0)
        await lab.silence(0.6)
        assert len(lab.llm.requests) == 1
        assert tool.began == []
        await lab.silence_until(ReplyFinished)
        assert len(tool.began) == 1
        assert tool.began[0] - lab.speech_ended_at == pytest.approx(0.7, abs=FRAME)
        assert len(lab.llm.requests) == 2
        assert [type(one) for one in lab.outputs if isinstance(one, (ToolCalled, ToolReturned))] == [
            ToolCalled,
            ToolReturned,
        ]
        assert lab.last_answer.text == "Done."


@in_virtual_time
async def test_a_tool_that_writes_never_runs_for_a_dropped_guess() -> None:
    tool = Writes()
    async with laboratory(PATIENT, llm=ScriptedLanguageModel(CALL, CALL, "Done."), tools=[tool.tool]) as lab:
        await lab.says(1.0)
        await lab.silence(0.5)
        await lab.says(1.0)
        assert tool.began == []
        await lab.silence_until(ReplyFinished)
        assert len(tool.began) == 1
        assert len(lab.all(ToolCalled)) == 1


@in_virtual_time
async def test_a_tool_that_reads_may_run_for_a_guess() -> None:
    tool = Writes(writes=False)
    async with laboratory(PATIENT, llm=ScriptedLanguageModel(CALL, "Done."), tools=[tool.tool]) as lab:
        await lab.says(1.0)
        await lab.silence(0.4)
        assert len(tool.began) == 1
        assert lab.all(ToolCalled) == [], "nobody is told yet"
        await lab.silence_until(ReplyFinished)
        assert len(tool.began) == 1
        assert len(lab.all(ToolCalled)) == len(lab.all(ToolReturned)) == 1


@pytest.mark.parametrize("writes", [True, False])
def test_an_interruption_does_not_stop_a_tool_that_writes(*, writes: bool) -> None:
    @in_virtual_time
    async def scenario() -> None:
        tool = Writes(5.0, writes=writes)
        async with laboratory(FIXED, llm=ScriptedLanguageModel(CALL, "Done."), tools=[tool.tool]) as lab:
            await lab.says(1.0)
            await lab.silence(1.0)
            assert len(tool.began) == 1
            await lab.says(1.0)
            assert lab.one(ReplyFinished).status == "cancelled"
            await lab.silence(6.0)
            assert len(tool.began) == 1
            assert len(tool.ended) == (1 if writes else 0)

    scenario()


@pytest.mark.parametrize("what", ["settings", "item"])
def test_what_the_client_changes_in_the_pause_counts(what: str) -> None:
    @in_virtual_time
    async def scenario() -> None:
        async with laboratory(PATIENT, llm=ScriptedLanguageModel("Old.", "New.")) as lab:
            await lab.says(1.0)
            await lab.silence(0.4)
            assert len(lab.llm.requests) == 1
            if what == "settings":
                lab.send(SettingsChanged(replace(PATIENT, instructions="Be new.")))
            else:
                lab.send(ItemCreated(typed("item_note", "A note.")))
            await lab.silence_until(ReplyFinished)
            # The old answer is not given, whatever else is prepared for the new state of things.
            assert lab.one(GuessDropped).waste.guesses == 1
            assert lab.last_answer.text == "New."
            shown = [message.text for message in lab.llm.requests[-1][0]]
            assert ("Be new." if what == "settings" else "A note.") in shown
            assert shown[-1] == "hello"
            assert lab.audio_time() - lab.speech_ended_at < 0.8

    scenario()


@in_virtual_time
async def test_a_model_that_fails_for_a_guess_is_asked_again() -> None:
    llm = ScriptedLanguageModel(ProviderUnavailable("Lost."), "Here.")
    async with laboratory(PATIENT, llm=llm) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        assert len(lab.all(GuessDropped)) == 1
        assert [reply.status for reply in lab.all(ReplyFinished)] == ["completed"]
        assert lab.said() == [("user", "hello"), ("assistant", "Here.")]


@in_virtual_time
async def test_a_commit_by_the_client_drops_the_guess() -> None:
    async with laboratory(PATIENT) as lab:
        await lab.says(1.0)
        await lab.silence(0.4)
        lab.send(AudioCommitted())
        await lab.silence(1.0)
        assert len(lab.all(GuessDropped)) == 1
        assert lab.all(ReplyStarted) == []
        assert lab.said() == [("user", "hello")]


@in_virtual_time
async def test_the_session_may_close_over_a_guess() -> None:
    async with laboratory(PATIENT, llm=ScriptedLanguageModel(STORY, first_token_seconds=1.0)) as lab:
        await lab.says(1.0)
        await lab.silence(0.3)
    assert lab.all(ReplyStarted) == []


@in_virtual_time
async def test_guesses_can_be_switched_off() -> None:
    async with laboratory(replace(FIXED, guess_after_seconds=None)) as lab:
        await lab.says(1.0)
        await lab.silence(0.45)
        assert lab.llm.requests == []
        await lab.silence_until(ReplyFinished)
        assert len(lab.llm.requests) == 1
        assert lab.last_answer.text == "You said: hello"


class BreaksOff:
    """A model that breaks off in the middle of a guess, and is well afterwards."""

    name = "breaks off"

    def __init__(self) -> None:
        self.asked = 0
        self._well = ScriptedLanguageModel("All of it.")

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        self.asked += 1
        async for delta in self._well.complete(messages, options):
            yield delta
            if self.asked == 1:
                raise ProviderUnavailable("Lost in the middle.")


@in_virtual_time
async def test_half_an_answer_of_a_guess_is_not_kept() -> None:
    model = BreaksOff()
    async with laboratory(PATIENT, llm=model) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        await lab.hears_out()
        assert model.asked == 2
        assert lab.last_answer.text == "All of it."
        assert lab.sounded(lab.last_answer.id).split() == ["All", "of", "it."]


@in_virtual_time
async def test_an_answer_beside_the_conversation_leaves_the_guess_alone() -> None:
    async with laboratory(PATIENT, llm=ScriptedLanguageModel("Guess.", "Beside.")) as lab:
        await lab.says(1.0)
        await lab.silence(0.4)
        lab.send(ReplyRequested(ReplyOptions(in_conversation=False, modality="text"), request_id="beside"))
        await lab.silence(0.1)
        beside = lab.one(ReplyStarted)
        assert beside.request_id == "beside"
        assert not beside.options.in_conversation
        await lab.silence_until(ReplyFinished, 2)
        assert lab.said() == [("user", "hello"), ("assistant", "Guess.")]
        assert len(lab.llm.requests) == 2
