"""Speaking over the assistant: at every moment of a reply."""

import asyncio
from dataclasses import replace

import pytest

from pipeline.events import (
    AudioReceived,
    ItemCreated,
    ReplyAudio,
    ReplyCancelled,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyRequested,
    ReplyStarted,
    ReplyText,
    SpeechStarted,
    TranscriptCompleted,
    UtteranceCommitted,
)
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.vad import LoudnessVoiceActivity
from tests.pipeline.lab import Client, Lab, hush, laboratory, tone, typed
from tests.virtual_time import in_virtual_time

STORY = "Once upon a time there was a king, who had three daughters. They lived in a castle by the sea."
MANUAL = SessionSettings(turn_detection=None)


def nothing_follows(lab: Lab, reply_id: str) -> bool:
    """Whether the end of the reply is the last that is heard of it."""
    of_reply = [output for output in lab.outputs if getattr(output, "reply_id", None) == reply_id]
    end = next(index for index, output in enumerate(of_reply) if isinstance(output, ReplyFinished))
    return all(isinstance(output, (ReplyInterrupted, ReplyDucked)) for output in of_reply[end + 1 :])


@in_virtual_time
async def test_while_the_recogniser_still_works() -> None:
    stt = ScriptedSpeechToText("first", "second", final_seconds=1.0)
    async with laboratory(stt=stt) as lab:
        await lab.says(1.0)
        await lab.silence(0.6)
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished, 2)
        assert lab.all(ReplyFinished)[0].reason == "turn_detected"
        assert [transcript.text for transcript in lab.all(TranscriptCompleted)] == ["first", "second"]
        assert lab.said() == [("user", "first"), ("user", "second"), ("assistant", "You said: second")]
        assert len(lab.llm.requests) == 1
        assert lab.all(ReplyInterrupted) == []


@in_virtual_time
async def test_while_the_model_still_thinks() -> None:
    async with laboratory(llm=ScriptedLanguageModel("Yes.", first_token_seconds=1.2)) as lab:
        await lab.says(1.0)
        await lab.silence(0.8)
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished, 2)
        assert [finished.status for finished in lab.all(ReplyFinished)] == ["cancelled", "completed"]
        assert lab.said() == [("user", "hello"), ("user", "hello"), ("assistant", "Yes.")]


@in_virtual_time
async def test_before_the_first_audio() -> None:
    tts = ScriptedTextToSpeech(first_audio_seconds=1.2)
    async with laboratory(llm=ScriptedLanguageModel(STORY), tts=tts) as lab:
        await lab.says(1.0)
        await lab.silence(0.8)
        await lab.says(1.0)
        finished = await lab.silence_until(ReplyFinished)
        assert finished.status == "cancelled"
        assert lab.all(ReplyItemStarted) == []
        assert [role for role, _ in lab.said()] == ["user"]


@in_virtual_time
async def test_in_the_middle() -> None:
    async with laboratory(llm=ScriptedLanguageModel(STORY, "Sorry.")) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyAudio)
        await lab.silence(2.0)
        await lab.says(1.0)
        finished = lab.one(ReplyFinished)
        assert (finished.status, finished.reason) == ("cancelled", "turn_detected")
        # 2.02 s and 0.3 s of speech: the voice says a character in 0.06 s.
        interrupted = lab.one(ReplyInterrupted)
        assert interrupted.heard_seconds == pytest.approx(2.32, abs=0.06)
        assert interrupted.heard_text == "Once upon a time there was a king, who"
        item = lab.one(ReplyItemFinished).item
        assert item.status == "incomplete"
        assert nothing_follows(lab, finished.reply_id)
        await lab.silence_until(ReplyFinished, 2)
        assert [text for _, text in lab.said()] == [
            "hello",
            "Once upon a time there was a king, who",
            "hello",
            "Sorry.",
        ]
        assert "castle" not in " ".join(message.text for message in lab.llm.requests[-1][0])


@in_virtual_time
async def test_the_client_is_told_of_the_speech_before_all_else() -> None:
    async with laboratory(llm=ScriptedLanguageModel(STORY)) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyAudio)
        await lab.silence(1.0)
        before = len(lab.outputs)
        await lab.says(0.4)
        names = [type(output).__name__ for output in lab.outputs[before:]]
        start = names.index("SpeechStarted")
        assert set(names[:start]) <= {"ReplyAudio", "ReplyDucked"}
        assert names[start:] == ["SpeechStarted", "ReplyItemFinished", "ReplyFinished", "ReplyInterrupted"]


@in_virtual_time
async def test_after_it_is_complete_but_still_playing() -> None:
    async with laboratory(llm=ScriptedLanguageModel("One two three four five six seven eight.", "Yes.")) as lab:
        await lab.says(1.0)
        finished = await lab.silence_until(ReplyFinished)
        assert finished.status == "completed"
        assert lab.loudspeaker.playing
        await lab.says(0.5)
        assert lab.one(ReplyFinished).status == "completed", "nothing was left to be cancelled"
        interrupted = lab.one(ReplyInterrupted)
        item_id = interrupted.item_id
        assert lab.item(item_id) == lab.last_answer
        assert lab.last_answer.text == "One two three four five six"
        await lab.silence_until(ReplyFinished, 2)


@in_virtual_time
async def test_after_everything_was_heard() -> None:
    async with laboratory(llm=ScriptedLanguageModel("One two three.")) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        await lab.silence(2.0)
        await lab.says(0.5)
        assert lab.all(ReplyInterrupted) == []
        assert lab.last_answer.text == "One two three."


