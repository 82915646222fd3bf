"""What every message of the server has to satisfy: the types of OpenAI's SDK, and where clients bear no null."""

from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from voice_server.wire.json_text import Json

_EVENTS: TypeAdapter[RealtimeServerEvent] = TypeAdapter(RealtimeServerEvent)
EXTENSIONS = ("voice.turn", "voice.interrupted", "voice.continued", "voice.duck", "voice.restore")
_ITEM_KEYS = ("id", "type", "role", "status", "call_id", "name", "arguments", "content")
_PART_KEYS = ("audio", "text", "transcript")


def check_message(message: Json) -> None:
    """Raises AssertionError or pydantic's ValidationError."""
    assert isinstance(message["event_id"], str)
    kind = message["type"]
    assert isinstance(kind, str)
    if kind in EXTENSIONS:
        return
    event = _EVENTS.validate_python(message, strict=True)
    # OpenAI's union is not discriminated for pydantic: the first model that fits is chosen, so its type must be told.
    assert event.type == kind
    known = set(type(event).model_fields)
    assert set(message) <= known, f"{kind} has unknown fields {set(message) - known}"
    _check_nulls(message)


def _check_nulls(message: Json) -> None:
    items = [message["item"]] if "item" in message else []
    response = message.get("response")
    if isinstance(response, dict):
        items += response["output"]
        _check_usage(response["usage"])
    for item in items:
        _check_item(item)
    part = message.get("part")
    if isinstance(part, dict):
        assert part["type"] in ("audio", "text"), part
        assert None not in [part.get(key, "") for key in _PART_KEYS]
    if message["type"] == "conversation.item.input_audio_transcription.failed":
        assert isinstance(message["error"], dict)
        assert None not in message["error"].values()


def _check_item(item: object) -> None:
    assert isinstance(item, dict)
    assert item["object"] == "realtime.item"
    assert item["status"] in ("in_progress", "completed", "incomplete")
    assert None not in [item.get(key, "") for key in _ITEM_KEYS]
    for content in item.get("content", []):
        match content["type"]:
            case "input_audio":
                assert "transcript" in content
            case "input_text" | "output_text":
                assert isinstance(content["text"], str)
            case kind:
                assert kind in ("output_audio", "input_image")


def _check_usage(usage: object) -> None:
    if usage is None:
        return
    assert isinstance(usage, dict)
    for value in usage.values():
        if isinstance(value, dict):
            _check_usage(value)
        else:
            assert type(value) is int
