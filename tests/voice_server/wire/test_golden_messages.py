"""The decoder and the encoder against messages that are also read by the TypeScript client."""

import json
from pathlib import Path
from typing import get_args

import pytest

from pipeline.events import GuessDropped, Input, Output, ReplyWritten, ToolCalled, ToolReturned
from tests.voice_server.wire.golden import CLIENT, SERVER, decoded, server_messages, story_frames
from tests.voice_server.wire.ordering import check_order
from tests.voice_server.wire.server_messages import EXTENSIONS, check_message
from tests.voice_server.wire.story import CONVERSATION, new_config, new_connection
from voice_server.wire.connection import Connection

PROTOCOL_PAGE = Path(__file__).parents[3] / "docs" / "protocol.md"
NOT_SENT = {GuessDropped, ReplyWritten, ToolCalled, ToolReturned}
"""Facts for logs."""


@pytest.mark.parametrize("path", CLIENT, ids=lambda path: path.stem)
def test_client_message_is_decoded_as_written_down(path: Path) -> None:
    golden = json.loads(path.read_text())
    assert decoded(Connection(new_config(), with_extensions=True), golden["message"]) == golden["inputs"]


@pytest.mark.parametrize("path", SERVER, ids=lambda path: path.stem)
def test_server_message_is_encoded_as_written_down(path: Path) -> None:
    assert server_messages()[path.stem] == json.loads(path.read_text())


def test_every_kind_of_server_message_is_written_down() -> None:
    assert set(server_messages()) == {path.stem for path in SERVER}


@pytest.mark.parametrize("kind", get_args(Input), ids=lambda kind: kind.__name__)
def test_every_input_can_be_asked_for_by_a_client(kind: type) -> None:
    asked = {event["kind"] for path in CLIENT for event in json.loads(path.read_text())["inputs"]}
    assert kind.__name__ in asked


@pytest.mark.parametrize("kind", get_args(Output), ids=lambda kind: kind.__name__)
def test_every_output_is_sent_or_known_not_to_be(kind: type) -> None:
    connection = new_connection(with_extensions=True)
    frames = {type(output): connection.send(output) for output in CONVERSATION}
    assert kind in frames, "the story in story.py has to have one"
    assert bool(frames[kind]) != (kind in NOT_SENT)


@pytest.mark.parametrize("with_extensions", [False, True])
def test_the_story_is_told_in_order_and_in_messages_that_clients_bear(with_extensions: bool) -> None:
    frames = story_frames(with_extensions=with_extensions)
    messages = [json.loads(frame) for frame in frames if isinstance(frame, str)]
    for message in messages:
        check_message(message)
    check_order(messages)
    assert with_extensions == any(isinstance(frame, bytes) for frame in frames)
    assert with_extensions == any(message["type"] in EXTENSIONS for message in messages)


def test_every_event_type_has_its_place_in_the_protocol_page() -> None:
    page = PROTOCOL_PAGE.read_text()
    sent = {json.loads(path.read_text())["type"] for path in SERVER}
    received = {json.loads(path.read_text())["message"].get("type") for path in CLIENT if "error." not in path.name}
    assert [kind for kind in sorted(sent | received) if f"`{kind}`" not in page] == []
