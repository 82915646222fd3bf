"""The client's own hand on the conversation: items, truncation, and what its loudspeaker has played."""

import math
from dataclasses import replace

import pytest

from pipeline.audio import OUTPUT_RATE
from pipeline.events import (
    Input,
    ItemAdded,
    ItemCreated,
    ItemCut,
    ItemDeleted,
    ItemRemoved,
    ItemRetrieved,
    ItemShown,
    ItemTruncated,
    PlaybackReported,
    ReplyAudio,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRequested,
    RequestFailed,
    TranscriptCompleted,
    TranscriptFailed,
    TurnMeasured,
)
from pipeline.items import Image, Message, Speech, Text
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText
from pipeline.settings import SessionSettings
from tests.pipeline.lab import Client, Lab, laboratory, tone, typed
from tests.virtual_time import in_virtual_time

MANUAL = SessionSettings(turn_detection=None)
COUNTING = "one two three four five six seven eight nine ten"


async def answered(lab: Lab) -> str:
    """Ask and wait for the whole answer; give its item."""
    lab.send(ItemCreated(typed("item_question", "hi")), ReplyRequested())
    await lab.until(ReplyFinished)
    return lab.last_answer.id


async def sent_seconds(lab: Lab) -> float:
    return sum(len(audio.samples) for audio in lab.all(ReplyAudio)) / OUTPUT_RATE


async def refused(lab: Lab, request: Input, code: str) -> None:
    before = len(lab.all(RequestFailed))
    lab.send(request)
    await lab.settle()
    failed = lab.all(RequestFailed)[before:]
    assert [failure.error.code for failure in failed] == [code]
    assert failed[0].request_id == "asked"


@in_virtual_time
async def test_truncation_keeps_the_words_that_were_heard() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await answered(lab)
        lab.send(ItemTruncated(item_id, 0.9))
        await lab.until(ItemCut)
        assert lab.one(ItemCut).text == lab.last_answer.text == "one two three"
        # The client may change its mind, also upwards: all of it was sent.
        lab.send(ItemTruncated(item_id, 1.2))
        await lab.until(ItemCut, 2)
        assert lab.last_answer.text == "one two three four"
        lab.send(ItemTruncated(item_id, 0.0))
        await lab.until(ItemCut, 3)
        assert lab.last_answer.text == ""


@in_virtual_time
async def test_truncation_at_exactly_what_was_sent_and_a_little_beyond() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await answered(lab)
        sent = await sent_seconds(lab)
        lab.send(ItemTruncated(item_id, sent))
        lab.send(ItemTruncated(item_id, sent + 0.2))
        await lab.until(ItemCut, 2)
        assert lab.last_answer.text == COUNTING


@in_virtual_time
async def test_impossible_truncations() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await answered(lab)
        await refused(lab, ItemTruncated("item_unknown", 1.0, "asked"), "item_truncate_invalid_item_id")
        await refused(lab, ItemTruncated("item_question", 1.0, "asked"), "invalid_value")
        for seconds in (100.0, -0.1, math.nan, math.inf, -math.inf):
            await refused(lab, ItemTruncated(item_id, seconds, "asked"), "invalid_value")
        assert lab.last_answer.text == COUNTING


@in_virtual_time
async def test_a_written_answer_cannot_be_truncated() -> None:
    async with laboratory(replace(MANUAL, modality="text")) as lab:
        item_id = await answered(lab)
        await refused(lab, ItemTruncated(item_id, 0.0, "asked"), "invalid_value")


@in_virtual_time
async def test_truncation_in_the_middle_of_a_reply() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        lab.send(ItemCreated(typed("item_question", "hi")), ReplyRequested())
        await lab.until(ReplyAudio, 12)
        item_id = lab.last_answer.id
        lab.send(ItemTruncated(item_id, 0.6))
        finished = await lab.until(ReplyFinished)
        assert finished.status == "completed"
        assert lab.last_answer.text == "one two"


@in_virtual_time
async def test_after_a_truncation_the_rest_is_still_paced() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING * 10)) as lab:
        lab.send(ItemCreated(typed("item_question", "hi")), ReplyRequested())
        await lab.until(ReplyAudio, 12)
        lab.send(ItemTruncated(lab.last_answer.id, 0.6))
        before = await sent_seconds(lab)
        await lab.feed(tone(5.0))
        assert await sent_seconds(lab) - before < 6.0


