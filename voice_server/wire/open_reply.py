"""One response while it is being sent: what is open, what was really sent, and how to close it in order.

What `.done` events say is what the deltas said, put together, whatever the pipeline has made of the item since.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.events import (
    ReplyArguments,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
)
from pipeline.items import FunctionCall, Item, Message, Speech, Status, Text
from pipeline.providers.interfaces import Usage
from voice_server.wire.audio import AudioFormat, OutputAudio, encode_base64
from voice_server.wire.errors import error_details
from voice_server.wire.extensions import audio_frame
from voice_server.wire.items import item_json
from voice_server.wire.json_text import Json
from voice_server.wire.limits import MAX_DELTA_SAMPLES
from voice_server.wire.session_config import DEFAULT_NAME, format_json


@dataclass(slots=True)
class OpenItem:
    """One item of the response."""

    item: Item
    output_index: int
    previous_item_id: str | None
    audio: OutputAudio
    part: Literal["audio", "text"] | None = None
    sent: list[str] = field(default_factory=list)
    """The deltas of its transcript, text or arguments."""
    is_open: bool = True
    in_conversation: bool = True
    """Not beside the conversation, nor deleted from it meanwhile."""

    def as_sent(self, status: Status) -> Item:
        """The item with the content that the client has got."""
        if isinstance(self.item, FunctionCall):
            return replace(self.item, arguments="".join(self.sent), status=status)
        assert isinstance(self.item, Message)
        words = "".join(self.sent)
        if self.part is None:
            return replace(self.item, content=(), status=status)
        part = Speech(words) if self.part == "audio" else Text(words)
        return replace(self.item, content=(part,), status=status)


class OpenReply:
    """Turns the events of one reply into messages without `event_id`, and into binary frames of audio."""

    def __init__(
        self, started: ReplyStarted, conversation_id: str, audio_format: AudioFormat, *, binary_audio: bool
    ) -> None:
        self._id = started.reply_id
        self._options = started.options
        self._conversation_id = conversation_id if started.options.in_conversation else None
        self._audio_format = audio_format
        self._binary_audio = binary_audio
        self._items: dict[str, OpenItem] = {}

    def created(self) -> Json:
        return {"type": "response.created", "response": self._response("in_progress", None, None)}

    def start_item(self, event: ReplyItemStarted) -> Iterator[Json]:
        audio = OutputAudio(self._audio_format)
        item = OpenItem(event.item, len(self._items), event.previous_item_id, audio)
        item.in_conversation = self._options.in_conversation
        self._items[event.item.id] = item
        shown = item_json(item.as_sent("in_progress"))
        yield self._item_message("response.output_item.added", item, shown)
        yield from self._conversation_message("conversation.item.added", item, shown)

    def forget(self, item_id: str) -> None:
        """The client has deleted this item, if it is one of this reply's: it is not told of it as if it were there."""
        if item_id in self._items:
            self._items[item_id].in_conversation = False

    def text(self, event: ReplyText) -> Iterator[Json]:
        item = self._items[event.item_id]
        yield from self._open_part(item, "text")
        if event.text:
            yield self._delta("response.output_text.delta", item, event.text)

    def speech(self, event: ReplyAudio) -> Iterator[Json | bytes]:
        item = self._items[event.item_id]
        yield from self._open_part(item, "audio")
        if event.text:
            yield self._delta("response.output_audio_transcript.delta", item, event.text)
        for start in range(0, len(event.samples), MAX_DELTA_SAMPLES):
            yield from self._audio(item, item.audio.push(event.samples[start : start + MAX_DELTA_SAMPLES]))

    def arguments(self, event: ReplyArguments) -> Iterator[Json]:
        item = self._items[event.item_id]
        if event.arguments:
            yield self._arguments_delta(item, event.arguments)

    def finish_item(self, event: ReplyItemFinished) -> Iterator[Json | bytes]:
        item = self._items[event.item.id]
        if isinstance(event.item, FunctionCall) and event.item.status == "completed":
            # A call that came in one piece has had no deltas.
            rest = event.item.arguments.removeprefix("".join(item.sent))
            if rest:
                yield self._arguments_delta(item, rest)
        yield from self._close(item, event.item.status)

    def finish(self, event: ReplyFinished) -> Iterator[Json | bytes]:
        """Close what is still open, then the response itself."""
        for item in self._items.values():
            if item.is_open:
                yield from self._close(item, "incomplete")
        details = None if event.status == "completed" else _status_details(event)
        usage = None if event.usage is None else _usage_json(event.usage)
        yield {"type": "response.done", "response": self._response(event.status, details, usage)}

    def _response(self, status: str, details: Json | None, usage: Json | None) -> Json:
        options = self._options
        return {
            "id": self._id,
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": [item_json(item.item) for item in self._items.values()],
            "conversation_id": self._conversation_id,
            "output_modalities": [options.modality or "audio"],
            "max_output_tokens": options.max_output_tokens or "inf",
            "audio": {"output": {"format": format_json(self._audio_format), "voice": options.voice or DEFAULT_NAME}},
            "metadata": None if options.metadata is None else dict(options.metadata),
            "usage": usage,
        }

    def _open_part(self, item: OpenItem, part: Literal["audio", "text"]) -> Iterator[Json]:
        if item.part is None:
            item.part = part
            yield self._part_message("response.content_part.added", item, part=_part_json(part, ""))

    def _audio(self, item: OpenItem, audio: bytes) -> Iterator[Json | bytes]:
        if not audio:
            return
        if self._binary_audio:
            yield audio_frame(item.item.id, audio)
        else:
            yield self._part_message("response.output_audio.delta", item, delta=encode_base64(audio))

    def _delta(self, kind: str, item: OpenItem, text: str) -> Json:
        item.sent.append(text)
        return self._part_message(kind, item, delta=text)

    def _arguments_delta(self, item: OpenItem, arguments: str) -> Json:
        item.sent.append(arguments)
        return self._call_message("response.function_call_arguments.delta", item, delta=arguments)

    def _close(self, item: OpenItem, status: Status) -> Iterator[Json | bytes]:
        if item.part is not None:
            yield from self._close_part(item, status)
        item.item = item.as_sent(status)
        item.is_open = False
        if isinstance(item.item, FunctionCall) and status == "completed":
            # Some clients run the function at this event, so a call that was broken off must not have it.
            call: Json = {"name": item.item.name, "arguments": item.item.arguments}
            yield self._call_message("response.function_call_arguments.done", item, **call)
        shown = item_json(item.item)
        yield from self._conversation_message("conversation.item.done", item, shown)
        yield self._item_message("response.output_item.done", item, shown)

    def _close_part(self, item: OpenItem, status: Status) -> Iterator[Json | bytes]:
        words = "".join(item.sent)
        if item.part == "text":
            yield self._part_message("response.output_text.done", item, text=words)
            yield self._part_message("response.content_part.done", item, part=_part_json("text", words))
            return
        if status == "completed":
            yield from self._audio(item, item.audio.flush())
        yield self._part_message("response.output_audio.done", item)
        yield self._part_message("response.output_audio_transcript.done", item, transcript=words)
        yield self._part_message("response.content_part.done", item, part=_part_json("audio", words))

    def _item_message(self, kind: str, item: OpenItem, shown: Json) -> Json:
        return {"type": kind, "response_id": self._id, "output_index": item.output_index, "item": shown}

    def _conversation_message(self, kind: str, item: OpenItem, shown: Json) -> Iterator[Json]:
        if item.in_conversation:
            yield {"type": kind, "item": shown, "previous_item_id": item.previous_item_id}

    def _part_message(self, kind: str, item: OpenItem, **fields: object) -> Json:
        place = {"response_id": self._id, "item_id": item.item.id, "output_index": item.output_index}
        return {"type": kind, **place, "content_index": 0, **fields}

    def _call_message(self, kind: str, item: OpenItem, **fields: object) -> Json:
        assert isinstance(item.item, FunctionCall)
        place = {"response_id": self._id, "item_id": item.item.id, "output_index": item.output_index}
        return {"type": kind, **place, "call_id": item.item.call_id, **fields}


def _part_json(part: Literal["audio", "text"], words: str) -> Json:
    return {"type": "audio", "transcript": words} if part == "audio" else {"type": "text", "text": words}


def _status_details(event: ReplyFinished) -> Json:
    details: Json = {"type": event.status}
    if event.reason is not None:
        details["reason"] = event.reason
    if event.error is not None:
        details["error"] = error_details(event.error)
    return details


def _usage_json(usage: Usage) -> Json:
    return {
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "input_token_details": {
            "text_tokens": usage.input_tokens,
            "audio_tokens": 0,
            "cached_tokens": usage.cached_tokens,
            "cached_tokens_details": {"text_tokens": usage.cached_tokens, "audio_tokens": 0},
        },
        "output_token_details": {"text_tokens": usage.output_tokens, "audio_tokens": 0},
    }
