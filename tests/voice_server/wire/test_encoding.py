"""What only shows in sequences: what was really sent, quick updates, bounds, and the encodings of audio."""

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import PipelineError, RequestError
from pipeline.events import (
    Input,
    ItemAdded,
    ItemRemoved,
    ItemShown,
    Output,
    ReplyArguments,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
    RequestFailed,
    SettingsApplied,
    SettingsChanged,
    TranscriptCompleted,
)
from pipeline.items import FunctionCall, Image, Message, Speech, Text
from pipeline.settings import ReplyOptions
from tests.voice_server.wire.server_messages import check_message
from tests.voice_server.wire.story import TRANSCRIBED, new_config, new_connection
from voice_server.wire.connection import Connection
from voice_server.wire.extensions import audio_frame

SECOND = np.zeros(24_000, np.int16)
ANSWER = Message("item_1", "assistant", (), "in_progress")
OPENING = (ReplyStarted("resp_1", ReplyOptions(modality="audio")), ReplyItemStarted("resp_1", ANSWER, "item_0"))


def send(connection: Connection, *outputs: Output) -> list[dict[str, Any]]:
    messages = [json.loads(frame) for output in outputs for frame in connection.send(output)]
    for message in messages:
        check_message(message)
    return messages


def types(messages: list[dict[str, Any]]) -> list[str]:
    return [message["type"].removeprefix("response.") for message in messages]


def applied(events: list[Input | RequestFailed]) -> SettingsApplied:
    (event,) = events
    assert isinstance(event, SettingsChanged)
    return SettingsApplied(event.settings, event.request_id)


def test_each_of_two_quick_updates_shows_its_own_state() -> None:
    connection = Connection(new_config(), with_extensions=False)
    update = '{"type":"session.update","session":{"type":"realtime","instructions":"%s"}}'
    outputs = [applied(connection.receive(update % words)) for words in ("one", "two")]
    assert [message["session"]["instructions"] for message in send(connection, *outputs)] == ["one", "two"]


def test_transcripts_are_sent_from_when_the_client_knows_that_they_will_be() -> None:
    connection = Connection(new_config(), with_extensions=False)
    transcript = TranscriptCompleted("item_1", "Hello.", 0.5)
    assert send(connection, transcript) == []
    settings = applied(connection.receive(TRANSCRIBED))
    assert send(connection, transcript) == []
    send(connection, settings)
    assert types(send(connection, transcript)) == ["conversation.item.input_audio_transcription.completed"]


def test_a_broken_off_reply_is_closed_with_what_was_sent() -> None:
    heard = replace(ANSWER, content=(Speech("It"),), status="incomplete")
    messages = send(
        new_connection(),
        *OPENING,
        ReplyAudio("resp_1", "item_1", SECOND[:2400], "It is late."),
        ReplyItemFinished("resp_1", heard),
        ReplyFinished("resp_1", "cancelled", "client_cancelled"),
    )
    assert types(messages[6:]) == [
        "output_audio.done",
        "output_audio_transcript.done",
        "content_part.done",
        "conversation.item.done",
        "output_item.done",
        "done",
    ]
    assert messages[7]["transcript"] == "It is late."
    assert messages[-2]["item"] == messages[-1]["response"]["output"][0]
    assert messages[-2]["item"]["content"] == [{"type": "output_audio", "transcript": "It is late."}]
    assert messages[-2]["item"]["status"] == "incomplete"


def test_a_reply_that_ends_without_a_word_of_its_items_closes_them() -> None:
    messages = send(new_connection(), *OPENING, ReplyFinished("resp_1", "cancelled", "turn_detected"))
    assert types(messages[3:]) == ["conversation.item.done", "output_item.done", "done"]
    assert messages[-2]["item"]["content"] == []


def test_a_call_that_was_broken_off_is_never_said_to_be_complete() -> None:
    call = FunctionCall("item_2", "call_1", "book", "", "in_progress")
    messages = send(
        new_connection(),
        OPENING[0],
        ReplyItemStarted("resp_1", call, "item_1"),
        ReplyArguments("resp_1", "item_2", '{"tab'),
        ReplyFinished("resp_1", "cancelled", "turn_detected"),
    )
    assert "function_call_arguments.done" not in types(messages)
    assert messages[-2]["item"]["status"] == "incomplete"
    assert messages[-2]["item"]["arguments"] == '{"tab'


def test_a_call_that_came_in_one_piece_has_a_delta_too() -> None:
    call = FunctionCall("item_2", "call_1", "book", "{}")
    started = ReplyItemStarted("resp_1", replace(call, arguments="", status="in_progress"), "item_1")
    messages = send(new_connection(), OPENING[0], started, ReplyItemFinished("resp_1", call))
    assert types(messages[3:5]) == ["function_call_arguments.delta", "function_call_arguments.done"]
    assert messages[4]["arguments"] == "{}"