@in_virtual_time
async def test_items_are_put_where_they_belong() -> None:
    async with laboratory(MANUAL) as lab:
        for item_id, previous in {"b": None, "a": "root", "d": None, "c": "b"}.items():
            lab.send(ItemCreated(typed(item_id, item_id), previous))
        await lab.until(ItemAdded, 4)
        assert [(added.item.id, added.previous_item_id) for added in lab.all(ItemAdded)] == [
            ("b", None),
            ("a", None),
            ("d", "b"),
            ("c", "b"),
        ]
        assert [text for _, text in lab.said()] == ["a", "b", "c", "d"]
        await refused(lab, ItemCreated(typed("e", "e"), "nowhere", "asked"), "item_create_invalid_previous_item_id")
        await refused(lab, ItemCreated(typed("a", "x"), None, "asked"), "item_create_duplicate_item_id")


@in_virtual_time
async def test_items_are_shown_and_removed() -> None:
    async with laboratory(MANUAL) as lab:
        lab.send(ItemCreated(typed("a", "text")), ItemRetrieved("a"), ItemDeleted("a"))
        await lab.until(ItemRemoved)
        assert lab.one(ItemShown).item == typed("a", "text")
        await refused(lab, ItemRetrieved("a", "asked"), "item_retrieve_invalid_item_id")
        await refused(lab, ItemDeleted("a", "asked"), "item_delete_invalid_item_id")


@in_virtual_time
async def test_an_item_with_audio_is_transcribed_and_answered() -> None:
    async with laboratory(MANUAL, stt=ScriptedSpeechToText("good day", final_seconds=0.5)) as lab:
        message = Message("item_audio", "user", (Speech(None, tone(1.0)), Image("data:image/png;base64,AAAA")))
        lab.send(ItemCreated(message), ReplyRequested())
        await lab.until(ReplyFinished)
        assert lab.one(TranscriptCompleted).text == "good day"
        assert lab.said()[-1] == ("assistant", "You said: good day")
        assert lab.llm.requests[0][0][0].images == ("data:image/png;base64,AAAA",)


@in_virtual_time
async def test_an_item_that_is_deleted_while_it_is_transcribed() -> None:
    async with laboratory(MANUAL, stt=ScriptedSpeechToText("secret", final_seconds=5.0)) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")))
        lab.send(ItemCreated(Message("item_audio", "user", (Speech(None, tone(1.0)),))), ReplyRequested())
        await lab.settle()
        lab.send(ItemDeleted("item_audio"))
        await lab.until(ReplyFinished, limit_seconds=1.0)
        assert not lab.all(TranscriptCompleted)
        assert not lab.all(TranscriptFailed)
        assert lab.said() == [("user", "hi"), ("assistant", "You said: hi")]
        assert lab.session._hearing == {}


@in_virtual_time
async def test_an_id_may_be_used_again_after_a_deletion() -> None:
    async with laboratory(MANUAL, stt=ScriptedSpeechToText("old", "new", final_seconds=0.5)) as lab:
        message = Message("item_audio", "user", (Speech(None, tone(1.0)),))
        lab.send(ItemCreated(message), ItemDeleted("item_audio"), ItemCreated(message), ReplyRequested())
        await lab.until(ReplyFinished)
        assert [transcript.text for transcript in lab.all(TranscriptCompleted)] == ["old"], "the first was never begun"
        assert len(lab.said()) == 2


@in_virtual_time
async def test_a_reply_may_be_about_other_items_than_the_conversation() -> None:
    async with laboratory(MANUAL, stt=ScriptedSpeechToText("spoken")) as lab:
        lab.send(ItemCreated(typed("a", "one")), ItemCreated(typed("b", "two")))
        spoken = Message("item_x", "user", (Speech(None, tone(0.5)),))
        lab.send(ReplyRequested(input=("a", Message("item_y", "user", (Text("three"),)), spoken)))
        await lab.until(ReplyFinished)
        assert [message.text for message in lab.llm.requests[0][0]] == ["one", "three", "spoken"]
        await refused(lab, ReplyRequested(input=("nothing",), request_id="asked"), "invalid_value")