@in_virtual_time
async def test_speech_may_not_stop_the_reply() -> None:
    settings = replace(SessionSettings(), turn_detection=TurnDetection(interrupt_reply=False))
    async with laboratory(settings, client=Client(stops_at_speech=False), llm=ScriptedLanguageModel(STORY)) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyAudio)
        await lab.says(1.0)
        await lab.silence_until(UtteranceCommitted, 2)
        finished = await lab.silence_until(ReplyFinished)
        assert finished.status == "completed"
        await lab.silence(2.0)
        assert len(lab.all(ReplyStarted)) == 1, "an answer is being given already"
        assert lab.last_answer.text == STORY
        assert lab.all(ReplyInterrupted) == []


@in_virtual_time
async def test_an_answer_that_was_asked_for_in_mid_speech_gives_way_to_one_that_knows_it() -> None:
    llm = ScriptedLanguageModel(STORY, "Now I know.")
    async with laboratory(llm=llm) as lab:
        await lab.says(0.5)
        lab.send(ReplyRequested())
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished, 2)
        assert [finished.status for finished in lab.all(ReplyFinished)] == ["cancelled", "completed"]
        assert lab.said()[-2:] == [("user", "hello"), ("assistant", "Now I know.")]


@in_virtual_time
async def test_two_replies_share_one_loudspeaker() -> None:
    llm = ScriptedLanguageModel("Let me look that up for you.", "It is raining in Paris at the moment, bring a coat.")
    async with laboratory(replace(SessionSettings()), llm=llm) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        first = lab.last_answer.id
        lab.send(ReplyRequested())
        await lab.silence_until(ReplyAudio, len(lab.all(ReplyAudio)) + 1)
        second = lab.last_answer.id
        assert lab.loudspeaker.playing == first
        await lab.says(0.4)
        heard = {event.item_id: event.heard_seconds for event in lab.all(ReplyInterrupted)}
        assert heard[first] == pytest.approx(lab.loudspeaker.heard(first), abs=0.03)
        assert heard[second] == lab.loudspeaker.heard(second) == 0.0
        assert lab.said()[-1] == ("assistant", "")


@in_virtual_time
async def test_the_clients_own_cancel() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(STORY)) as lab:
        lab.send(ItemCreated(typed("item_a", "tell me a story")), ReplyRequested())
        await lab.until(ReplyAudio, 5)
        lab.send(ReplyCancelled())
        await lab.settle()
        finished = lab.one(ReplyFinished)
        assert (finished.status, finished.reason) == ("cancelled", "client_cancelled")
        assert nothing_follows(lab, finished.reply_id)
        lab.send(ReplyCancelled(request_id="again"))
        await lab.settle()
        assert lab.refusal() == "response_cancel_not_active"


@in_virtual_time
async def test_cancelled_in_the_same_breath() -> None:
    async with laboratory(MANUAL) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested(), ReplyCancelled(), ReplyRequested())
        await lab.until(ReplyFinished, 2)
        assert [finished.status for finished in lab.all(ReplyFinished)] == ["cancelled", "completed"]
        assert len(lab.all(ReplyItemStarted)) == 1
        await lab.settle()
        assert lab.session._replies.being_given == {}


@in_virtual_time
async def test_what_was_written_counts_even_if_cancelled() -> None:
    llm = ScriptedLanguageModel("one two three four five six", seconds_per_token=0.1)
    async with laboratory(replace(MANUAL, modality="text"), llm=llm) as lab:
        lab.send(ItemCreated(typed("item_a", "count")), ReplyRequested())
        await lab.until(ReplyText, 3)
        lab.send(ReplyCancelled())
        await lab.settle()
        assert "".join(text.text for text in lab.all(ReplyText)) == "one two three "
        assert lab.last_answer.text == "one two three "
        assert lab.last_answer.status == "incomplete"


@in_virtual_time
async def test_a_reply_that_ends_in_the_step_in_which_it_is_cancelled() -> None:
    """Whichever comes first, there is one end, and the next reply is not mistaken for it."""
    for steps in range(60):
        async with laboratory(replace(MANUAL, modality="text")) as lab:
            lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
            for _ in range(steps):
                await asyncio.sleep(0)
            lab.send(ReplyCancelled(), ReplyRequested())
            await lab.until(ReplyFinished, 2)
            await lab.settle()
            assert [finished.reply_id for finished in lab.all(ReplyFinished)] == [
                started.reply_id for started in lab.all(ReplyStarted)
            ]
            assert lab.session._turns.state.value == "idle"
            shown = {started.item.id for started in lab.all(ReplyItemStarted)}
            assert {item.id for item in lab.session.conversation} == shown | {"item_a"}


@in_virtual_time
async def test_audio_that_nobody_has_taken_yet_is_thrown_away() -> None:
    providers = Providers(
        ScriptedSpeechToText(), ScriptedLanguageModel(STORY), ScriptedTextToSpeech(), LoudnessVoiceActivity
    )
    async with Session("sess_test", SessionSettings(), providers) as session:
        session.receive(AudioReceived(tone(1.0)))
        session.receive(AudioReceived(hush(0.6)))
        await asyncio.sleep(2.0)
        assert any(isinstance(output, ReplyAudio) for output in session.outbox._waiting)
        session.receive(AudioReceived(tone(0.3)))
        waiting = [type(output).__name__ for output in session.outbox._waiting]
        assert "ReplyAudio" not in waiting
        assert waiting[-3:] == ["SpeechStarted", "ReplyItemFinished", "ReplyFinished"], "nothing was heard, nor sent"


@in_virtual_time
async def test_every_barge_in_is_told_once() -> None:
    async with laboratory(llm=ScriptedLanguageModel(STORY)) as lab:
        for turn in range(5):
            await lab.says(0.5)
            await lab.silence_until(ReplyStarted, turn + 1)
            await lab.silence(1.0)
        assert len(lab.all(SpeechStarted)) == 5
        assert len(lab.all(ReplyInterrupted)) == 4
