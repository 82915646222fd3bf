"""What the log of a conversation comes to: its items in order, as the session has them.

    items = Items()
    for fact in facts:
        items.take(fact)
    items.conversation      # as the model was shown it, without audio
    items.rows()            # as history shows it

A pure fold: the same facts give the same items, whether they are taken as they happen or years later. Where no reply
is being given it can be written down, and goes on from there as if it had taken all facts before.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pipeline.conversation import FIRST, Conversation
from pipeline.events import (
    AudioDropped,
    AudioReceived,
    Input,
    ItemAdded,
    ItemCut,
    ItemDeleted,
    ItemRemoved,
    Output,
    PlaybackReported,
    ReplyArguments,
    ReplyAudio,
    ReplyFinished,
    ReplyInterrupted,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
    ReplyWritten,
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
from pipeline.items import FunctionCall, Item, Message, Speech
from pipeline.session_log import Closed, Entered, Left, Opened, from_json, to_json
from voice_server.conversations.facts import Configured, LogFact
from voice_server.conversations.hearing import Hearing
from voice_server.conversations.reply_in_progress import ReplyInProgress
from voice_server.wire.extensions import turn_message

if TYPE_CHECKING:
    from pipeline.settings import SessionSettings


CONNECTION_LOST: Final = "connection_lost"
"""Why a reply ended that was cut with its session."""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item as history shows it."""

    id: str
    position: int
    """Items in the order of their positions are the conversation; there may be gaps."""
    role: str
    """`system`, `user`, `assistant`, `function_call` or `function_call_output`."""
    text: str
    """What was heard of it, or written; of a call its name and arguments."""
    status: str
    said_at: float
    """Seconds since 1970."""
    timings: Mapping[str, Any] | None
    """Of the user's items: how long the answer took, as in `voice.turn`."""
    unheard: str | None = None
    """What was sent of a reply, and not heard because somebody spoke."""


