"""Whose turn it is: speech, silence, and the client's own hand on the microphone."""

from dataclasses import replace

import pytest

from pipeline.errors import ProviderUnavailable
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    AudioDropped,
    AudioReceived,
    IdleTimeout,
    ItemCreated,
    ItemDone,
    ReplyAudio,
    ReplyFinished,
    ReplyRequested,
    ReplyStarted,
    ReplyText,
    RequestFailed,
    SettingsChanged,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    TurnMeasured,
    UtteranceCommitted,
)
from pipeline.items import Message
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.settings import SessionSettings, TurnDetection
from tests.pipeline.lab import hush, laboratory, tone, typed
from tests.virtual_time import in_virtual_time

MANUAL = SessionSettings(turn_detection=None)


def detecting(**choices: object) -> SessionSettings:
    return SessionSettings(turn_detection=replace(TurnDetection(), **choices))  # type: ignore[arg-type]


@in_virtual_time
async def test_a_turn_is_heard_and_answered() -> None:
    async with laboratory(stt=ScriptedSpeechToText("what is two plus two")) as lab:
        await lab.silence(1.0)
        await lab.says(1.4)
        await lab.silence_until(ReplyFinished)
        assert lab.names() == [
            "SpeechStarted",
            "TranscriptDelta",
            "TranscriptDelta",
            "TranscriptDelta",
            "TranscriptDelta",
            "TranscriptDelta",
            "SpeechStopped",
            "UtteranceCommitted",
            "ItemAdded",
            "ItemDone",
            "ReplyStarted",
            "ReplyItemStarted",
            "TurnMeasured",
            "TranscriptCompleted",
            "ReplyItemFinished",
            "ReplyFinished",
        ]
        assert "".join(delta.text for delta in lab.all(TranscriptDelta)) == "what is two plus two"
        assert lab.said() == [("user", "what is two plus two"), ("assistant", "You said: what is two plus two")]
        # 0.3 s of padding before the speech, 0.5 s of silence behind it.
        assert lab.one(SpeechStarted).start_seconds == pytest.approx(0.7, abs=0.03)
        assert lab.one(SpeechStopped).end_seconds == pytest.approx(2.9, abs=0.03)
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(2.2, abs=0.05)


@in_virtual_time
async def test_the_waterfall_adds_up_to_what_the_user_waited() -> None:
    stt = ScriptedSpeechToText(final_seconds=0.2)
    llm = ScriptedLanguageModel("One, two, three, four, five.", first_token_seconds=0.3)
    tts = ScriptedTextToSpeech(first_audio_seconds=0.15)
    async with laboratory(stt=stt, llm=llm, tts=tts) as lab:
        await lab.says(1.0)
        ended_at = 1.0
        measured = await lab.silence_until(TurnMeasured)
        stages = ["pause", "transcript", "first_token", "first_clause", "first_audio", "sent"]
        assert [span.name for span in measured.spans] == stages
        lengths = [span.end_seconds - span.start_seconds for span in measured.spans]
        assert lengths == pytest.approx([0.08, 0.2, 0.3, 0.0, 0.15, 0.0], abs=0.021)
        assert measured.committed_seconds == pytest.approx(0.5, abs=0.021)
        assert sum(lengths) == pytest.approx(measured.spans[-1].end_seconds)
        first_audio_at = lab.time_of(ReplyAudio)
        assert measured.spans[-1].end_seconds == pytest.approx(first_audio_at - ended_at, abs=0.021)


@in_virtual_time
async def test_a_hesitation_does_not_end_a_turn() -> None:
    async with laboratory() as lab:
        for _ in range(4):
            await lab.says(0.6)
            await lab.silence(0.4)
        await lab.silence_until(ReplyFinished)
        assert lab.one(UtteranceCommitted)
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(4.1, abs=0.05)


@in_virtual_time
async def test_speech_after_a_long_pause_is_answered_together_with_what_came_before() -> None:
    stt = ScriptedSpeechToText("I would like", "a pizza", final_seconds=0.3)
    async with laboratory(stt=stt, llm=ScriptedLanguageModel("Sure.", first_token_seconds=0.6)) as lab:
        await lab.says(0.8)
        await lab.silence(0.6)
        await lab.says(0.6)
        await lab.silence_until(ReplyFinished, 2)
        assert [finished.status for finished in lab.all(ReplyFinished)] == ["cancelled", "completed"]
        assert lab.said() == [("user", "I would like"), ("user", "a pizza"), ("assistant", "Sure.")]
        (messages, _) = lab.llm.requests[-1]
        assert [message.text for message in messages] == ["I would like", "a pizza"]


