"""Work that goes on behind the requests, for as long as the server runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import structlog

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(name: str, work: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Do it beside everything else; stop it on the way out. If it fails, the log says so and the server goes on."""
    task = asyncio.create_task(_logged(name, work), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _logged(name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
    try:
        await work()
    except Exception:
        _log.exception("background work failed", work=name)
