"""The client's messages -> what enters the pipeline. A message that makes no sense becomes a RequestFailed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from pipeline.audio import SILENCE
from pipeline.errors import RequestError
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    AudioReceived,
    Input,
    ItemCreated,
    ItemDeleted,
    ItemRetrieved,
    ItemTruncated,
    ReplyCancelled,
    ReplyRequested,
    RequestFailed,
    SettingsChanged,
)
from voice_server.wire import extensions
from voice_server.wire.audio import InputAudio, base64_pieces, byte_count, decode_base64
from voice_server.wire.errors import too_long, wrong_value
from voice_server.wire.fields import Fields
from voice_server.wire.items import read_item
from voice_server.wire.json_text import parse
from voice_server.wire.limits import (
    AUDIO_PIECE_BYTES,
    MAX_APPEND_BYTES,
    MAX_EVENT_ID_CHARACTERS,
    MAX_WAITING_SECONDS,
)
from voice_server.wire.reply_request import read_reply_request
from voice_server.wire.session_config import SessionConfig


class Decoder:
    """Reads what one client sends, in order: the encoding of its audio depends on what it said before.

    Audio that may wait is given together with what follows, before anything else that the client sends.
    """

    def __init__(self, config: SessionConfig, *, with_extensions: bool) -> None:
        self.config = config
        """As the client's last update left it."""
        self._with_extensions = with_extensions
        self._audio = InputAudio(config.input_format)
        self._waiting = b""

    def adopt(self, config: SessionConfig) -> None:
        """What the client's update left in an earlier session of this conversation."""
        if config.input_format != self.config.input_format:
            self._audio = InputAudio(config.input_format)
        self.config = config

    def decode_text(self, text: str) -> Iterable[Input | RequestFailed]:
        """Read one text frame. What is long is read as far as the caller asks for more: see `decode_binary`."""
        request_id: str | None = None
        before = self._waited()
        try:
            fields = Fields(parse(text))
            request_id = _event_id(fields)
            events = self._reader(fields)(self, fields, request_id)
            return [*before, *events] if isinstance(events, list) else _failing(chain(before, events), request_id)
        except RequestError as error:
            return [*before, RequestFailed(error, request_id)]

    def decode_binary(self, data: bytes, *, may_wait: bool = False) -> Iterable[Input | RequestFailed]:
        """Read one binary frame: audio, if the client asked for extensions. `may_wait`: it need not be heard yet.

        Minutes of audio at once take long. They are given in pieces, each read when it is asked for, so that other
        conversations get their turn in between.
        """
        if not self._with_extensions:
            message = "Binary frames are not understood without the query extensions=1. Send JSON text frames."
            return [RequestFailed(RequestError("invalid_json", message))]
        if len(data) > MAX_APPEND_BYTES:
            return [RequestFailed(too_long("audio", MAX_APPEND_BYTES, "bytes"))]
        if self._waiting or may_wait:
            data, self._waiting = self._waiting + data, b""
            if may_wait and len(data) < byte_count(MAX_WAITING_SECONDS, self._audio.audio_format):
                self._waiting = data
                return ()
        return self._received(data)

    def _waited(self) -> list[Input]:
        """What has waited, which it does no longer."""
        data, self._waiting = self._waiting, b""
        return [AudioReceived(self._audio.push(data))] if data else []

    def _received(self, data: bytes) -> Iterable[Input]:
        if len(data) <= AUDIO_PIECE_BYTES:
            return [AudioReceived(self._audio.push(data))]
        pieces = (data[start : start + AUDIO_PIECE_BYTES] for start in range(0, len(data), AUDIO_PIECE_BYTES))
        return (AudioReceived(self._audio.push(piece)) for piece in pieces)

    def _received_text(self, text: str) -> Iterator[Input]:
        pieces = []
        for piece in base64_pieces(text, "audio", AUDIO_PIECE_BYTES):
            pieces.append(piece)
            # Whether all of it is audio is known at its end; meanwhile others get their turn.
            yield AudioReceived(SILENCE)
        for piece in pieces:
            yield AudioReceived(self._audio.push(piece))

    def _reader(self, fields: Fields) -> "Reader":
        kind = fields.string("type")
        readers = EXTENDED_READERS if self._with_extensions else READERS
        reader = readers.get(kind)
        if reader is None:
            known = ", ".join(f"'{name}'" for name in readers)
            raise wrong_value("type", f"'{kind[:64]}' is not a client event. Supported values are: {known}.")
        return reader

    def _session_update(self, fields: Fields, request_id: str | None) -> list[Input]:
        config = self.config.updated(fields.object("session"))
        if config.input_format != self._audio.audio_format:
            self._audio = InputAudio(config.input_format)
        self.config = config
        return [SettingsChanged(config.settings, request_id)]

    def _append(self, fields: Fields, _request_id: str | None) -> Iterable[Input]:
        text = fields.string("audio")
        if len(text) <= AUDIO_PIECE_BYTES:
            return [AudioReceived(self._audio.push(decode_base64(text, "audio")))]
        return self._received_text(text)

    def _commit(self, _fields: Fields, request_id: str | None) -> list[Input]:
        return [AudioReceived(self._audio.flush()), AudioCommitted(request_id)]

    def _clear(self, _fields: Fields, request_id: str | None) -> list[Input]:
        return [AudioReceived(self._audio.clear()), AudioCleared(request_id)]

    def _item_create(self, fields: Fields, request_id: str | None) -> list[Input]:
        previous = fields.optional_string("previous_item_id")
        item = read_item(fields.object("item"), self.config.input_format)
        return [ItemCreated(item, previous, request_id)]

    def _response_create(self, fields: Fields, request_id: str | None) -> list[Input]:
        options, context = read_reply_request(fields.optional_object("response"), self.config)
        return [ReplyRequested(options, context, request_id)]


