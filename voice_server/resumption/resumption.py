"""Takes a session over from wherever it was held: shuts the old holder out, reads the log, and says what is left to do.

There is one way back, whether a socket dropped, a tab was closed, a task was killed or is being replaced: the session
that the client had is over, and another goes on with its log.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from pipeline.conversation import Conversation
from voice_server.conversations.archive import Archive
from voice_server.conversations.log import ConversationLog
from voice_server.conversations.recorder import Recorder
from voice_server.conversations.recovery import TakenOver
from voice_server.conversations.restore import restored
from voice_server.http.errors import ApiError
from voice_server.resumption.cut import endings, unfinished
from voice_server.resumption.replay import replayed
from voice_server.resumption.tickets import LOST_SECONDS, Ticket, Tickets
from voice_server.resumption.wish import Resumed, Wish
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.wire import extensions
from voice_server.wire.connection import Connection, Frame
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

    async def find(self, token: str, owner: str) -> Ticket:
        """What a token stands for. Raises ApiError 409 if it is nothing to go on with, and StorageUnavailable."""
        ticket = await self._tickets.find(token)
        if ticket is None or ticket.owner != owner:
            raise _not_resumable()
        return ticket

    async def redeem(self, wish: Wish, owner: str, let_go: Callable[[str], Awaitable[None]]) -> Resumed:
        """Take the session over. `let_go` ends it in this process, if it is still held here.

        Raises ApiError 409 if there is nothing to go on with, and StorageUnavailable.
        """
        ticket = await self.find(wish.token, owner)
        await let_go(ticket.session_id)
        await self._log.let_go(ticket.conversation_id)
        epoch = await self._archive.claim(ticket.conversation_id, ticket.tenant_id)
        if epoch is None:
            raise _not_resumable()
        taken = await self._log.take_over(ticket.conversation_id, epoch, after=wish.after)
        if taken is None:
            raise _not_resumable()
        await self._tickets.resumed(ticket)
        return self._resumed(ticket, taken, epoch, wish)

    def _resumed(self, ticket: Ticket, taken: TakenOver, epoch: int, wish: Wish) -> Resumed:
        replay = replayed(list(zip(taken.numbers, taken.facts, strict=True)), wish.after, taken.standing)
        state = restored(taken.facts, taken.standing.items if taken.standing else None)
        hearing = state.fold.hearing
        if state.config is None:
            raise _not_resumable()
        connection, may_speak = hearing.connections + 1, not (wish.has_kept and hearing.is_spoken)
        cut = endings(state, wish)
        # All of this is noted without a pause, and so written down together or not at all.
        record = self._recorder.resume(taken.header, epoch, taken.last_sequence, state.fold, state.config)
        number = taken.last_sequence
        replay.connection.go_on(connection)
        ended: list[Frame] = []
        for output in cut:
            number = record.left(output)
            ended += replay.connection.send(output, number)
        resumed = extensions.resumed_message(
            ticket.session_id,
            ticket.conversation_id,
            connection=connection,
            after=min(wish.after, taken.last_sequence),
            replayed=len(replay.missed),
            resend_from_seconds=hearing.heard(wish.connection or connection - 1).resend_from_seconds,
        )
        return Resumed(
            ticket=ticket,
            config=state.config,
            connection=replay.connection,
            record=record,
            conversation=_copy(state.items, state.config),
            unfinished=unfinished(state.fold, may_speak=may_speak),
            frames=[replay.connection.tell(resumed), _resume_frame(wish.token), *replay.missed, *ended],
            noted=number,
        )


def _resume_frame(token: str) -> str:
    return Connection.tell(extensions.resume_message(token, LOST_SECONDS))


def _not_resumable() -> ApiError:
    message = "This session cannot be gone on with: it has ended, or too much time has passed. Open a new one."
    return ApiError(409, "session_not_resumable", message, param="resume")


def _copy(items: Conversation, config: SessionConfig) -> Conversation:
    """For the session: the log goes on with its own."""
    return Conversation(items, max_kept_audio_seconds=config.settings.max_kept_audio_seconds)
