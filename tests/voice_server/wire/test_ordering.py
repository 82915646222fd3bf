"""The ordering checker finds what it is there to find."""

import copy
import json

import pytest

from tests.voice_server.wire.golden import story_frames
from tests.voice_server.wire.ordering import OrderingError, check_order
from voice_server.wire.json_text import Json

STORY: list[Json] = [json.loads(frame) for frame in story_frames(with_extensions=False) if isinstance(frame, str)]


def index_of(kind: str) -> int:
    return next(index for index, message in enumerate(STORY) if message["type"] == kind)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("session.created", "session.updated"),
        ("response.created", "response.output_item.added"),
        ("response.output_item.added", "response.content_part.added"),
        ("response.content_part.added", "response.output_audio_transcript.delta"),
        ("response.output_audio.delta", "response.output_audio.done"),
        ("response.output_audio_transcript.done", "response.content_part.done"),
        ("response.content_part.done", "response.output_item.done"),
        ("response.function_call_arguments.delta", "response.function_call_arguments.done"),
        ("response.output_item.done", "response.done"),
        ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"),
        ("input_audio_buffer.speech_stopped", "input_audio_buffer.committed"),
        ("conversation.item.added", "conversation.item.done"),
    ],
)
def test_two_messages_the_other_way_round(earlier: str, later: str) -> None:
    story = copy.deepcopy(STORY)
    first, second = index_of(earlier), index_of(later)
    assert first < second
    story.insert(first, story.pop(second))
    with pytest.raises(OrderingError):
        check_order(story)


@pytest.mark.parametrize(
    "kind",
    [
        "response.output_item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.function_call_arguments.done",
    ],
)
def test_a_message_that_is_missing(kind: str) -> None:
    story = copy.deepcopy(STORY)
    del story[index_of(kind)]
    with pytest.raises((OrderingError, AssertionError)):
        check_order(story)


def test_a_predecessor_that_nobody_knows() -> None:
    for predecessor in (None, "item_unknown"):
        story = copy.deepcopy(STORY)
        later = [message for message in story if message["type"] == "conversation.item.added"][1]
        later["previous_item_id"] = predecessor
        with pytest.raises(OrderingError):
            check_order(story)


def test_something_after_the_end_of_its_response() -> None:
    story = [*copy.deepcopy(STORY), {**STORY[index_of("response.output_audio.delta")], "event_id": "event_late"}]
    with pytest.raises(OrderingError):
        check_order(story)


def test_a_call_that_is_complete_from_the_start() -> None:
    story = copy.deepcopy(STORY)
    for message in story:
        item = message.get("item")
        if isinstance(item, dict) and item["type"] == "function_call":
            item["status"] = "completed"
    with pytest.raises(OrderingError):
        check_order(story)
