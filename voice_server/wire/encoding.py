"""What leaves the pipeline -> the server's messages, in the order that clients rely on."""

from collections import deque
from collections.abc import Iterable

from pipeline.errors import PipelineError
from pipeline.events import (
    AudioDropped,
    GuessDropped,
    IdleTimeout,
    ItemAdded,
    ItemCut,
    ItemDone,
    ItemRemoved,
    ItemShown,
    Output,
    ReplyArguments,
    ReplyAudio,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyRestored,
    ReplyStarted,
    ReplyText,
    ReplyWritten,
    RequestFailed,
    SettingsApplied,
    SpeechStarted,
    SpeechStopped,
    ToolCalled,
    ToolReturned,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    TurnMeasured,
    UtteranceCommitted,
)
from pipeline.items import new_id
from voice_server.wire import extensions
from voice_server.wire.audio import AUDIO_FORMATS
from voice_server.wire.errors import error_details, error_object
from voice_server.wire.items import item_json, item_json_with_audio
from voice_server.wire.json_text import Json
from voice_server.wire.open_reply import OpenReply
from voice_server.wire.session_config import SessionConfig

_ReplyEvent = ReplyItemStarted | ReplyText | ReplyAudio | ReplyArguments | ReplyItemFinished | ReplyFinished
_TranscriptEvent = TranscriptDelta | TranscriptCompleted | TranscriptFailed


class Encoder:
    """Writes what one client gets. It remembers what is open, so every output has to pass through it, in order."""

    def __init__(self, config: SessionConfig, *, with_extensions: bool) -> None:
        self._config = config
        """As the client last saw it."""
        self._announced: deque[SessionConfig] = deque()
        self._with_extensions = with_extensions
        self._conversation_id = f"conv_{config.session_id.removeprefix('sess_')}"
        self._replies: dict[str, OpenReply] = {}
        self.event_count = 0
        """Those that the client can recognise when they come again."""
        self._event_prefix = "event"

    def created(self) -> Json:
        """`session.created`, the first message."""
        return self._numbered({"type": "session.created", "session": self._config.json()})

    def error(self, error: PipelineError) -> Json:
        """`error`, about the session and not about a request."""
        return unlogged({"type": "error", "error": error_object(error, None)})

    def go_on(self, connection: int) -> None:
        """What follows goes over this one of the session's connections.

        The one before may have brought events that no log knows of: what is told now must not have their ids.
        """
        self._event_prefix = f"event_{connection}"

    def announce(self, config: SessionConfig) -> None:
        """What the next SettingsApplied that has not been announced yet will show."""
        self._announced.append(config)

    def encode(self, output: Output) -> list[Json | bytes]:
        """The messages, and binary frames of audio, that tell of one output; perhaps none."""
        return [message if isinstance(message, bytes) else self._numbered(message) for message in self._encode(output)]

    def _numbered(self, message: Json) -> Json:
        self.event_count += 1
        return {"type": message["type"], "event_id": f"{self._event_prefix}_{self.event_count}", **message}

    def _encode(self, output: Output) -> Iterable[Json | bytes]:
        match output:
            case (
                ReplyItemStarted()
                | ReplyText()
                | ReplyAudio()
                | ReplyArguments()
                | ReplyItemFinished()
                | ReplyFinished()
            ):
                return self._reply(output)
            case ReplyStarted():
                return self._start_reply(output)
            case TranscriptDelta() | TranscriptCompleted() | TranscriptFailed():
                return [_transcript(output)] if self._config.transcribes else []
            case SettingsApplied():
                self._config = self._announced.popleft()
                return [{"type": "session.updated", "session": self._config.json()}]
            case RequestFailed():
                return [{"type": "error", "error": error_object(output.error, output.request_id)}]
            case TurnMeasured():
                return [extensions.turn_message(output)] if self._with_extensions else []
            case ReplyInterrupted():
                return [extensions.interrupted_message(output)] if self._with_extensions else []
            case ReplyDucked() | ReplyRestored():
                return [extensions.ducking_message(output)] if self._with_extensions else []
            case ToolCalled() | ToolReturned() | GuessDropped() | ReplyWritten():
                return []
            case ItemRemoved(item_id):
                for reply in self._replies.values():
                    reply.forget(item_id)
                return [{"type": "conversation.item.deleted", "item_id": item_id}]
            case ItemShown():
                shown = item_json_with_audio(output.item, self._config.input_format)
                return [{"type": "conversation.item.retrieved", "item": shown}]
            case _:
                return [_input_message(output)]

    def _start_reply(self, started: ReplyStarted) -> Iterable[Json]:
        wanted = started.options.audio_format
        audio_format = next((known for known in AUDIO_FORMATS if known == wanted), self._config.output_format)
        reply = OpenReply(started, self._conversation_id, audio_format, binary_audio=self._with_extensions)
        self._replies[started.reply_id] = reply
        yield reply.created()
        if self._with_extensions and started.continues is not None:
            yield extensions.continued_message(started)

    def _reply(self, event: _ReplyEvent) -> Iterable[Json | bytes]:
        reply = self._replies[event.reply_id]
        match event:
            case ReplyItemStarted():
                return reply.start_item(event)
            case ReplyText():
                return reply.text(event)
            case ReplyAudio():
                return reply.speech(event)
            case ReplyArguments():
                return reply.arguments(event)
            case ReplyItemFinished():
                return reply.finish_item(event)
            case ReplyFinished():
                del self._replies[event.reply_id]
                return reply.finish(event)


