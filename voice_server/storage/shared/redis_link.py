"""The way to one Redis: a bounded pool, a time limit for each call, and a rest after each failure.

Whoever calls while Redis is away learns it at once instead of waiting for the time limit each time: after a failure one
call in a while tries, and all others fail. The log says once that it is away and once that it is back.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from voice_server.storage.shared.interfaces import SharedUnavailable

MAX_CONNECTIONS = 16
CALL_SECONDS = 1.0
"""How long one call may take, with everything it needs."""
FIRST_REST_SECONDS = 0.1
LONGEST_REST_SECONDS = 1.0

T = TypeVar("T")

AWAY = (
    OSError,
    TimeoutError,
    RedisConnectionError,
    RedisTimeoutError,
    BusyLoadingError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,  # What was the primary until a moment ago.
)

_log = structlog.get_logger(__name__)


class RedisLink:
    """One Redis. Close it."""

    def __init__(
        self,
        url: str,
        *,
        password: str = "",
        call_seconds: float = CALL_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`password`: where `url` has none. Raises ValueError if the address is none of a Redis."""
        self.redis = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                password=password or None,
                max_connections=MAX_CONNECTIONS,
                timeout=call_seconds,
                socket_timeout=call_seconds,
                socket_connect_timeout=call_seconds,
                # A connection that was idle while Redis started anew is noticed by its first call, which repeats it.
                retry=Retry(NoBackoff(), 1),
                protocol=2,
                decode_responses=True,
                client_name="voice-server",
            )
        )
        self.place = _place(url)
        self._call_seconds = call_seconds
        self._now = now
        self._away_since: float | None = None
        self._rest_seconds = FIRST_REST_SECONDS
        self._rests_until = 0.0

    async def call(self, command: Callable[[], Awaitable[T]]) -> T:
        """Do it in time. Raises SharedUnavailable; what it does may have happened nevertheless."""
        tries_again = self._away_since is not None
        if tries_again:
            if self._now() < self._rests_until:
                raise SharedUnavailable(self._sentence())
            # The others wait for what this call finds out.
            self._rests_until = self._now() + self._call_seconds
        cancelled_before = cancellations()
        try:
            async with asyncio.timeout(self._call_seconds):
                answer = await command()
        except AWAY as error:
            self.note_away(error, tried_again=tries_again)
            if cancellations() > cancelled_before:
                raise asyncio.CancelledError from error
            raise SharedUnavailable(self._sentence()) from error
        except RedisError as error:
            _log.exception("redis refuses a command", place=self.place)
            raise SharedUnavailable(f"Redis at {self.place} refuses a command: {error}.") from error
        self.note_back()
        return answer

    async def check(self) -> None:
        """See whether it is there. Raises SharedUnavailable only for what does not pass by itself: a wrong password."""
        try:
            async with asyncio.timeout(self._call_seconds):
                await self.redis.ping()
        except AuthenticationError as error:
            raise SharedUnavailable(
                f"Redis at {self.place} refuses the name or the password of REDIS_URL: {error}."
            ) from error
        except AWAY as error:
            self.note_away(error)

    def note_away(self, error: BaseException, *, tried_again: bool = False) -> None:
        """Write down that it did not answer: for a while, nobody else has to find out."""
        if self._away_since is None:
            self._away_since = self._now()
            self._rest_seconds = FIRST_REST_SECONDS
            _log.warning("redis is away", place=self.place, reason=str(error) or type(error).__name__)
        elif tried_again:
            self._rest_seconds = min(2 * self._rest_seconds, LONGEST_REST_SECONDS)
        else:
            return  # It was under way when another call found out.
        self._rests_until = self._now() + self._rest_seconds

    def note_back(self) -> None:
        """Write down that it answered."""
        if self._away_since is not None:
            _log.info("redis is back", place=self.place, away_seconds=round(self._now() - self._away_since, 1))
            self._away_since = None

    async def close(self) -> None:
        """Close all connections."""
        await self.redis.aclose()
        await self.redis.connection_pool.disconnect()

    def _sentence(self) -> str:
        return f"Redis at {self.place} does not answer; try again in a moment."


def cancellations() -> int:
    """How often the present task was asked to end.

    A connection that breaks at the same moment can hide it: the client then raises only that it broke.
    """
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _place(url: str) -> str:
    """The address without its secrets."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
