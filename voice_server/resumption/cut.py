"""What a session that was cut had still to do: how its outputs end, and what the assistant goes on with."""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.continuation import Unfinished
from pipeline.events import ItemRemoved, Output, ReplyFinished, ReplyItemFinished, TranscriptCompleted
from pipeline.items import FunctionCall, Item, Message, Speech, Status, Text
from pipeline.settings import ReplyOptions
from voice_server.conversations.items import CONNECTION_LOST, Items
from voice_server.conversations.restore import Restored
from voice_server.resumption.wish import Wish

LONGEST_TURN_SECONDS = 55.0
"""A client keeps hardly more: a longer turn cannot be heard again."""


def endings(state: Restored, wish: Wish) -> list[Output]:
    """What the lost session could not say any more."""
    return [*_replies(state, wish), *_transcripts(state, wish)]


def unfinished(fold: Items, *, may_speak: bool) -> Unfinished | None:
    """What the assistant still has to say when the endings are told, if the floor is its own."""
    settings = fold.settings
    if settings is None or not settings.replies or not may_speak:
        return None
    if (reply := fold.cut) is not None:
        if (reply.is_written or reply.waits_for_client) and not reply.whole[reply.rest_start :].strip():
            return None
        is_written = reply.is_written or reply.waits_for_client
        return Unfinished(
            reply.id, reply.options, reply.whole, is_written, reply.rest_start, reply.pieces, reply.called
        )
    detection = settings.turn_detection
    if fold.waits_for_answer and detection and detection.create_reply:
        return Unfinished("", ReplyOptions().completed_by(settings), "", False, 0)
    return None


def _replies(state: Restored, wish: Wish) -> Iterator[Output]:
    reply = state.interrupted
    # What was asked of the client is answered when it brings the result: that was all of the reply.
    waits_for_client = reply is not None and reply.progress.waits_for_client
    is_whole = waits_for_client and reply is not None and not reply.written.strip()
    if reply and reply.item_id and isinstance(message := state.items.get(reply.item_id), Message):
        received = _received_seconds(reply.item_id, wish)
        words, start = reply.text(received), reply.start(received)
        is_whole = (reply.is_written or waits_for_client) and not reply.written[start:].strip()
        content = Text(words) if reply.options.modality == "text" else Speech(words)
        status: Status = "completed" if is_whole else "incomplete"
        yield ReplyItemFinished(reply.reply_id, replace(message, content=(content,), status=status))
    for reply_id, progress in list(state.fold.replies.items()):
        for item_id in list(progress.open_calls):
            if isinstance(call := state.items.get(item_id), FunctionCall):
                yield ReplyItemFinished(reply_id, replace(call, status="incomplete"))
        if is_whole and reply and reply_id == reply.reply_id:
            yield ReplyFinished(reply_id, "completed")
        else:
            yield ReplyFinished(reply_id, "incomplete", CONNECTION_LOST)


def _received_seconds(item_id: str, wish: Wish) -> float | None:
    """None: the client cannot know."""
    if item_id == wish.item_id:
        return wish.received_seconds
    return 0.0 if wish.has_kept else None


def _transcripts(state: Restored, wish: Wish) -> Iterator[Output]:
    """The words of the last turn may be lost with the session: then it is taken back, and heard again."""
    unheard = _unheard(state, wish)
    for item in list(state.items):
        if not _lacks_words(item):
            continue
        if item.id == unheard:
            yield ItemRemoved(item.id)
        else:
            yield TranscriptCompleted(item.id, state.untranscribed.get(item.id, "").strip(), 0.0)


def _unheard(state: Restored, wish: Wish) -> str | None:
    """The turn that was committed, and whose words nobody knows, if the client still has its audio."""
    if not (wish.has_kept and state.config and state.config.transcribes and state.settings.turn_detection):
        return None
    hearing = state.fold.hearing
    if wish.connection != hearing.connections:
        return None
    was_heard = hearing.heard()
    if was_heard.turn is None or was_heard.began_seconds is not None:
        return None
    item_id, began = was_heard.turn
    if was_heard.received_seconds - began > LONGEST_TURN_SECONDS:
        return None
    is_answered = state.interrupted is not None and bool(state.interrupted.written.strip())
    spoken = [item for item in state.items if isinstance(item, Message) and item.role == "user"]
    is_last = bool(spoken) and spoken[-1].id == item_id and _lacks_words(spoken[-1])
    return item_id if is_last and not is_answered else None


def _lacks_words(item: Item) -> bool:
    return (
        isinstance(item, Message)
        and item.role == "user"
        and any(isinstance(part, Speech) and part.transcript is None for part in item.content)
    )
