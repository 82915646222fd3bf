"""The PostgreSQL that runs where none was given: in a folder, for this one server, without a port.

async with EmbeddedPostgres(folder) as url: …
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import structlog

from voice_server.storage.postgres.cluster import Cluster, EmbeddedPostgresFailed

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresFailed"]

_LOOK_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """A server that runs while the context lasts, and is started again when it ends before.

    What it has committed outlives `kill -9` of either process. Entering raises EmbeddedPostgresFailed.
    """

    def __init__(self, folder: Path) -> None:
        self._cluster = Cluster(folder)
        self._supervisor: asyncio.Task[None] | None = None

    async def __aenter__(self) -> str:
        try:
            await _to_its_end(self._cluster.hold)
            await _to_its_end(self._cluster.start)
        except BaseException:
            await _to_its_end(self._close)
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name="embedded PostgreSQL")
        return self._cluster.url

    async def __aexit__(self, *_error: object) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        await _to_its_end(self._close)

    def _close(self) -> None:
        self._cluster.stop()
        self._cluster.release()

    async def _supervise(self) -> None:
        pause = _LOOK_SECONDS
        while True:
            await asyncio.sleep(pause)
            try:
                if self._cluster.runs:
                    self._cluster.shorten_log()
                else:
                    await _to_its_end(self._cluster.start)
                    _log.warning("database ended, and was started again", folder=str(self._cluster.folder))
            except EmbeddedPostgresFailed as error:
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                _log.error("database is down", reason=str(error), retry_seconds=pause)
            else:
                pause = _LOOK_SECONDS


async def _to_its_end(work: Callable[[], None]) -> None:
    """Run it in a thread; a thread cannot be cancelled, so whoever is cancelled waits for it first."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