@in_virtual_time
async def test_a_click_is_no_speech() -> None:
    async with laboratory() as lab:
        for _ in range(5):
            await lab.feed(tone(0.06))
            await lab.silence(0.5)
        assert lab.outputs == []


@in_virtual_time
async def test_semantic_detection_waits_as_long_as_it_is_eager() -> None:
    ends = []
    for eagerness in ("high", "medium", "low"):
        stt = ScriptedSpeechToText("I would like to book a table for")
        async with laboratory(detecting(kind="semantic_vad", eagerness=eagerness), stt=stt) as lab:
            await lab.says(1.0)
            ends.append((await lab.silence_until(SpeechStopped)).end_seconds - 1.0)
    assert ends == sorted(ends)
    assert ends[0] >= 0.5
    assert ends[-1] >= 2 * ends[0]


@in_virtual_time
async def test_semantic_detection_answers_a_finished_question_sooner_than_an_unfinished_one() -> None:
    ends = []
    for words in ("What is the square root of two?", "What is the square root of"):
        async with laboratory(detecting(kind="semantic_vad"), stt=ScriptedSpeechToText(words)) as lab:
            await lab.says(1.0)
            ends.append((await lab.silence_until(SpeechStopped)).end_seconds - 1.0)
    assert ends[0] <= 0.45
    assert ends[1] >= 1.5


@in_virtual_time
async def test_nothing_is_answered_unasked_without_create_reply() -> None:
    async with laboratory(detecting(create_reply=False)) as lab:
        await lab.says(1.0)
        await lab.silence(3.0)
        assert lab.all(ReplyStarted) == []
        lab.send(ReplyRequested(request_id="r1"))
        await lab.silence_until(ReplyFinished)
        assert lab.one(ReplyStarted).request_id == "r1"
        assert lab.said()[-1] == ("assistant", "You said: hello")


@in_virtual_time
async def test_the_client_ends_a_turn_that_turn_detection_began() -> None:
    async with laboratory() as lab:
        await lab.says(1.0)
        lab.send(AudioCommitted())
        await lab.silence(1.0)
        assert lab.one(UtteranceCommitted).item_id == lab.one(SpeechStarted).item_id
        assert lab.one(SpeechStopped)
        assert lab.all(ReplyStarted) == [], "whoever commits also asks for the answer"


@in_virtual_time
async def test_push_to_talk() -> None:
    async with laboratory(MANUAL) as lab:
        await lab.feed(tone(0.5))
        await lab.feed(hush(2.0))
        await lab.feed(tone(0.5))
        assert lab.outputs == []
        lab.send(AudioCommitted(), ReplyRequested())
        await lab.until(ReplyFinished)
        assert lab.names()[:4] == ["UtteranceCommitted", "ItemAdded", "ItemDone", "ReplyStarted"]
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(3.0)
        assert lab.said()[0] == ("user", "hello")


@in_virtual_time
async def test_everything_at_once_as_some_clients_send_it() -> None:
    async with laboratory(MANUAL) as lab:
        lab.send(AudioReceived(tone(2.013)), AudioCommitted(), ReplyRequested())
        await lab.until(ReplyFinished)
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(2.02)


@in_virtual_time
async def test_a_commit_needs_audio() -> None:
    async with laboratory(MANUAL) as lab:
        lab.send(AudioCommitted(request_id="early"))
        await lab.settle()
        assert lab.refusal() == "input_audio_buffer_commit_empty"
        assert lab.one(RequestFailed).request_id == "early"
        lab.send(AudioReceived(tone(0.07)), AudioCommitted())
        await lab.settle()
        assert lab.all(UtteranceCommitted) == []
        lab.send(AudioReceived(tone(0.1)), AudioCommitted())
        await lab.until(UtteranceCommitted)


@in_virtual_time
async def test_cleared_audio_is_never_heard() -> None:
    async with laboratory(MANUAL) as lab:
        await lab.feed(tone(1.0))
        lab.send(AudioCleared())
        await lab.feed(tone(0.3))
        lab.send(AudioCommitted())
        await lab.until(TranscriptCompleted)
        assert lab.one(AudioDropped)
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(0.3)


