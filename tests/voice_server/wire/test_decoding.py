"""What is wrong with a client's message is told, in the words of the protocol."""

import json

import pytest

from pipeline.audio import Samples
from pipeline.events import AudioCommitted, AudioReceived, Input, ItemCreated, ReplyRequested, RequestFailed
from tests.voice_server.wire.story import new_config
from voice_server.wire.audio import InputAudio, encode_base64
from voice_server.wire.connection import Connection
from voice_server.wire.json_text import Json
from voice_server.wire.limits import MAX_APPEND_BYTES, MAX_OUTPUT_TOKENS


def receive(message: Json | str | bytes, *, with_extensions: bool = False) -> list[Input | RequestFailed]:
    frame = json.dumps(message) if isinstance(message, dict) else message
    return list(Connection(new_config(), with_extensions=with_extensions).receive(frame))


def failure(message: Json | str | bytes) -> tuple[str, str | None, str | None]:
    (event,) = receive(message)
    assert isinstance(event, RequestFailed), event
    return event.error.code, event.error.param, event.request_id


def item(**fields: object) -> Json:
    return {"type": "conversation.item.create", "event_id": "e", "item": fields}


def user(*content: Json) -> Json:
    return item(type="message", role="user", content=list(content))


def response(**fields: object) -> Json:
    return {"type": "response.create", "event_id": "e", "response": fields}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" * 100 + "]" * 100,
        '{"type":"response.create","response":' + '{"a":' * 100 + "1" + "}" * 101,
        '{"audio_end_ms":NaN}',
        '{"audio_end_ms":1e999}',
        '{"a":"\\ud800","b":NaN}',
        '{"a":"\\ud800","b":' + "[" * 100_000,
        "\ud800",
        "\x00",
    ],
    ids=range(15),
)
def test_what_is_not_a_json_object_is_refused(text: str) -> None:
    assert failure(text) == ("invalid_json", None, None)


def test_binary_frames_are_audio_only_with_the_extension() -> None:
    assert failure(b"\0\0") == ("invalid_json", None, None)
    (event,) = receive(bytes(4800), with_extensions=True)
    assert isinstance(event, AudioReceived)
    (event,) = receive(bytes(MAX_APPEND_BYTES + 1), with_extensions=True)
    assert isinstance(event, RequestFailed)


@pytest.mark.parametrize("half", ["\\ud83d", "\\udc4b", "\ud83d"])
def test_half_an_emoji_is_replaced(half: str) -> None:
    text = '{"type":"conversation.item.create","event_id":"e' + half + '","item":{"type":"message","role":"user",'
    (event,) = receive(text + '"content":[{"type":"input_text","text":"Hi ' + half + '"}]}}')
    assert isinstance(event, ItemCreated)
    assert event.request_id == "e\ufffd"
    assert getattr(event.item, "text") == "Hi \ufffd"  # noqa: B009


