"""The server's messages become events: OpenAI Realtime with the binary frames and the `voice.` extensions."""

import base64
import binascii
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from voice_client.errors import ConnectionFailed
from voice_client.events import (
    RATE,
    ConnectionResumed,
    Event,
    ReplyAudio,
    ReplyContinued,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRestored,
    ReplyStarted,
    ReplyText,
    Samples,
    ServerError,
    SessionStarted,
    Span,
    SpeechStarted,
    SpeechStopped,
    TurnMeasured,
    UserTranscript,
    UserTranscriptFailed,
    Waste,
)

_FRAME_VERSION = 1


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the server says first on a connection."""

    fields: Mapping[str, Any]
    event: SessionStarted | ConnectionResumed
    resend_from: int
    """Of the samples that were sent over the lost connection, the first that has to be sent again."""
    replayed: int
    """How many missed events follow."""
    connection: int
    """Which of the session's it is, counted from 1."""
    after: int
    """What follows has greater numbers, be it that the client had seen greater ones."""


def read_beginning(message: str | bytes) -> Beginning:
    """Raises ConnectionFailed."""
    with readable():
        fields = read_fields(message)
        event = read_event(fields)
        if not isinstance(event, SessionStarted | ConnectionResumed):
            raise ConnectionFailed(f"The server began with {fields['type']} instead of a conversation.")
        resend_from = int(fields.get("resend_from_ms", 0) * RATE / 1000)
        replayed, connection = int(fields.get("replayed", 0)), int(fields.get("connection", 1))
        return Beginning(fields, event, resend_from, replayed, connection, int(fields.get("after", 0)))


def read_message(message: str | bytes) -> Event | None:
    """The event of one message; None for those that this client does not need. Raises ConnectionFailed."""
    with readable():
        return read_frame(message) if isinstance(message, bytes) else read_event(read_fields(message))


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """What is read in here must be as the protocol has it. Raises ConnectionFailed."""
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, binascii.Error) as error:
        raise ConnectionFailed(f"The server sent a message that cannot be read ({error!r}).") from error


def read_fields(message: str | bytes) -> dict[str, Any]:
    """A text message as it is. Raises ValueError, KeyError or TypeError."""
    fields: dict[str, Any] = json.loads(message)
    if not isinstance(fields["type"], str):
        raise TypeError("a type that is no string")
    return fields


def read_event(fields: Mapping[str, Any]) -> Event | None:
    """None for those that this client does not need."""
    read = _READERS.get(fields["type"])
    return read(fields) if read else None


def read_frame(frame: bytes) -> ReplyAudio:
    """Audio of a reply: version, length of the item's id, the id, a zero if that makes it even, int16 samples."""
    if len(frame) < 2 or frame[0] != _FRAME_VERSION:
        raise ValueError("a binary frame of another version")
    end = 2 + frame[1]
    samples = np.frombuffer(frame, dtype="<i2", offset=end + end % 2).astype(np.int16, copy=False)
    return ReplyAudio(frame[2:end].decode("ascii"), samples)


def write_audio(samples: Samples) -> bytes:
    """A binary frame of the microphone's int16 samples."""
    return samples.astype("<i2", copy=False).tobytes()


def _read_reply_audio(fields: Mapping[str, Any]) -> Event:
    samples = np.frombuffer(base64.b64decode(fields["delta"], validate=True), dtype="<i2")
    return ReplyAudio(fields["item_id"], samples.astype(np.int16, copy=False))


def _read_reply_finished(fields: Mapping[str, Any]) -> Event:
    response = fields["response"]
    details = response.get("status_details") or {}
    return ReplyFinished(response["id"], response["status"], (details.get("error") or {}).get("message", ""))


def _read_turn(fields: Mapping[str, Any]) -> Event:
    spans = tuple(Span(span["name"], span["start_ms"], span["end_ms"]) for span in fields["spans"])
    wasted = fields.get("wasted")
    names = ("guesses", "tokens", "characters", "audio_ms")
    waste = None if wasted is None else Waste(*(wasted[name] for name in names))
    return TurnMeasured(fields["total_ms"], spans, fields.get("committed_ms"), waste)


def _read_reply_text(fields: Mapping[str, Any]) -> Event:
    return ReplyText(fields["item_id"], fields["delta"])


_TRANSCRIPTION = "conversation.item.input_audio_transcription."
_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "voice.resumed": lambda fields: ConnectionResumed(fields["session_id"]),
    "session.created": lambda fields: SessionStarted(fields["session"]["id"]),
    "input_audio_buffer.speech_started": lambda fields: SpeechStarted(fields["item_id"]),
    "input_audio_buffer.speech_stopped": lambda fields: SpeechStopped(fields["item_id"]),
    _TRANSCRIPTION + "delta": lambda fields: UserTranscript(fields["item_id"], fields["delta"], is_final=False),
    _TRANSCRIPTION + "completed": lambda fields: UserTranscript(fields["item_id"], fields["transcript"], is_final=True),
    _TRANSCRIPTION + "failed": lambda fields: UserTranscriptFailed(fields["item_id"], fields["error"]["message"]),
    "response.created": lambda fields: ReplyStarted(fields["response"]["id"]),
    "response.output_audio.delta": _read_reply_audio,
    "response.output_audio_transcript.delta": _read_reply_text,
    "response.output_text.delta": _read_reply_text,
    "response.done": _read_reply_finished,
    "voice.interrupted": lambda fields: ReplyInterrupted(fields["item_id"], fields["heard_ms"], fields["heard_text"]),
    "voice.duck": lambda fields: ReplyDucked(fields["item_id"]),
    "voice.restore": lambda fields: ReplyRestored(fields["item_id"]),
    "voice.continued": lambda fields: ReplyContinued(fields["response_id"], fields["continues"]),
    "voice.turn": _read_turn,
    "error": lambda fields: ServerError(fields["error"].get("code") or "", fields["error"]["message"]),
}