@in_virtual_time
async def test_speech_that_is_cleared_was_never_said() -> None:
    async with laboratory() as lab:
        await lab.says(1.0)
        lab.send(AudioCleared())
        await lab.silence(2.0)
        assert lab.names() == ["SpeechStarted", "TranscriptDelta", "AudioDropped"] or lab.names() == [
            "SpeechStarted",
            "AudioDropped",
        ]
        assert lab.said() == []


@in_virtual_time
async def test_written_turns() -> None:
    async with laboratory(replace(MANUAL, modality="text")) as lab:
        for turn in range(3):
            lab.send(ItemCreated(typed(f"item_{turn}", f"message {turn}")), ReplyRequested())
            await lab.until(ReplyFinished, turn + 1)
        assert [text.text for text in lab.all(ReplyText)][:4] == ["You ", "said: ", "message ", "0"]
        assert lab.said()[-1] == ("assistant", "You said: message 2")
        (messages, _) = lab.llm.requests[-1]
        assert len(messages) == 5


@in_virtual_time
async def test_whoever_is_silent_for_long_is_spoken_to() -> None:
    llm = ScriptedLanguageModel("Hello there.", "Are you still there?")
    async with laboratory(detecting(idle_timeout_seconds=5.0), llm=llm) as lab:
        await lab.silence(8.0)
        assert lab.outputs == [], "the clock starts behind a reply"
        await lab.says(1.0)
        finished = await lab.silence_until(ReplyFinished)
        assert finished.status == "completed"
        idle = await lab.silence_until(IdleTimeout)
        audio_seconds = 12 * 0.06
        assert idle.end_seconds - idle.start_seconds == pytest.approx(5.0, abs=0.03)
        assert idle.start_seconds == pytest.approx(9.5 + audio_seconds, abs=0.1)
        await lab.silence_until(ReplyFinished, 2)
        assert [text for _, text in lab.said()] == ["hello", "Hello there.", "", "Are you still there?"]


@in_virtual_time
async def test_speech_stops_the_idle_clock() -> None:
    async with laboratory(detecting(idle_timeout_seconds=2.0, create_reply=False)) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        await lab.silence_until(ReplyFinished)
        await lab.silence(1.0)
        await lab.says(4.0)
        await lab.silence(4.0)
        assert lab.all(IdleTimeout) == []


@in_virtual_time
async def test_an_utterance_that_never_ends_is_ended() -> None:
    # Nothing audible is answered: a tone that goes on and on over an answer would be taken for the room's noise.
    llm = ScriptedLanguageModel("")
    async with laboratory(replace(SessionSettings(), max_utterance_seconds=5.0), llm=llm) as lab:
        await lab.says(7.0)
        assert len(lab.all(UtteranceCommitted)) == 1
        await lab.silence_until(ReplyFinished, 2)
        heard = sum(transcript.audio_seconds for transcript in lab.all(TranscriptCompleted))
        assert heard == pytest.approx(7.5, abs=0.1), "nothing of it is lost"


@in_virtual_time
async def test_a_full_buffer_is_emptied_and_told() -> None:
    async with laboratory(replace(MANUAL, max_buffer_seconds=2.0)) as lab:
        await lab.feed(tone(2.5))
        assert lab.refusal() == "input_audio_buffer_full"
        lab.send(AudioCommitted())
        await lab.until(TranscriptCompleted)
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(0.5, abs=0.05)


@in_virtual_time
async def test_a_cough_is_not_answered() -> None:
    async with laboratory(stt=ScriptedSpeechToText("")) as lab:
        await lab.says(0.3)
        finished = await lab.silence_until(ReplyFinished)
        assert finished.status == "completed"
        assert lab.llm.requests == []
        assert lab.said() == [("user", "")]


@in_virtual_time
async def test_a_cough_while_the_answer_is_prepared_does_not_lose_the_question() -> None:
    llm = ScriptedLanguageModel("Four.", first_token_seconds=1.0)
    async with laboratory(stt=ScriptedSpeechToText("two plus two", ""), llm=llm) as lab:
        await lab.says(1.0)
        await lab.silence(0.8)
        await lab.says(0.2)
        await lab.silence_until(ReplyFinished)
        assert lab.said() == [("user", "two plus two"), ("assistant", "Four.")]


