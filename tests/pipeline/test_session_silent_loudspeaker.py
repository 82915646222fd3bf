"""A loudspeaker that falls silent in the middle of an answer: it was turned off, or it has run dry."""

from dataclasses import replace

from pipeline.events import (
    ItemCreated,
    PlaybackReported,
    ReplyAudio,
    ReplyCancelled,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRequested,
    SpeechStarted,
)
from pipeline.providers.scripted import ScriptedLanguageModel
from pipeline.settings import SessionSettings
from tests.pipeline.lab import Lab, laboratory, typed
from tests.virtual_time import in_virtual_time

SETTINGS = SessionSettings(reports_playback=True)
MANUAL = replace(SETTINGS, turn_detection=None)
COUNTING = "one two three four five six seven eight nine ten"
END_SECONDS = 2.9
"""Of which the last word sounds to its end."""


async def asked(lab: Lab, pieces: int) -> str:
    """Ask, and wait for some of the answer; give its item."""
    lab.send(ItemCreated(typed("item_question", "hi")), ReplyRequested())
    await lab.until(ReplyAudio, pieces)
    return lab.last_answer.id


@in_virtual_time
async def test_one_that_runs_dry_and_plays_on_was_not_stopped() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await asked(lab, 12)
        lab.send(PlaybackReported(item_id, 0.6, playing=False))
        await lab.settle()
        lab.send(PlaybackReported(item_id, 0.7, playing=True))
        await lab.until(ReplyFinished)
        lab.send(PlaybackReported(item_id, END_SECONDS, playing=False))
        await lab.settle()
        assert lab.last_answer.text == COUNTING
        assert not lab.all(ReplyInterrupted)


@in_virtual_time
async def test_who_stops_it_after_it_ran_dry_has_heard_what_was_played_since() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await asked(lab, 12)
        lab.send(PlaybackReported(item_id, 0.3, playing=False))
        await lab.settle()
        lab.send(PlaybackReported(item_id, 0.9, playing=True), ReplyCancelled())
        await lab.until(ReplyFinished)
        assert lab.last_answer.text == "one two three"
        assert lab.one(ReplyInterrupted).heard_seconds == 0.9


@in_virtual_time
async def test_a_complete_answer_counts_as_stopped_only_until_it_is_played_on() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await asked(lab, 1)
        await lab.until(ReplyFinished)
        lab.send(PlaybackReported(item_id, 0.6, playing=False))
        await lab.settle()
        assert lab.last_answer.text == lab.all(ReplyInterrupted)[-1].heard_text == "one two"
        lab.send(PlaybackReported(item_id, 0.8, playing=True))
        await lab.settle()
        assert lab.last_answer.text == lab.all(ReplyInterrupted)[-1].heard_text == COUNTING
        lab.send(PlaybackReported(item_id, END_SECONDS, playing=False))
        await lab.settle()
        assert lab.last_answer.text == COUNTING
        assert len(lab.all(ReplyInterrupted)) == 2


@in_virtual_time
async def test_one_that_is_silent_when_the_answer_ends_was_turned_off() -> None:
    async with laboratory(MANUAL, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await asked(lab, 12)
        lab.send(PlaybackReported(item_id, 0.6, playing=False))
        await lab.settle()
        assert not lab.all(ReplyInterrupted)
        await lab.until(ReplyFinished)
        await lab.settle()
        assert lab.last_answer.text == lab.one(ReplyInterrupted).heard_text == "one two"


@in_virtual_time
async def test_a_report_that_comes_late_does_not_bring_back_what_speech_has_stopped() -> None:
    async with laboratory(SETTINGS, llm=ScriptedLanguageModel(COUNTING)) as lab:
        item_id = await asked(lab, 1)
        await lab.until(ReplyFinished)
        lab.send(PlaybackReported(item_id, 0.6, playing=False))
        await lab.silence(1.5)
        await lab.says(0.5)
        lab.send(PlaybackReported(item_id, 0.8, playing=True))
        await lab.settle()
        assert lab.all(SpeechStarted)
        stopped = lab.item(item_id)
        assert stopped.text == "one two"  # type: ignore[union-attr]
