"""What tasks share, in Redis 6.2 or later, or Valkey: one script and one round trip for each call.

Keys are `{prefix}:{kind}:…`; those of one call have the same hash tag, so that a cluster keeps them together. Every key
ends by itself. Times are those of Redis' own clock.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from importlib.resources import files
from typing import Any, cast

import orjson
import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from voice_server.background import running
from voice_server.storage.shared.interfaces import LOG_SECONDS, MAX_LOG_LINES, Fenced, Shared, SharedUnavailable
from voice_server.storage.shared.memory import (
    MemoryAnnouncements,
    MemoryLeases,
    MemoryRateLimits,
    interval_microseconds,
)
from voice_server.storage.shared.redis_link import (
    AWAY,
    CALL_SECONDS,
    FIRST_REST_SECONDS,
    LONGEST_REST_SECONDS,
    RedisLink,
    cancellations,
)

SILENCE_SECONDS = 5.0
"""How long a subscription may be silent before Redis is asked whether it is still there, and then to answer."""

_log = structlog.get_logger(__name__)


class _Scripts:
    """Calls the scripts beside this file."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        folder = files(__package__) / "scripts"
        self._scripts = {
            name: link.redis.register_script((folder / f"{name}.lua").read_text())
            for name in ("take", "hold", "release", "append")
        }

    async def call(self, name: str, keys: Sequence[str], *arguments: str | float) -> int:
        script = self._scripts[name]
        return int(await self._link.call(lambda: cast("Awaitable[Any]", script(keys=keys, args=arguments))))


class RedisRateLimits:
    """Counts attempts over all tasks, and for this task alone while Redis is away."""

    def __init__(self, link: RedisLink, scripts: _Scripts, prefix: str) -> None:
        self._link = link
        self._scripts = scripts
        self._prefix = prefix
        self._own = MemoryRateLimits()

    async def take(self, key: str, limit: int, window_seconds: float) -> float:
        """Ask for one attempt: 0.0 = granted, else the seconds to wait."""
        interval = interval_microseconds(limit, window_seconds)
        try:
            wait = await self._scripts.call("take", [self._key(key)], interval, limit)
        except SharedUnavailable:
            return await self._own.take(key, limit, window_seconds)
        return wait / 1_000_000

    async def forget(self, key: str) -> None:
        """Give all attempts of this key back."""
        await self._own.forget(key)
        try:
            await self._link.call(lambda: self._link.redis.delete(self._key(key)))
        except SharedUnavailable as error:
            _log.debug("attempts not given back: they come back by themselves", reason=str(error))

    def _key(self, key: str) -> str:
        return f"{self._prefix}:rate:{{{hashlib.sha256(key.encode()).hexdigest()}}}"


class RedisLeases:
    """Leases among all tasks. What this task holds it knows by itself, and keeps for its time if Redis forgets it."""

    def __init__(self, link: RedisLink, scripts: _Scripts, prefix: str, now: Callable[[], float]) -> None:
        self._link = link
        self._scripts = scripts
        self._prefix = prefix
        self._now = now
        self._own = MemoryLeases(now)

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        """Take the lease, if nobody else has it."""
        return await self._hold(name, holder, seconds, may_take=True)

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        """Hold it for `seconds` from now, if the holder still has it."""
        return await self._hold(name, holder, seconds, may_take=self._own.current(name) == holder)

    async def release(self, name: str, holder: str) -> None:
        """Give it back, if it is the holder's."""
        await self._own.release(name, holder)
        try:
            await self._scripts.call("release", [self._key(name)], holder)
        except SharedUnavailable as error:
            _log.debug("lease not given back: it runs out by itself", lease=name, reason=str(error))

    async def holder(self, name: str) -> str | None:
        """Who has it now."""
        own = self._own.current(name)
        try:
            found = await self._link.call(lambda: cast("Awaitable[str | None]", self._link.redis.get(self._key(name))))
        except SharedUnavailable:
            if own is None:
                raise
            return own
        return found or own

    async def _hold(self, name: str, holder: str, seconds: float, *, may_take: bool) -> bool:
        own = self._own.current(name)
        if own not in (None, holder):
            return False
        # Counted from before the call: this task never thinks that it holds longer than Redis does.
        until = self._now() + seconds
        milliseconds = max(1, int(seconds * 1000))
        try:
            held = await self._scripts.call("hold", [self._key(name)], holder, milliseconds, int(may_take))
        except SharedUnavailable:
            if own != holder:
                raise
            return True
        if held:
            self._own.note(name, holder, until)
        else:
            self._own.drop(name)
        return bool(held)

    def _key(self, name: str) -> str:
        return f"{self._prefix}:lease:{{{name}}}"