class Items:
    """The fold. It also remembers which rows have changed since they were last written down."""

    def __init__(self) -> None:
        self.conversation = Conversation(max_kept_audio_seconds=0.0)
        self.opened: Opened | None = None
        """The newest beginning: a conversation may be held in several sessions."""
        self.settings: SessionSettings | None = None
        self.config: Mapping[str, Any] | None = None
        self.is_closed = False
        self.at = 0.0
        """Of the newest fact."""
        self.replies: dict[str, ReplyInProgress] = {}
        """By id: those that have no end yet."""
        self.cut: ReplyInProgress | None = None
        """The reply that ended with its session, as long as nobody has begun to say its rest."""
        self.waits_for_answer: str | None = None
        """What the user said, if no reply has begun after it."""
        self.deltas: dict[str, str] = {}
        """By item: words of utterances whose transcript is not complete."""
        self.hearing = Hearing()
        self._positions: dict[str, int] = {}
        self._said_at: dict[str, float] = {}
        self._timings: dict[str, Mapping[str, Any]] = {}
        self._sent: dict[str, str] = {}
        """Of replies that were cut: all words, as they were before."""
        self._change = 0
        self._changed: dict[str, int] = {}
        """By item: the change that made its row another."""
        self._removed: dict[str, int] = {}

    def take(self, fact: LogFact) -> None:
        """This happened next."""
        match fact:
            case Opened():
                self._open(fact)
            case Entered(at=at, event=event):
                self.at = at
                self._enter(event)
            case Left(at=at, output=output):
                self.at = at
                self._leave(output)
            case Configured(at=at, config=config):
                self.at, self.config = at, config
            case Closed(at=at):
                self.at, self.is_closed = at, True
                self._changed.update(dict.fromkeys(self._unfinished(), self._next_change()))

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is being said, or was cut in the middle: then `json` tells all."""
        return self.settings is not None and not self.replies and self.cut is None

    def json(self) -> dict[str, Any]:
        """All of it, except what has changed since rows were written down last."""
        assert self.is_at_rest
        return {
            "opened": to_json(self.opened),
            "settings": to_json(self.settings),
            "config": self.config,
            "is_closed": self.is_closed,
            "at": self.at,
            "items": [
                (to_json(item), self._positions[item.id], self._said_at[item.id], self._timings.get(item.id))
                for item in self.conversation
            ],
            "sent": self._sent,
            "waits_for_answer": self.waits_for_answer,
            "deltas": self.deltas,
            "hearing": self.hearing.json(),
        }

    @classmethod
    def of_json(cls, plain: Mapping[str, Any]) -> "Items":
        """What `json` gave; its rows are written down. Raises LogUnreadable, KeyError, TypeError or ValueError."""
        items = cls()
        items.opened, items.settings = from_json(plain["opened"]), from_json(plain["settings"])
        items.config, items.is_closed, items.at = plain["config"], plain["is_closed"], plain["at"]
        known: list[Item] = [from_json(tagged) for tagged, *_ in plain["items"]]
        items.conversation = Conversation(known, max_kept_audio_seconds=0.0)
        for item, (_, position, said_at, timings) in zip(known, plain["items"], strict=True):
            items._positions[item.id], items._said_at[item.id] = position, said_at
            if timings is not None:
                items._timings[item.id] = timings
        items._sent, items.deltas = dict(plain["sent"]), dict(plain["deltas"])
        items.waits_for_answer = plain["waits_for_answer"]
        items.hearing = Hearing.of_json(plain["hearing"])
        return items

    def rows(self) -> list[ItemRow]:
        """All items."""
        return [self._row(item) for item in self.conversation]

    def changes(self) -> tuple[list[ItemRow], list[str], int]:
        """The rows that are new or others than before, the ids of those that are gone, and a mark for `settle`."""
        items = [self.conversation.get(item_id) for item_id in self._changed]
        return [self._row(item) for item in items if item], list(self._removed), self._change

    def settle(self, mark: int) -> None:
        """What had changed by this mark is written down."""
        self._changed = {item_id: change for item_id, change in self._changed.items() if change > mark}
        self._removed = {item_id: change for item_id, change in self._removed.items() if change > mark}

    def _open(self, fact: Opened) -> None:
        goes_on = self.opened is not None and self.opened.session_id == fact.session_id
        self.opened, self.is_closed = fact, False
        self.hearing.opened()
        if not goes_on:
            self.settings, self.at, self.cut = fact.settings, 0.0, None
            self.replies.clear()

    def _enter(self, event: Input) -> None:
        match event:
            case AudioReceived(samples):
                self.hearing.received(len(samples))
            case PlaybackReported(item_id, seconds) if math.isfinite(seconds) and seconds >= 0:
                for reply in self.replies.values():
                    if reply.message_id == item_id:
                        reply.report(seconds, self.at, playing=event.playing)
            case ItemDeleted(item_id=item_id):
                self.hearing.deleted(item_id)

    def _leave(self, output: Output) -> None:
        match output:
            case ItemAdded(item, previous_item_id):
                self.hearing.added(item.id)
                self._add(item, previous_item_id)
                # What is typed is answered when the client asks for it.
                self.waits_for_answer = item.id if _is_spoken(item) else None
                self.cut = None
            case ItemRemoved(item_id):
                self.hearing.removed(item_id)
                self._remove(item_id)
            case TranscriptCompleted(item_id=item_id, text=text):
                self._set_transcript(item_id, text)
            case TranscriptFailed(item_id=item_id):
                self._set_transcript(item_id, "")
            case TranscriptDelta(item_id, text):
                self.deltas[item_id] = self.deltas.get(item_id, "") + text
            case ReplyInterrupted(item_id=item_id, heard_text=text) | ItemCut(item_id=item_id, text=text):
                self._cut(item_id, text)
            case SettingsApplied(settings=settings):
                self.settings = settings
            case TurnMeasured(item_id=item_id):
                turn = turn_message(output)
                self._timings[item_id] = {name: value for name, value in turn.items() if name != "type"}
                self._touch(item_id)
            case SpeechStarted() | SpeechStopped() | UtteranceCommitted() | AudioDropped():
                self._hear(output)
            case _:
                self._reply(output)
                self._call(output)

    def _hear(self, output: SpeechStarted | SpeechStopped | UtteranceCommitted | AudioDropped) -> None:
        match output:
            case SpeechStarted(item_id, seconds):
                self.hearing.started(item_id, seconds)
            case SpeechStopped(end_seconds=seconds):
                self.hearing.stopped(seconds)
            case UtteranceCommitted(item_id=item_id):
                self.hearing.committed(item_id)
            case AudioDropped():
                self.hearing.committed(None)

    def _reply(self, output: Output) -> None:
        match output:
            case ReplyStarted(reply_id=reply_id, options=options):
                cut = self.cut if self.cut and self.cut.id == output.continues else None
                self.replies[reply_id] = ReplyInProgress(output, self.at, cut)
                if options.in_conversation:
                    self.waits_for_answer = self.cut = None
            case ReplyItemStarted(reply_id, item, previous_item_id) if reply := self.replies.get(reply_id):
                if isinstance(item, Message):
                    reply.message_id = item.id
                if reply.options.in_conversation:
                    self._add(item, previous_item_id)
            case ReplyAudio(reply_id=reply_id) if reply := self.replies.get(reply_id):
                reply.speak(output, self.at)
            case ReplyText(reply_id=reply_id, text=text) if reply := self.replies.get(reply_id):
                reply.write(text)
            case ReplyWritten(reply_id, text, is_complete) if reply := self.replies.get(reply_id):
                reply.compose(text, is_complete=is_complete)
            case ReplyItemFinished(item=item):
                self._finish(item)
            case ReplyFinished(reply_id=reply_id):
                ended = self.replies.pop(reply_id, None)
                if ended and ended.options.in_conversation and output.reason == CONNECTION_LOST:
                    self.cut = ended

    def _call(self, output: Output) -> None:
        """Functions that a reply calls: of the server, or of the client."""
        match output:
            case ToolCalled(reply_id, name, arguments) if reply := self.replies.get(reply_id):
                reply.call(name, arguments)
            case ToolReturned(reply_id, name, told) if reply := self.replies.get(reply_id):
                reply.returned(name, told)
            case ReplyItemStarted(reply_id, FunctionCall(id=item_id)) if reply := self.replies.get(reply_id):
                reply.begin_call(item_id)
            case ReplyArguments(item_id=item_id, arguments=arguments):
                if isinstance(call := self.conversation.get(item_id), FunctionCall):
                    self.conversation.replace(replace(call, arguments=call.arguments + arguments))
            case ReplyItemFinished(reply_id, FunctionCall() as call) if reply := self.replies.get(reply_id):
                reply.end_call(call)

    def _finish(self, item: Item) -> None:
        self.conversation.replace(_silent(item))
        self._touch(item.id)
        for reply in self.replies.values():
            if reply.message_id == item.id and isinstance(item, Message):
                reply.end(item.text)
                if item.status == "incomplete":
                    self._sent.setdefault(item.id, reply.text(reply.sent_seconds))

    def _add(self, item: Item, previous_item_id: str | None) -> None:
        if item.id in self.conversation:
            return
        last_id = self.conversation.last_id
        known = previous_item_id is not None and previous_item_id in self.conversation
        place = previous_item_id if known else FIRST if previous_item_id is None else None
        self.conversation.add(_silent(item), place)
        assert self.opened is not None
        self._said_at[item.id] = self.opened.began_at + self.at
        if self.conversation.last_id == item.id:
            self._positions[item.id] = self._positions[last_id] + 1 if last_id else 0
        else:
            self._renumber()
        self._touch(item.id)

    def _renumber(self) -> None:
        """Somebody put an item between others."""
        for position, item in enumerate(self.conversation):
            if self._positions.get(item.id) != position:
                self._positions[item.id] = position
                self._touch(item.id)

    def _remove(self, item_id: str) -> None:
        if self.conversation.remove(item_id) is None:
            return
        self._removed[item_id] = self._next_change()
        for known in (self._changed, self._positions, self._said_at):
            known.pop(item_id, None)
        self._timings.pop(item_id, None)
        self._sent.pop(item_id, None)
        self.deltas.pop(item_id, None)
        if self.waits_for_answer == item_id:
            self.waits_for_answer = None
        if self.cut and not self.cut.whole:
            # What it would have answered is gone.
            self.cut = None

    def _cut(self, item_id: str, heard: str) -> None:
        item = self.conversation.get(item_id)
        if isinstance(item, Message) and item.text:
            self._sent.setdefault(item_id, item.text)
        self._set_transcript(item_id, heard)

    def _set_transcript(self, item_id: str, text: str) -> None:
        self.deltas.pop(item_id, None)
        self.conversation.set_transcript(item_id, text)
        self._touch(item_id)

    def _touch(self, item_id: str) -> None:
        if item_id in self.conversation:
            self._removed.pop(item_id, None)
            self._changed[item_id] = self._next_change()

    def _next_change(self) -> int:
        self._change += 1
        return self._change

    def _unfinished(self) -> list[str]:
        """The messages of replies that have no end yet."""
        spoken = (reply.message_id for reply in self.replies.values())
        return [item_id for item_id in spoken if item_id is not None and item_id in self.conversation]

    def _row(self, item: Item) -> ItemRow:
        return ItemRow(
            item.id,
            self._positions[item.id],
            _role(item),
            _storable(self._text(item)),
            item.status,
            self._said_at[item.id],
            self._timings.get(item.id),
            self._unheard(item),
        )

    def _unheard(self, item: Item) -> str | None:
        sent, heard = self._sent.get(item.id, ""), self._text(item)
        return (_storable(sent[len(heard) :].strip()) or None) if sent.startswith(heard) else None

    def _text(self, item: Item) -> str:
        match item:
            case Message(status="in_progress", content=()):
                reply = next((each for each in self.replies.values() if each.message_id == item.id), None)
                return reply.text(reply.heard_seconds(self.at)) if reply else ""
            case Message():
                return item.text or self.deltas.get(item.id, "")
            case FunctionCall(name=name, arguments=arguments):
                return f"{name} {arguments}"
            case _:
                return item.output


def _is_spoken(item: Item) -> bool:
    return isinstance(item, Message) and item.role == "user" and any(isinstance(part, Speech) for part in item.content)


def _role(item: Item) -> str:
    if isinstance(item, Message):
        return item.role
    return "function_call" if isinstance(item, FunctionCall) else "function_call_output"


def _silent(item: Item) -> Item:
    """Without the user's audio, which no log keeps."""
    if not isinstance(item, Message) or not any(isinstance(part, Speech) for part in item.content):
        return item
    parts = (replace(part, samples=None) if isinstance(part, Speech) else part for part in item.content)
    return replace(item, content=tuple(parts))


def _storable(text: str) -> str:
    """PostgreSQL takes neither NUL nor half a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
