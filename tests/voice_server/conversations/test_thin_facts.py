"""The log keeps every fact that matters, and little else."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from pipeline.events import (
    AudioReceived,
    ItemAdded,
    ItemCreated,
    PlaybackReported,
    ReplyAudio,
    SpeechStarted,
)
from pipeline.items import Image, Message, Speech
from pipeline.session_log import Entered, Left, LogUnreadable
from pipeline.settings import SessionSettings
from tests.pipeline.lab import tone
from voice_server.conversations.configuration import config_json, config_of
from voice_server.conversations.facts import MAX_PICTURE_CHARACTERS, Configured, LogFact, Thinning, read, write
from voice_server.wire.fields import Fields
from voice_server.wire.session_config import start_session


def thin(facts: Iterable[LogFact]) -> list[LogFact]:
    thinning = Thinning()
    return [kept for fact in facts for kept in thinning.take(fact)]


def test_the_microphone_becomes_one_length_before_the_next_fact() -> None:
    frames: list[LogFact] = [Entered(number / 50, AudioReceived(tone(0.02))) for number in range(100)]
    began = Left(2.0, SpeechStarted("item_1", 1.8))
    kept = thin([*frames, began, began])
    assert len(kept) == 3
    assert isinstance(kept[0], Entered)
    assert isinstance(kept[0].event, AudioReceived)
    assert (kept[0].at, len(kept[0].event.samples)) == pytest.approx((1.98, 32_000))
    assert not kept[0].event.samples.any()
    assert kept[1:] == [began, began]


def test_of_the_loudspeaker_the_newest_report_is_kept() -> None:
    def report(at: float, *, playing: bool = True) -> Entered:
        return Entered(at, PlaybackReported("item_1", at, playing=playing))

    audio = Left(0.2, ReplyAudio("resp_1", "item_1", tone(0.1)))
    began = Left(0.5, SpeechStarted("item_2", 0.4))
    facts: list[LogFact] = [report(0.1), audio, report(0.3), report(0.4), began, report(0.6, playing=False)]
    assert thin(facts) == [audio, report(0.4), began, report(0.6, playing=False)]


def test_a_loudspeaker_that_plays_for_long_is_noted_every_second() -> None:
    reports: list[LogFact] = [Entered(n / 10, PlaybackReported("i", n / 10, playing=True)) for n in range(101)]
    assert [round(fact.at) for fact in thin(reports) if isinstance(fact, Entered)] == list(range(1, 11))


def test_no_audio_is_written_down() -> None:
    facts: list[LogFact] = [
        Left(1.0, ReplyAudio("resp_1", "item_1", np.full(2400, 7, np.int16), "Hello")),
        Left(1.0, ItemAdded(Message("item_1", "user", (Speech(None, tone(3.0)),)), None)),
    ]
    assert all(len(write(fact)) < 400 for fact in thin(facts))


def test_a_large_picture_is_left_out() -> None:
    small, large = Image("data:small"), Image("data:" + "A" * MAX_PICTURE_CHARACTERS)
    item = Message("item_1", "user", (small, large))
    thinned = replace(item, content=(small, Image("")))
    facts: list[LogFact] = [Entered(0.0, ItemCreated(item)), Left(0.0, ItemAdded(item, None))]
    assert thin(facts) == [Entered(0.0, ItemCreated(thinned)), Left(0.0, ItemAdded(thinned, None))]


def test_a_configuration_reads_back_exactly() -> None:
    config = start_session("sess_1", "tester", SessionSettings(instructions="Be brief."), 1_800_000_000)
    update: dict[str, object] = {
        "type": "realtime",
        "audio": {"input": {"format": {"type": "audio/pcmu"}, "transcription": {"model": "default"}}},
        "tools": [{"type": "function", "name": "look", "description": "Look.", "parameters": {"type": "object"}}],
        "instructions": "Be polite.",
    }
    for each in (config, config.updated(Fields(update, "session"))):
        fact = read(write(Configured(1.5, config_json(each))))
        assert isinstance(fact, Configured)
        assert fact.at == 1.5
        assert config_of(fact.config) == each


@pytest.mark.parametrize("line", ['{"$":"Configured"', '{"$":"Configured"}', '{"$":"Nothing"}'])
def test_what_is_no_fact_is_refused(line: str) -> None:
    with pytest.raises(LogUnreadable):
        read(line)