def test_a_reply_beside_the_conversation_shows_no_items_of_it() -> None:
    started = ReplyStarted("resp_1", ReplyOptions(modality="text", in_conversation=False, metadata={"a": "b"}))
    text = ReplyText("resp_1", "item_1", "Hi")
    messages = send(new_connection(), started, OPENING[1], text, ReplyFinished("resp_1", "completed"))
    assert not [kind for kind in types(messages) if kind.startswith("conversation.")]
    assert messages[0]["response"]["conversation_id"] is None
    assert messages[-1]["response"]["metadata"] == {"a": "b"}


def test_an_item_that_is_deleted_while_it_is_made_does_not_come_back() -> None:
    text = ReplyText("resp_1", "item_1", "Hi")
    finished = ReplyItemFinished("resp_1", replace(ANSWER, status="completed"))
    messages = send(new_connection(), *OPENING, text, ItemRemoved("item_1"), finished)
    assert types(messages[5:]) == [
        "conversation.item.deleted",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]


def test_long_audio_is_sent_in_short_deltas() -> None:
    messages = send(new_connection(), *OPENING, ReplyAudio("resp_1", "item_1", SECOND))
    deltas = [b64decode(message["delta"]) for message in messages if message["type"].endswith("audio.delta")]
    assert [len(delta) for delta in deltas] == [9600] * 5


@pytest.mark.parametrize("audio_format", ["audio/pcmu", "audio/pcma"])
def test_g711_loses_nothing_of_an_item(audio_format: str) -> None:
    started = ReplyStarted("resp_1", ReplyOptions(modality="audio", audio_format=audio_format))
    audio = [ReplyAudio("resp_1", "item_1", SECOND[start : start + 480]) for start in range(0, 24_000, 480)]
    finished = ReplyItemFinished("resp_1", replace(ANSWER, status="completed"))
    messages = send(new_connection(), started, OPENING[1], *audio, finished)
    assert messages[0]["response"]["audio"]["output"]["format"] == {"type": audio_format}
    deltas = [b64decode(message["delta"]) for message in messages if message["type"].endswith("audio.delta")]
    assert sum(map(len, deltas)) == 8000


def test_a_reply_that_goes_on_says_which_one_it_continues() -> None:
    started = ReplyStarted("resp_2", ReplyOptions(modality="audio"), continues="resp_1")
    created, continued = send(new_connection(with_extensions=True), started)
    assert created["type"] == "response.created"
    assert continued == {**continued, "type": "voice.continued", "response_id": "resp_2", "continues": "resp_1"}
    assert types(send(new_connection(with_extensions=True), replace(started, continues=None))) == ["created"]
    assert types(send(new_connection(), started)) == ["created"], "stock clients do not see it"


def test_binary_frames_carry_the_item_and_aligned_samples() -> None:
    samples = np.arange(480, dtype=np.int16)
    for item_id in ("item_1", "item_12"):
        connection = new_connection(with_extensions=True)
        started = ReplyItemStarted("resp_1", replace(ANSWER, id=item_id), None)
        outputs = (OPENING[0], started, ReplyAudio("resp_1", item_id, samples))
        (frame,) = [frame for output in outputs for frame in connection.send(output) if isinstance(frame, bytes)]
        assert frame[0] == 1
        assert frame[2 : 2 + frame[1]] == item_id.encode()
        start = 2 + frame[1] + (2 + frame[1]) % 2
        assert np.array_equal(np.frombuffer(frame[start:], "<i2"), samples)


def test_the_protocol_page_shows_a_true_binary_frame() -> None:
    page = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
    assert f"`{audio_frame('item_12', b'').hex(' ')}`" in page


def test_retrieved_items_have_the_users_audio() -> None:
    heard = Message("item_1", "user", (Speech("Hi.", np.zeros(1600, np.int16)),))
    (message,) = send(new_connection(), ItemShown(heard))
    assert len(b64decode(message["item"]["content"][0]["audio"])) == 4800
    too_long = Message("item_1", "user", (Speech("Hi.", np.zeros(16_000 * 20, np.int16)),))
    (message,) = send(new_connection(), ItemShown(too_long))
    assert message["item"]["content"] == [{"type": "input_audio", "transcript": "Hi."}]


def test_a_large_picture_is_not_sent_back() -> None:
    picture = Message("item_1", "user", (Image("data:image/png;base64," + "A" * 2_000_000, "low"),))
    (message,) = send(new_connection(), ItemAdded(picture, None))
    assert message["item"]["content"] == [{"type": "input_image", "detail": "low"}]


def test_half_an_emoji_of_a_model_is_replaced() -> None:
    typed = Message("item_1", "user", (Text("Hi \ud83d"),))
    (message,) = send(new_connection(), ItemAdded(typed, None))
    assert message["item"]["content"][0]["text"] == "Hi \ufffd"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RequestError("invalid_value", "No.", param="item_id"), "invalid_request_error"),
        (RequestError("rate_limit_exceeded", "Slowly."), "server_error"),
        (PipelineError("internal_error", "Oh."), "server_error"),
    ],
)
def test_errors_say_whose_fault_they_are(error: PipelineError, kind: str) -> None:
    message = json.loads(new_connection().farewell(error))
    check_message(message)
    assert message["error"]["type"] == kind