@in_virtual_time
async def test_what_the_client_reports_is_what_was_heard() -> None:
    client = Client(reports=True, buffer_seconds=0.3)
    async with laboratory(client=client, llm=ScriptedLanguageModel(COUNTING)) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyAudio)
        await lab.silence(1.5)
        await lab.says(0.5)
        heard = lab.loudspeaker.heard(lab.last_answer.id)
        assert heard == pytest.approx(1.5 + 0.3 - 0.3, abs=0.05)
        assert lab.all(ReplyInterrupted)[-1].heard_seconds == pytest.approx(heard)
        assert lab.last_answer.text == "one two three four five"


@in_virtual_time
async def test_a_report_measures_when_the_first_sample_was_heard() -> None:
    client = Client(reports=True, buffer_seconds=0.25)
    async with laboratory(client=client, llm=ScriptedLanguageModel(COUNTING)) as lab:
        await lab.says(1.0)
        measured = await lab.silence_until(TurnMeasured)
        assert [span.name for span in measured.spans][-1] == "heard"
        assert measured.spans[-1].end_seconds - measured.spans[-1].start_seconds == pytest.approx(0.25, abs=0.01)


@in_virtual_time
async def test_a_reply_that_was_heard_to_its_end_is_not_cut_by_rounding() -> None:
    async with laboratory(replace(MANUAL, reports_playback=True), llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await answered(lab)
        sent = await sent_seconds(lab)
        lab.send(PlaybackReported(item_id, sent - 0.02, playing=False))
        await lab.settle()
        assert lab.last_answer.text == COUNTING
        assert lab.all(ReplyInterrupted) == []


@in_virtual_time
async def test_a_loudspeaker_that_is_turned_off_ends_what_was_heard() -> None:
    async with laboratory(replace(MANUAL, reports_playback=True), llm=ScriptedLanguageModel(COUNTING)) as lab:
        lab.send(ItemCreated(typed("item_question", "hi")), ReplyRequested())
        await lab.until(ReplyAudio, 12)
        lab.send(PlaybackReported(lab.last_answer.id, 0.6, playing=False))
        await lab.until(ReplyFinished)
        assert lab.last_answer.text == "one two"


@in_virtual_time
async def test_reports_that_make_no_sense() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await answered(lab)
        for seconds in (math.nan, math.inf, -1.0):
            lab.send(PlaybackReported(item_id, seconds, playing=False))
        await lab.settle()
        assert {failed.error.code for failed in lab.all(RequestFailed)} == {"invalid_value"}
        assert lab.last_answer.text == COUNTING
        lab.send(PlaybackReported("item_unknown", 1.0, playing=True))
        lab.send(PlaybackReported("item_question", 1.0, playing=False))
        lab.send(ItemDeleted(item_id), PlaybackReported(item_id, 1.0, playing=False))
        await lab.settle()
        assert len(lab.all(RequestFailed)) == 3
        assert lab.said() == [("user", "hi")]


@in_virtual_time
async def test_the_oldest_audio_is_let_go() -> None:
    settings = replace(MANUAL, max_kept_audio_seconds=2.5)
    async with laboratory(settings) as lab:
        for number in range(4):
            lab.send(ItemCreated(Message(f"item_{number}", "user", (Speech("known", tone(1.0)),))))
        kept = []
        for item in lab.session.conversation:
            assert isinstance(item, Message)
            part = item.content[0]
            assert isinstance(part, Speech)
            kept.append(part.samples is not None)
        assert kept == [False, False, True, True]


@in_virtual_time
async def test_recordings_that_wait_for_their_words_are_not_without_end() -> None:
    async with laboratory(MANUAL, stt=ScriptedSpeechToText("hello", final_seconds=1.0)) as lab:
        for number in range(70):
            lab.send(ItemCreated(Message(f"item_{number}", "user", (Speech(None, tone(0.1)),))))
        await lab.until(TranscriptCompleted, 64)
        assert {failed.error.code for failed in lab.all(RequestFailed)} == {"rate_limit_exceeded"}
        assert len(lab.all(RequestFailed)) == 6
        lab.send(ItemCreated(Message("item_again", "user", (Speech(None, tone(0.1)),))))
        await lab.until(TranscriptCompleted, 65)
