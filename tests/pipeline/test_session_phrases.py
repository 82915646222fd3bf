"""What is said without any provider: the greeting, that an answer is late, and that there is none."""

import pytest

from pipeline.errors import ProviderUnavailable
from pipeline.events import ReplyAudio, ReplyFinished, ReplyStarted, SpeechStarted, TranscriptFailed
from pipeline.items import Message
from pipeline.prepared import Phrases
from pipeline.providers.interfaces import ToolCall, ToolDefinition
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.settings import SessionSettings
from tests.pipeline.lab import Client, Lab, laboratory, prepared
from tests.virtual_time import in_virtual_time

GREETING, MOMENT, APOLOGY = "Hello, I am here. ", "One moment, please. ", "I am sorry. "
PHRASES = Phrases(prepared(GREETING, 1.2), prepared(MOMENT, 1.2), prepared(APOLOGY, 0.8))
LOST = ProviderUnavailable("Lost.")
DUCKS = Client(ducks=True, reports=True)


def answers(lab: Lab) -> list[str]:
    """What the assistant said, as the model will be shown it."""
    return [item.text for item in lab.session.conversation if isinstance(item, Message) and item.role == "assistant"]


@in_virtual_time
async def test_the_greeting_is_there_at_once_and_remembered() -> None:
    async with laboratory(phrases=PHRASES, greets=True, llm=ScriptedLanguageModel("Yes.")) as lab:
        await lab.until(ReplyFinished)
        assert lab.audio_time() == 0.0
        await lab.hears_out()
        assert [text.strip() for text in answers(lab)] == [GREETING.strip()]
        assert lab.llm.requests == []
        await lab.says(1.0)
        await lab.hears_out()
        shown = [(message.role, message.text.strip()) for message in lab.llm.requests[0][0]]
        assert shown[-2:] == [("assistant", GREETING.strip()), ("user", "hello")]
        assert lab.last_answer.text == "Yes."


@in_virtual_time
async def test_nobody_greets_unasked() -> None:
    async with laboratory(phrases=PHRASES) as lab:
        await lab.silence(1.0)
        assert lab.outputs == []
    async with laboratory(SessionSettings(replies=False), phrases=PHRASES, greets=True) as lab:
        await lab.silence(1.0)
        assert lab.outputs == []


@in_virtual_time
async def test_a_greeting_can_be_interrupted() -> None:
    stt = ScriptedSpeechToText("what time is it please")
    async with laboratory(client=DUCKS, phrases=PHRASES, greets=True, stt=stt) as lab:
        await lab.silence(0.3)
        await lab.says(1.5)
        await lab.hears_out()
        assert lab.all(SpeechStarted)
        assert [reply.continues for reply in lab.all(ReplyStarted)] == [None, None]
        assert lab.last_answer.text == "You said: what time is it please"
        assert GREETING.startswith(answers(lab)[0])


@in_virtual_time
async def test_a_cough_over_the_greeting_is_nothing() -> None:
    stt = ScriptedSpeechToText("", "hello")
    async with laboratory(client=DUCKS, phrases=PHRASES, greets=True, stt=stt) as lab:
        await lab.silence(0.2)
        await lab.says(0.25)
        await lab.hears_out()
        assert [text.strip() for text in answers(lab)] == [GREETING.strip()]
        assert lab.unheard_seconds(lab.last_answer.id) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("late", ["llm", "tts", "stt"])