@pytest.mark.parametrize("event_id", [1, None, ["e"], {"e": 1}, True])
def test_an_event_id_that_is_no_string_is_taken_for_none(event_id: object) -> None:
    assert receive({"type": "response.create", "event_id": event_id}) == [ReplyRequested()]


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ({"type": 7}, "invalid_type", "type"),
        ({"type": None}, "invalid_type", "type"),
        ({"type": "voice.playback"}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": None}, "invalid_type", "session"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        ({"type": "input_audio_buffer.append", "audio": 1}, "invalid_type", "audio"),
        (
            {"type": "input_audio_buffer.append", "audio": encode_base64(bytes(MAX_APPEND_BYTES + 1))},
            "string_above_max_length",
            "audio",
        ),
        ({"type": "conversation.item.create"}, "missing_required_parameter", "item"),
        (item(), "missing_required_parameter", "item.type"),
        (item(type="mcp_call"), "invalid_value", "item.type"),
        (item(type="message", role="tool", content=[]), "invalid_value", "item.role"),
        (item(type="message", role="user"), "missing_required_parameter", "item.content"),
        (item(type="message", role="user", content={}), "invalid_type", "item.content"),
        (item(type="message", role="user", content=[1]), "invalid_type", "item.content[0]"),
        (item(type="message", role="user", content=[], id="i" * 33), "string_above_max_length", "item.id"),
        (item(type="message", role="user", content=[], id=""), "invalid_value", "item.id"),
        (user({"type": "output_text", "text": ""}), "invalid_value", "item.content[0].type"),
        (user({"type": "input_text"}), "missing_required_parameter", "item.content[0].text"),
        (user({"type": "input_text", "text": "x" * 300_000}), "string_above_max_length", "item.content[0].text"),
        (user({"type": "input_image", "image_url": "http://a/b"}), "invalid_value", "item.content[0].image_url"),
        (user({"type": "input_audio", "audio": "!"}), "invalid_base64", "item.content[0].audio"),
        (item(type="function_call", name="f", arguments={}), "invalid_type", "item.arguments"),
        (item(type="function_call_output", output=""), "missing_required_parameter", "item.call_id"),
        ({"type": "conversation.item.delete"}, "missing_required_parameter", "item_id"),
        (
            {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": -1},
            "invalid_value",
            "audio_end_ms",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 1.5},
            "invalid_type",
            "audio_end_ms",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "i", "content_index": 1, "audio_end_ms": 1},
            "invalid_value",
            "content_index",
        ),
        ({"type": "response.cancel", "response_id": 5}, "invalid_type", "response_id"),
        ({"type": "response.create", "response": []}, "invalid_type", "response"),
        (response(conversation="mine"), "invalid_value", "response.conversation"),
        (response(output_modalities=["audio", "text"]), "invalid_value", "response.output_modalities"),
        (response(metadata={str(n): "" for n in range(17)}), "invalid_value", "response.metadata"),
        (response(metadata={"k": "v" * 513}), "string_above_max_length", "response.metadata.k"),
        (response(metadata={"k" * 65: "v"}), "string_above_max_length", "response.metadata"),
        (response(metadata={"k": 1}), "invalid_type", "response.metadata.k"),
        (response(input=[{"type": "item_reference"}]), "missing_required_parameter", "response.input[0].id"),
        (response(max_output_tokens=True), "invalid_type", "response.max_output_tokens"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told_with_its_path(message: Json, code: str, param: str) -> None:
    assert failure({"event_id": "e", **message}) == (code, param, "e")


def test_a_huge_event_id_is_not_repeated() -> None:
    assert failure({"type": "response.cancel", "event_id": "e" * 513}) == ("string_above_max_length", "event_id", None)


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    (event,) = receive('{"type":"response.cancel","type":"response.create"}')
    assert isinstance(event, ReplyRequested)


def test_a_hundred_milliseconds_are_a_hundred_milliseconds_by_the_time_of_the_commit() -> None:
    connection = Connection(new_config(), with_extensions=True)
    events = [event for _ in range(5) for event in connection.receive(bytes(960))]
    events += connection.receive('{"type":"input_audio_buffer.commit"}')
    assert isinstance(events[-1], AudioCommitted)
    assert sum(len(event.samples) for event in events if isinstance(event, AudioReceived)) == 1600


def test_minutes_of_audio_are_told_in_pieces() -> None:
    events = receive({"type": "input_audio_buffer.append", "audio": encode_base64(bytes(48_000 * 90))})
    pieces = [len(event.samples) for event in events if isinstance(event, AudioReceived) and len(event.samples)]
    assert len(pieces) == 90
    assert max(pieces) <= 16_000
    assert sum(pieces) == pytest.approx(16_000 * 90, abs=40)


@pytest.mark.parametrize("binary", [True, False])
def test_minutes_of_audio_are_decoded_while_they_are_taken(binary: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    push = InputAudio.push

    def counted(stream: InputAudio, data: bytes) -> Samples:
        heard.append(len(data))
        return push(stream, data)

    monkeypatch.setattr(InputAudio, "push", counted)
    audio = bytes(48_000 * 90)
    message = json.dumps({"type": "input_audio_buffer.append", "audio": encode_base64(audio)})
    connection = Connection(new_config(), with_extensions=True)
    events = iter(connection.receive(audio if binary else message))
    assert isinstance(next(events), AudioReceived)
    assert len(heard) <= 1
    assert list(events)
    assert sum(heard) == len(audio)
    assert max(heard) <= 48_000


@pytest.mark.parametrize("wrong", ["!", "====", "QUJD=QUJD"])
@pytest.mark.parametrize("place", [64_000, 100_000, 192_000])
def test_nothing_is_heard_of_minutes_that_are_no_audio(wrong: str, place: int) -> None:
    audio = encode_base64(bytes(48_000 * 3))
    *before, failed = receive({"type": "input_audio_buffer.append", "audio": audio[:place] + wrong + audio[place:]})
    assert isinstance(failed, RequestFailed)
    assert failed.error.code == "invalid_base64"
    assert not any(len(event.samples) for event in before if isinstance(event, AudioReceived))


def test_padding_belongs_to_the_end_of_the_audio() -> None:
    audio = encode_base64(bytes(47_999)) + encode_base64(bytes(48_000))
    *_, failed = receive({"type": "input_audio_buffer.append", "audio": audio})
    assert isinstance(failed, RequestFailed)
    assert "Excess data after padding" in failed.error.message


def test_a_limit_of_the_session_can_be_lifted_for_one_response() -> None:
    connection = Connection(new_config(), with_extensions=False)
    connection.receive('{"type":"session.update","session":{"type":"realtime","max_output_tokens":5}}')
    (event,) = connection.receive('{"type":"response.create","response":{"max_output_tokens":"inf"}}')
    assert isinstance(event, ReplyRequested)
    assert event.options.max_output_tokens == MAX_OUTPUT_TOKENS


def test_the_encoding_of_the_microphone_changes_with_the_update() -> None:
    connection = Connection(new_config(), with_extensions=True)
    update = {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}}
    connection.receive(json.dumps({"type": "session.update", "session": update}))
    events = [*connection.receive(bytes(8000)), *connection.receive('{"type":"input_audio_buffer.commit"}')]
    assert sum(len(event.samples) for event in events if isinstance(event, AudioReceived)) == 16_000
