"""Items of the conversation, as clients write them and as they are shown to clients."""

from typing import Literal, cast

from pipeline.items import Content, FunctionCall, FunctionCallOutput, Image, Item, Message, Speech, Status, Text, new_id
from voice_server.wire.audio import AudioFormat, decode_base64, decode_recording, encode_base64, encode_recording
from voice_server.wire.errors import wrong_value
from voice_server.wire.fields import Fields
from voice_server.wire.json_text import Json
from voice_server.wire.limits import (
    MAX_CONTENT_PARTS,
    MAX_IMAGE_SHOWN_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_TEXT_CHARACTERS,
)

_ITEM_TYPES = ("message", "function_call", "function_call_output")
_ROLES: tuple[Literal["system", "user", "assistant"], ...] = ("system", "user", "assistant")
_DETAILS = ("auto", "low", "high")
_PARTS = {
    "system": ("input_text",),
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text", "output_audio"),
}


def read_item(fields: Fields, audio_format: AudioFormat) -> Item:
    """An item that a client creates. Without an id it gets one. Raises RequestError."""
    kind = fields.choice("type", _ITEM_TYPES)
    item_id = fields.optional_identifier("id") or new_id("item")
    if kind == "function_call":
        call_id = fields.optional_identifier("call_id") or new_id("call")
        name = fields.string("name", MAX_NAME_CHARACTERS)
        return FunctionCall(item_id, call_id, name, fields.string("arguments", MAX_TEXT_CHARACTERS))
    if kind == "function_call_output":
        call_id = fields.identifier("call_id")
        return FunctionCallOutput(item_id, call_id, fields.string("output", MAX_TEXT_CHARACTERS))
    role = fields.choice("role", _ROLES)
    content = tuple(_read_part(part, role, audio_format) for part in fields.objects("content", MAX_CONTENT_PARTS))
    return Message(item_id, role, content, _read_status(fields))


def item_json(item: Item) -> Json:
    """An item as it is shown, without its audio."""
    head: Json = {"id": item.id, "object": "realtime.item", "status": item.status}
    match item:
        case Message():
            content = [_part_json(part, item.role) for part in item.content]
            return head | {"type": "message", "role": item.role, "content": content}
        case FunctionCall():
            call: Json = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
            return head | {"type": "function_call"} | call
        case FunctionCallOutput():
            return head | {"type": "function_call_output", "call_id": item.call_id, "output": item.output}


def item_json_with_audio(item: Item, audio_format: AudioFormat) -> Json:
    """An item as it is retrieved: with the user's audio where it is kept and fits into a frame."""
    shown = item_json(item)
    if isinstance(item, Message):
        for part, part_shown in zip(item.content, cast("list[Json]", shown["content"]), strict=True):
            if isinstance(part, Speech) and part.samples is not None:
                audio = encode_recording(part.samples, audio_format)
                part_shown.update({} if audio is None else {"audio": encode_base64(audio)})
    return shown


def _read_status(fields: Fields) -> Status:
    """Clients repeat items from elsewhere; only a message that was broken off is worth remembering as such."""
    status = fields.value.get("status")
    return "incomplete" if status == "incomplete" else "completed"


def _read_part(part: Fields, role: str, audio_format: AudioFormat) -> Content:
    match part.choice("type", _PARTS[role]):
        case "input_audio":
            return _read_speech(part, audio_format)
        case "input_image":
            return _read_image(part)
        case "output_audio":
            return Speech(part.string("transcript", MAX_TEXT_CHARACTERS))
        case _:
            return Text(part.string("text", MAX_TEXT_CHARACTERS))


def _read_speech(part: Fields, audio_format: AudioFormat) -> Speech:
    transcript = part.optional_string("transcript", MAX_TEXT_CHARACTERS)
    data = decode_base64(part.string("audio"), part.param("audio"))
    return Speech(transcript, decode_recording(data, audio_format))


def _read_image(part: Fields) -> Image:
    url = part.string("image_url")
    if not url.startswith("data:image/"):
        raise wrong_value(part.param("image_url"), "send the picture itself, as a data URI.")
    return Image(url, part.choice("detail", _DETAILS) if part.given("detail") else None)


def _part_json(part: Content, role: str) -> Json:
    match part:
        case Text():
            return {"type": "output_text" if role == "assistant" else "input_text", "text": part.text}
        case Speech():
            return {"type": "output_audio" if role == "assistant" else "input_audio", "transcript": part.transcript}
        case Image():
            shown: Json = {"type": "input_image"}
            if len(part.url) <= MAX_IMAGE_SHOWN_CHARACTERS:
                shown["image_url"] = part.url
            return shown | ({"detail": part.detail} if part.detail else {})