@in_virtual_time
async def test_a_cough_before_a_written_message_does_not_silence_it() -> None:
    async with laboratory(detecting(create_reply=False), stt=ScriptedSpeechToText("")) as lab:
        await lab.says(0.4)
        await lab.silence(1.0)
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        await lab.silence_until(ReplyFinished)
        assert lab.said()[-1] == ("assistant", "You said: hi")


@in_virtual_time
async def test_words_that_are_lost_fail_the_reply() -> None:
    lost = ProviderUnavailable("It is gone.")
    async with laboratory(stt=ScriptedSpeechToText(lost, "again")) as lab:
        await lab.says(1.0)
        finished = await lab.silence_until(ReplyFinished)
        assert (finished.status, finished.error) == ("failed", lost)
        assert lab.one(TranscriptFailed).error is lost
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished, 2)
        assert lab.said()[-1] == ("assistant", "You said: again")


@in_virtual_time
async def test_turn_detection_is_turned_off_while_the_user_speaks() -> None:
    async with laboratory() as lab:
        await lab.says(1.0)
        lab.send(SettingsChanged(MANUAL))
        await lab.feed(hush(2.0))
        assert lab.all(UtteranceCommitted) == [], "now the client decides"
        lab.send(AudioCommitted())
        await lab.until(TranscriptCompleted)
        assert lab.one(SpeechStopped).item_id == lab.one(SpeechStarted).item_id, "what was announced is also ended"
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(3.0, abs=0.1)
        assert lab.all(ReplyStarted) == []


@in_virtual_time
async def test_turn_detection_is_turned_off_and_on_while_the_user_speaks() -> None:
    async with laboratory() as lab:
        await lab.says(1.0)
        lab.send(SettingsChanged(MANUAL))
        await lab.says(1.0)
        lab.send(SettingsChanged(SessionSettings()))
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        assert lab.one(SpeechStarted)
        assert lab.one(SpeechStopped)
        assert lab.one(TranscriptCompleted).audio_seconds == pytest.approx(3.5, abs=0.1)


@in_virtual_time
async def test_turn_detection_is_turned_on_over_waiting_silence() -> None:
    async with laboratory(MANUAL) as lab:
        await lab.feed(hush(3.0))
        lab.send(SettingsChanged(SessionSettings()))
        await lab.silence(2.0)
        assert lab.names() == ["SettingsApplied"], "silence that nobody committed is no turn"
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        assert lab.one(SpeechStarted)
        assert next(item.id for item in lab.session.conversation if isinstance(item, Message)) == (
            lab.one(UtteranceCommitted).item_id
        )


@in_virtual_time
async def test_turn_detection_is_turned_on_in_the_middle_of_a_word() -> None:
    async with laboratory(MANUAL) as lab:
        await lab.feed(tone(1.0))
        lab.send(SettingsChanged(SessionSettings()))
        await lab.feed(tone(1.0))
        await lab.silence_until(TranscriptCompleted)
        assert lab.one(TranscriptCompleted).audio_seconds >= 1.0 + 0.28 + 0.5, (
            "its beginning is kept as before any speech"
        )


@in_virtual_time
async def test_a_transcription_session_gives_no_replies() -> None:
    async with laboratory(replace(SessionSettings(), replies=False)) as lab:
        await lab.says(1.0)
        await lab.silence_until(TranscriptCompleted)
        lab.send(ReplyRequested(request_id="r"))
        await lab.silence(0.5)
        assert lab.refusal() == "invalid_value"
        assert lab.all(ReplyStarted) == []
        assert len(lab.all(ItemDone)) == 1


@in_virtual_time
async def test_a_turn_that_nobody_answered_does_not_count_for_a_later_message() -> None:
    lost = ProviderUnavailable("It is gone.")
    async with laboratory(detecting(create_reply=False), stt=ScriptedSpeechToText(lost)) as lab:
        await lab.says(1.0)
        await lab.silence(10.0)
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        finished = await lab.silence_until(ReplyFinished)
        assert finished.status == "completed", "the words that were lost are not what is answered"
        measured = lab.one(TurnMeasured)
        assert measured.item_id == "item_a"
        assert measured.spans[-1].end_seconds < 1.0