def _failing(events: Iterable[Input], request_id: str | None) -> Iterator[Input | RequestFailed]:
    try:
        yield from events
    except RequestError as error:
        yield RequestFailed(error, request_id)


def _item_retrieve(_decoder: Decoder, fields: Fields, request_id: str | None) -> list[Input]:
    return [ItemRetrieved(fields.string("item_id"), request_id)]


def _item_truncate(_decoder: Decoder, fields: Fields, request_id: str | None) -> list[Input]:
    item_id = fields.string("item_id")
    fields.integer("content_index", 0, 0)
    return [ItemTruncated(item_id, fields.integer("audio_end_ms", 0) / 1000, request_id)]


def _item_delete(_decoder: Decoder, fields: Fields, request_id: str | None) -> list[Input]:
    return [ItemDeleted(fields.string("item_id"), request_id)]


def _response_cancel(_decoder: Decoder, fields: Fields, request_id: str | None) -> list[Input]:
    return [ReplyCancelled(fields.optional_string("response_id"), request_id)]


def _playback(_decoder: Decoder, fields: Fields, _request_id: str | None) -> list[Input]:
    return [extensions.read_playback(fields)]


def _nothing(_decoder: Decoder, _fields: Fields, _request_id: str | None) -> list[Input]:
    """`output_audio_buffer.clear` is for WebRTC, where the server owns the player; on a socket it means nothing."""
    return []


def _event_id(fields: Fields) -> str | None:
    request_id = fields.value.get("event_id")
    if not isinstance(request_id, str):
        return None
    if len(request_id) > MAX_EVENT_ID_CHARACTERS:
        raise too_long("event_id", MAX_EVENT_ID_CHARACTERS)
    return request_id


Reader = Callable[[Decoder, Fields, str | None], Iterable[Input]]

READERS: Mapping[str, Reader] = {
    "session.update": Decoder._session_update,
    "input_audio_buffer.append": Decoder._append,
    "input_audio_buffer.commit": Decoder._commit,
    "input_audio_buffer.clear": Decoder._clear,
    "conversation.item.create": Decoder._item_create,
    "conversation.item.retrieve": _item_retrieve,
    "conversation.item.truncate": _item_truncate,
    "conversation.item.delete": _item_delete,
    "response.create": Decoder._response_create,
    "response.cancel": _response_cancel,
    "output_audio_buffer.clear": _nothing,
}
"""Of the client's messages, by their type."""
EXTENDED_READERS: Mapping[str, Reader] = {**READERS, "voice.playback": _playback}
