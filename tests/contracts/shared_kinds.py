"""Every implementation of what tasks share: as two tasks see it, with a way to let time pass."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import from_url

from voice_server.storage.shared.interfaces import Shared
from voice_server.storage.shared.memory import open_memory
from voice_server.storage.shared.redis import open_redis


@dataclass(frozen=True)
class SharedByTwo:
    """The same things, as two tasks see them. Those of one process are one."""

    one: Shared
    other: Shared
    pass_seconds: Callable[[float], Awaitable[None]]


@asynccontextmanager
async def in_memory() -> AsyncGenerator[SharedByTwo, None]:
    now = [1000.0]

    async def pass_seconds(seconds: float) -> None:
        now[0] += seconds

    async with open_memory(lambda: now[0]) as shared:
        yield SharedByTwo(shared, shared, pass_seconds)


@asynccontextmanager
async def in_redis(url: str) -> AsyncGenerator[SharedByTwo, None]:
    now = [1000.0]

    async def pass_seconds(seconds: float) -> None:
        now[0] += seconds
        await _age(url, seconds)

    async with open_redis(url, now=lambda: now[0]) as one, open_redis(url, now=lambda: now[0]) as other:
        yield SharedByTwo(one, other, pass_seconds)


async def _age(url: str, seconds: float) -> None:
    """Redis' clock cannot be set: make everything in it older instead."""
    async with from_url(url, decode_responses=True) as redis:
        for key in await redis.keys():
            left = await redis.pttl(key) - int(seconds * 1000)
            if left <= 0:
                await redis.delete(key)
                continue
            if ":rate:" in key:
                await redis.set(key, int(await redis.get(key)) - int(seconds * 1_000_000))
            await redis.pexpire(key, left)


@asynccontextmanager
async def listening(shared: Shared, channel: str) -> AsyncGenerator[AsyncGenerator[str, None], None]:
    """A listener that has heard its first announcement, so that it misses none after it."""
    async with aclosing(shared.announcements.listen(channel)) as heard:
        first = asyncio.ensure_future(anext(heard))
        announced = 0
        while not first.done():
            await shared.announcements.publish(channel, "first")
            announced += 1
            await asyncio.wait([first], timeout=0.02)
        assert await first == "first"
        await shared.announcements.publish(channel, "begin")
        while (text := await anext(heard)) != "begin":
            assert text == "first"
        yield heard
