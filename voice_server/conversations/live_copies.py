"""Gives Redis the lines of live conversations: safe there sooner than in PostgreSQL, and within reach of other tasks.

Each conversation has at most one call on its way; what comes meanwhile goes with the next.
"""

import asyncio
from collections.abc import Callable

import structlog

from voice_server.conversations.pending import Pending
from voice_server.storage.shared.interfaces import Fenced, LiveLog, SharedUnavailable

LINGER_SECONDS = 0.25
"""How long lines that nobody waits for may wait for others."""
RETURN_SECONDS = 0.5
"""Between two attempts to reach Redis while it is away."""
KEPT_SECONDS = 600.0
"""How long the log of a conversation that has ended is kept."""

_log = structlog.get_logger(__name__)


class LiveCopies:
    """Those of this process's conversations."""

    def __init__(
        self, live: LiveLog, *, fenced: Callable[[Pending], None], fell_back: Callable[[Pending], None]
    ) -> None:
        """`fenced`: somebody else writes this log now. `fell_back`: Redis does not keep what somebody waits for."""
        self._live = live
        self._fenced = fenced
        self._fell_back = fell_back
        self._back_at = 0.0
        """When Redis is asked again."""
        self._sending: dict[Pending, asyncio.Task[None]] = {}
        self._soon: dict[Pending, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_usable(self) -> bool:
        """Whether Redis is worth asking."""
        return asyncio.get_running_loop().time() >= self._back_at

    def send_soon(self, pending: Pending) -> None:
        """Nobody waits for its newest lines."""
        self._soon[pending] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._send_all)

    def send(self, pending: Pending) -> None:
        """Somebody waits."""
        if pending not in self._sending and self.is_usable:
            self._sending[pending] = asyncio.create_task(self._send(pending), name="live copy of a conversation")

    async def expire(self, conversation_id: str) -> None:
        """It has ended, and PostgreSQL has all of it."""
        try:
            await self._live.expire(conversation_id, KEPT_SECONDS)
        except SharedUnavailable as error:
            _log.debug("the live log of a conversation ends by itself", reason=str(error))

    async def forget(self, pending: Pending) -> None:
        """It was erased: so are its lines here, and those on their way."""
        if sending := self._sending.get(pending):
            await asyncio.wait([sending])
        try:
            await self._live.delete(pending.header.id)
        except SharedUnavailable:
            _log.exception("the live log of an erased conversation is not deleted", conversation=pending.header.id)

    async def close(self) -> None:
        """Send no more."""
        if self._timer:
            self._timer.cancel()
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _send_all(self) -> None:
        self._timer = None
        soon, self._soon = self._soon, {}
        for pending in soon:
            self.send(pending)

    async def _send(self, pending: Pending) -> None:
        try:
            await self._send_lines(pending)
        except Fenced:
            self._fenced(pending)
        except SharedUnavailable as error:
            if self.is_usable:
                _log.warning("Redis is away: conversations are kept in PostgreSQL alone", reason=str(error))
            self._back_at = asyncio.get_running_loop().time() + RETURN_SECONDS
            pending.not_sent()
            self._fell_back(pending)
        except Exception:
            _log.exception("a conversation has no live copy", conversation=pending.header.id)
            pending.not_sent()
            self._fell_back(pending)
        finally:
            del self._sending[pending]

    async def _send_lines(self, pending: Pending) -> None:
        while pending.refusal is None:
            first, lines = pending.unsent()
            if not lines:
                return
            await self._live.append(pending.header.id, first, lines, epoch=pending.epoch)
            pending.sent(first + len(lines) - 1)