@pytest.mark.parametrize("seconds", [2.2, 3.5, 6.0])
def test_an_answer_that_is_late_is_announced_once(late: str, seconds: float) -> None:
    @in_virtual_time
    async def scenario() -> None:
        stt = ScriptedSpeechToText(final_seconds=seconds if late == "stt" else 0.0)
        llm = ScriptedLanguageModel("It is ten. ", first_token_seconds=seconds if late == "llm" else 0.0)
        tts = ScriptedTextToSpeech(first_audio_seconds=seconds if late == "tts" else 0.0)
        async with laboratory(phrases=PHRASES, stt=stt, llm=llm, tts=tts) as lab:
            await lab.says(1.0)
            started = await lab.silence_until(ReplyStarted)
            committed = lab.time_of(ReplyStarted)
            await lab.hears_out()
            assert lab.audio_time() - committed == pytest.approx(2.0, abs=0.03) or seconds < 2.5
            assert len(lab.all(ReplyFinished)) == 1
            assert started.reply_id == lab.one(ReplyFinished).reply_id
            said = " ".join(answers(lab)).split()
            assert said == (MOMENT + "It is ten.").split() or (seconds < 2.5 and said == ["It", "is", "ten."])
            assert lab.sounded(lab.last_answer.id).split() == said

    scenario()


@in_virtual_time
async def test_an_answer_in_time_is_not_announced() -> None:
    llm = ScriptedLanguageModel("Yes.", first_token_seconds=1.5)
    async with laboratory(phrases=PHRASES, llm=llm) as lab:
        await lab.says(1.0)
        await lab.hears_out()
        await lab.silence(3.0)
        assert answers(lab) == ["Yes."]


@in_virtual_time
async def test_an_announcement_is_said_to_its_end_though_there_is_nothing_to_say() -> None:
    call = ToolCall("call_1", "outside", "{}")
    settings = SessionSettings(tools=(ToolDefinition("outside", "", {}),))
    long = Phrases(moment=prepared("One moment, please, I have to look that up.", 3.0))
    llm = ScriptedLanguageModel(call, first_token_seconds=3.0)
    async with laboratory(settings, phrases=long, llm=llm) as lab:
        await lab.says(1.0)
        await lab.hears_out()
        arrived = sum(len(audio.samples) for audio in lab.all(ReplyAudio)) / 24_000
        assert arrived == pytest.approx(3.0)


@pytest.mark.parametrize("fails", ["stt", "llm", "tts", "late llm"])
def test_a_failure_is_apologised_for_and_the_next_turn_works(fails: str) -> None:
    @in_virtual_time
    async def scenario() -> None:
        stt = ScriptedSpeechToText(LOST, "hello") if fails == "stt" else ScriptedSpeechToText("hello")
        llm = ScriptedLanguageModel("Yes.")
        if fails == "llm":
            # Once for the guess, and once at the end of the turn.
            llm = ScriptedLanguageModel(LOST, LOST, "Yes.")
        elif fails == "late llm":
            llm = ScriptedLanguageModel(LOST, "Yes.", first_token_seconds=3.0)
        tts = ScriptedTextToSpeech(error=LOST if fails == "tts" else None)
        async with laboratory(phrases=PHRASES, stt=stt, llm=llm, tts=tts) as lab:
            await lab.says(1.0)
            await lab.hears_out()
            assert [reply.status for reply in lab.all(ReplyFinished)][:1] == ["failed"]
            assert len(lab.all(TranscriptFailed)) == (1 if fails == "stt" else 0)
            said = (MOMENT if fails == "late llm" else "") + APOLOGY
            assert answers(lab)[0].split() == said.split()
            assert lab.sounded(lab.last_answer.id).split() == said.split()
            tts._error = None
            await lab.says(1.0)
            await lab.hears_out()
            assert lab.all(ReplyFinished)[-1].status == "completed"
            assert answers(lab)[-1].split()[-1] == "Yes."
            assert " ".join(answers(lab)).count(APOLOGY.strip()) == 1

    scenario()


@in_virtual_time
async def test_a_written_reply_says_nothing_aloud() -> None:
    llm = ScriptedLanguageModel(LOST, LOST, first_token_seconds=3.0)
    async with laboratory(SessionSettings(modality="text"), phrases=PHRASES, llm=llm) as lab:
        await lab.says(1.0)
        await lab.hears_out()
        assert lab.one(ReplyFinished).status == "failed"
        assert lab.all(ReplyAudio) == []