def unlogged(message: Json) -> Json:
    """A message that is in no log: its id is not counted, for those that are counted are the same when sent again."""
    return {"type": message["type"], "event_id": new_id("event"), **message}


def _input_message(
    output: SpeechStarted
    | SpeechStopped
    | UtteranceCommitted
    | AudioDropped
    | IdleTimeout
    | ItemAdded
    | ItemDone
    | ItemCut,
) -> Json:
    """What becomes of the user's audio and of the conversation's items."""
    match output:
        case SpeechStarted(item_id, seconds):
            kind = "input_audio_buffer.speech_started"
            return {"type": kind, "item_id": item_id, "audio_start_ms": _milliseconds(seconds)}
        case SpeechStopped(item_id, seconds):
            kind = "input_audio_buffer.speech_stopped"
            return {"type": kind, "item_id": item_id, "audio_end_ms": _milliseconds(seconds)}
        case UtteranceCommitted(item_id, previous):
            return {"type": "input_audio_buffer.committed", "item_id": item_id, "previous_item_id": previous}
        case AudioDropped():
            return {"type": "input_audio_buffer.cleared"}
        case IdleTimeout(item_id, start, end):
            stretch = {"audio_start_ms": _milliseconds(start), "audio_end_ms": _milliseconds(end)}
            return {"type": "input_audio_buffer.timeout_triggered", "item_id": item_id, **stretch}
        case ItemAdded(item, previous):
            return {"type": "conversation.item.added", "item": item_json(item), "previous_item_id": previous}
        case ItemDone(item, previous):
            return {"type": "conversation.item.done", "item": item_json(item), "previous_item_id": previous}
        case ItemCut(item_id, seconds):
            place = {"item_id": item_id, "content_index": 0}
            return {"type": "conversation.item.truncated", **place, "audio_end_ms": _milliseconds(seconds)}


def _transcript(event: _TranscriptEvent) -> Json:
    kind = "conversation.item.input_audio_transcription"
    place: Json = {"item_id": event.item_id, "content_index": 0}
    match event:
        case TranscriptDelta():
            return {"type": f"{kind}.delta", **place, "delta": event.text}
        case TranscriptCompleted():
            usage = {"type": "duration", "seconds": event.audio_seconds}
            return {"type": f"{kind}.completed", **place, "transcript": event.text, "usage": usage}
        case TranscriptFailed():
            return {"type": f"{kind}.failed", **place, "error": error_details(event.error)}


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
