"""Takes a session over from wherever it was held: shuts the old holder out, reads the log, and says what is left to do.

There is one way back, whether a socket dropped, a tab was closed, a task was killed or is being replaced: the session
that the client had is over, and another goes on with its log.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation
from pipeline.events import Output, ReplyFinished, ReplyItemFinished, TranscriptCompleted
from pipeline.items import Message, Speech, Text
from pipeline.settings import ReplyOptions
from voice_server.conversations.archive import Archive
from voice_server.conversations.log import ConversationLog
from voice_server.conversations.recorder import Recorder
from voice_server.conversations.recovery import TakenOver
from voice_server.conversations.restore import Restored, restored
from voice_server.http.errors import ApiError
from voice_server.resumption.replay import replayed, resend_from_seconds, speaks
from voice_server.resumption.tickets import LOST_SECONDS, Ticket, Tickets
from voice_server.resumption.wish import Resumed, Wish
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.wire import extensions
from voice_server.wire.connection import Connection
from voice_server.wire.session_config import SessionConfig

LONGEST_PAUSE_SECONDS = 2.0
"""Between two attempts to have a token."""
MOVED_SECONDS = 0.25
"""Between two looks whether a client that was asked to go elsewhere has done so."""

_log = structlog.get_logger(__name__)


class Resumption:
    """Gives out tokens, and has them redeemed."""

    def __init__(self, tickets: Tickets, archive: Archive, log: ConversationLog, recorder: Recorder) -> None:
        self._tickets = tickets
        self._archive = archive
        self._log = log
        self._recorder = recorder

    async def offer(self, ticket: Ticket) -> str:
        """The message that gives the client its token, as soon as the database has it. Cancel it to give up."""
        pause = 0.1
        while True:
            try:
                if token := await self._tickets.issue(ticket):
                    return _resume_frame(token)
            except StorageUnavailable as error:
                _log.warning("no token for resuming yet", session=ticket.session_id, reason=str(error))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def moved(self, ticket: Ticket) -> None:
        """Wait until another task has the session."""
        while True:
            try:
                if await self._tickets.is_elsewhere(ticket):
                    return
            except StorageUnavailable as error:
                _log.debug("not known who has the session", session=ticket.session_id, reason=str(error))
            await asyncio.sleep(MOVED_SECONDS)

    async def ended(self, ticket: Ticket, *, was_lost: bool) -> None:
        """The socket is closed; lost: without the client's wish."""
        try:
            await (self._tickets.lost(ticket) if was_lost else self._tickets.ended(ticket))
        except StorageUnavailable as error:
            # It expires by itself.
            _log.warning("the token of a session stays longer", session=ticket.session_id, reason=str(error))

    async def redeem(self, wish: Wish, owner: str, let_go: Callable[[str], Awaitable[None]]) -> Resumed:
        """Take the session over. `let_go` ends it in this process, if it is still held here.

        Raises ApiError 409 if there is nothing to go on with, and StorageUnavailable.
        """
        ticket = await self._tickets.find(wish.token)
        if ticket is None or ticket.owner != owner:
            raise _not_resumable()
        await let_go(ticket.session_id)
        await self._log.let_go(ticket.conversation_id)
        epoch = await self._archive.claim(ticket.conversation_id, ticket.tenant_id)
        if epoch is None:
            raise _not_resumable()
        taken = await self._log.take_over(ticket.conversation_id, epoch)
        if taken is None:
            raise _not_resumable()
        await self._tickets.resumed(ticket)
        return self._resumed(ticket, taken, epoch, wish)

    def _resumed(self, ticket: Ticket, taken: TakenOver, epoch: int, wish: Wish) -> Resumed:
        replay = replayed(list(zip(taken.numbers, taken.facts, strict=True)), wish.after)
        state = restored(taken.facts)
        if state.config is None:
            raise _not_resumable()
        received = wish.received_seconds if state.interrupted and state.interrupted.item_id == wish.item_id else None
        unfinished = _unfinished(state, received, is_answered=not speaks(taken.facts))
        outputs = _endings(state, received)
        for output in outputs:
            _apply(state.items, output)
        resumed = extensions.resumed_message(
            ticket.session_id,
            ticket.conversation_id,
            after=wish.after,
            replayed=len(replay.missed),
            resend_from_seconds=resend_from_seconds(taken.facts),
        )
        record = self._recorder.resume(taken.header, epoch, taken.last_sequence, state.fold)
        return Resumed(
            ticket=ticket,
            config=state.config,
            connection=replay.connection,
            record=record,
            conversation=_copy(state.items, state.config),
            unfinished=unfinished,
            outputs=outputs,
            frames=[replay.connection.tell(resumed), _resume_frame(wish.token), *replay.missed],
        )


def _resume_frame(token: str) -> str:
    return Connection.tell(extensions.resume_message(token, LOST_SECONDS))


def _not_resumable() -> ApiError:
    message = "This session cannot be gone on with: it has ended, or too much time has passed. Open a new one."
    return ApiError(409, "session_not_resumable", message, param="resume")


def _unfinished(state: Restored, received_seconds: float | None, *, is_answered: bool) -> Unfinished | None:
    """What the assistant still has to say, if the floor is its own."""
    detection = state.settings.turn_detection
    if not is_answered or not state.settings.replies:
        return None
    if (reply := state.interrupted) is not None:
        start = reply.start(received_seconds)
        if reply.is_written and not reply.written[start:].strip():
            return None
        return Unfinished(reply.reply_id, reply.options, reply.written, reply.is_written, start)
    if state.waits_for_answer and detection and detection.create_reply:
        return Unfinished("", ReplyOptions().completed_by(state.settings), "", False, 0)
    return None


def _endings(state: Restored, received_seconds: float | None) -> list[Output]:
    """What the lost session could not say any more."""
    outputs: list[Output] = [
        TranscriptCompleted(item.id, state.untranscribed.get(item.id, "").strip(), 0.0)
        for item in state.items
        if isinstance(item, Message) and item.role == "user" and _lacks_words(item)
    ]
    reply = state.interrupted
    if reply and reply.item_id and isinstance(message := state.items.get(reply.item_id), Message):
        words = reply.text(received_seconds)
        content = Text(words) if reply.options.modality == "text" else Speech(words)
        ended = replace(message, content=(content,), status="incomplete")
        outputs.append(ReplyItemFinished(reply.reply_id, ended))
    outputs += [ReplyFinished(reply_id, "incomplete", "connection_lost") for reply_id in state.fold.replies]
    return outputs


def _lacks_words(message: Message) -> bool:
    return any(isinstance(part, Speech) and part.transcript is None for part in message.content)


def _apply(items: Conversation, output: Output) -> None:
    match output:
        case ReplyItemFinished(item=item):
            items.replace(item)
        case TranscriptCompleted(item_id=item_id, text=text):
            items.set_transcript(item_id, text)


def _copy(items: Conversation, config: SessionConfig) -> Conversation:
    """For the session: the log goes on with its own."""
    return Conversation(items, max_kept_audio_seconds=config.settings.max_kept_audio_seconds)