class RedisAnnouncements:
    """Tells all tasks, through one subscription of each: announcements are few, their channels are many."""

    def __init__(self, link: RedisLink, prefix: str, silence_seconds: float) -> None:
        self._link = link
        self._channel = f"{prefix}:announcements"
        self._silence_seconds = silence_seconds
        self._here = MemoryAnnouncements()

    async def publish(self, channel: str, text: str) -> None:
        """Tell everybody who listens to the channel now."""
        told = orjson.dumps([channel, text])
        await self._link.call(lambda: self._link.redis.publish(self._channel, told))

    def listen(self, channel: str) -> AsyncGenerator[str, None]:
        """What is announced from now on, in order."""
        return self._here.listen(channel)

    async def receive(self) -> None:
        """Hear what is announced, for good: when Redis is away, it comes back."""
        rest = FIRST_REST_SECONDS
        while True:
            try:
                async with self._link.redis.pubsub() as subscription, aclosing(self._told(subscription)) as told:
                    async for channel, text in told:
                        rest = FIRST_REST_SECONDS
                        await self._here.publish(channel, text)
            except (*AWAY, RedisError) as error:
                self._link.note_away(error)
            if cancellations():
                raise asyncio.CancelledError
            await asyncio.sleep(rest)
            rest = min(2 * rest, LONGEST_REST_SECONDS)

    async def close(self) -> None:
        """End all listening."""
        await self._here.close()

    async def _told(self, subscription: PubSub) -> AsyncGenerator[tuple[str, str], None]:
        await subscription.subscribe(self._channel)
        asked = False
        while not cancellations():
            message = await subscription.get_message(timeout=self._silence_seconds)
            if message is None:
                if asked:
                    raise RedisConnectionError("The subscription is silent.")
                await subscription.ping()
                asked = True
                continue
            asked = False
            if message["type"] == "message":
                channel, text = orjson.loads(message["data"])
                yield channel, text


class RedisLiveLog:
    """The logs of all sessions of all tasks."""

    def __init__(self, link: RedisLink, scripts: _Scripts, prefix: str) -> None:
        self._link = link
        self._scripts = scripts
        self._prefix = prefix

    async def append(self, session_id: str, first_sequence: int, lines: Sequence[str], *, epoch: int) -> None:
        """Add lines numbered from `first_sequence` on, in one step."""
        keys = [self._lines(session_id), f"{self._prefix}:log:{{{session_id}}}:epoch"]
        keep = int(LOG_SECONDS * 1000)
        newest = await self._scripts.call("append", keys, epoch, keep, MAX_LOG_LINES, first_sequence, *lines)
        if newest >= 0:
            raise Fenced(session_id, newest)

    async def read(self, session_id: str, after: int) -> list[tuple[int, str]]:
        """All lines whose number is greater than `after`, in order."""
        key = self._lines(session_id)
        found: list[str] = await self._link.call(
            lambda: cast("Awaitable[list[str]]", self._link.redis.zrangebyscore(key, f"({after}", "+inf"))
        )
        numbered = (each.partition(":") for each in found)
        return [(int(number), line) for number, _, line in numbered]

    async def expire(self, session_id: str, seconds: float) -> None:
        """Let it end after `seconds`, unless something is added."""
        milliseconds = max(1, int(seconds * 1000))
        await self._link.call(lambda: self._link.redis.pexpire(self._lines(session_id), milliseconds))

    async def delete(self, session_id: str) -> None:
        """Remove all lines; the epoch stays known."""
        await self._link.call(lambda: self._link.redis.unlink(self._lines(session_id)))

    def _lines(self, session_id: str) -> str:
        return f"{self._prefix}:log:{{{session_id}}}:lines"


@asynccontextmanager
async def open_redis(
    url: str,
    *,
    password: str = "",
    prefix: str = "voice",
    call_seconds: float = CALL_SECONDS,
    silence_seconds: float = SILENCE_SECONDS,
    now: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[Shared, None]:
    """Everything that tasks share, in the Redis at `redis://`, `rediss://` (TLS) or `unix://`.

    `password`: where `url` has none. Opens also while Redis is away. Raises SharedUnavailable if Redis refuses the
    password, ValueError for an address that is none.
    """
    link = RedisLink(url, password=password, call_seconds=call_seconds, now=now)
    scripts = _Scripts(link)
    announcements = RedisAnnouncements(link, prefix, silence_seconds)
    try:
        await link.check()
        async with running("announcements", announcements.receive):
            yield Shared(
                RedisRateLimits(link, scripts, prefix),
                RedisLeases(link, scripts, prefix, now),
                announcements,
                RedisLiveLog(link, scripts, prefix),
            )
    finally:
        await announcements.close()
        await link.close()
