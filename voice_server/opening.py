"""Things that are opened side by side, because each takes its time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def opening(context: AbstractAsyncContextManager[T], name: str) -> AsyncIterator[asyncio.Future[T]]:
    """Open it in a task of its own while the caller goes on; awaiting the future gives what was opened, or raises.

    It is closed by the same task when this context ends.
    """
    opened: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    closing = asyncio.Event()
    task = asyncio.create_task(_hold(context, opened, closing), name=name)
    try:
        yield opened
    finally:
        closing.set()
        if not opened.done():
            task.cancel()
        await _ended(task)
        if not opened.done():
            opened.cancel()
        elif not opened.cancelled():
            # It may be that nobody asked: what went wrong first counts.
            opened.exception()
    task.result()


async def _hold(context: AbstractAsyncContextManager[T], opened: asyncio.Future[T], closing: asyncio.Event) -> None:
    try:
        async with context as value:
            opened.set_result(value)
            await closing.wait()
    except Exception as error:
        if opened.done():
            raise
        opened.set_exception(error)


async def _ended(task: asyncio.Task[None]) -> None:
    """Wait for it; whoever is cancelled meanwhile hurries it, and waits nevertheless."""
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        raise
