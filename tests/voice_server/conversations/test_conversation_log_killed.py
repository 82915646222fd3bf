"""Processes that are killed in the middle: nothing that was acknowledged is missing afterwards."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.services.redis import Redis
from tests.voice_server.conversations.logs import Kept, kept_in, said
from voice_server.conversations.archive import Archive
from voice_server.conversations.facts import read
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.conversations.restore import restored
from voice_server.conversations.spool import Spool
from voice_server.storage.postgres.cluster import Cluster
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.shared.redis import open_redis

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    module = "tests.voice_server.conversations.acknowledging"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def acknowledged(process: asyncio.subprocess.Process, count: int, into: dict[str, int]) -> None:
    """Read so many acknowledgements."""
    assert process.stdout is not None
    for _ in range(count):
        line = await process.stdout.readline()
        conversation_id, number = line.decode().split()
        into[conversation_id] = int(number)


async def killed(process: asyncio.subprocess.Process, into: dict[str, int]) -> None:
    """Kill it; read what it had printed."""
    assert process.stdout is not None
    process.send_signal(signal.SIGKILL)
    for line in (await process.stdout.read()).splitlines(keepends=True):
        if line.endswith(b"\n"):
            conversation_id, number = line.decode().split()
            into[conversation_id] = int(number)


@pytest.mark.parametrize("with_redis", [False, True])
@pytest.mark.parametrize("count", [1, 7, 60, 333])
async def test_a_killed_task_loses_nothing(
    database: Database, database_url: str, redis_url: str, tmp_path: Path, count: int, *, with_redis: bool
) -> None:
    seen: dict[str, int] = {}
    async with running(database_url, redis_url if with_redis else "-", str(tmp_path)) as process:
        await acknowledged(process, count, seen)
        await killed(process, seen)
    async with AsyncExitStack() as stack:
        live = (await stack.enter_async_context(open_redis(redis_url))).live_log if with_redis else None
        log = await stack.enter_async_context(ConversationLog(Archive(database), Spool(tmp_path), live))
        for conversation_id, number in seen.items():
            taken = await log.take_over(conversation_id, 2)
            assert taken is not None
            assert taken.last_sequence >= number
            kept = await Archive(database).read(conversation_id)
            assert kept is not None
            assert [sequence for sequence, _ in kept.lines] == list(range(1, taken.last_sequence + 1))
            assert len(list(restored(read(line) for _, line in kept.lines).items)) == (taken.last_sequence - 1) // 2


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """A PostgreSQL of its own, which a test may kill."""
    with TemporaryDirectory(prefix="vs-") as folder:
        cluster = Cluster(Path(folder) / "postgres", {"full_page_writes": "off", "autovacuum": "off"})
        await asyncio.to_thread(cluster.hold)
        await asyncio.to_thread(cluster.start)
        await migrate(cluster.url)
        yield cluster
        await asyncio.to_thread(cluster.stop)
        cluster.release()


def kill(cluster: Cluster) -> None:
    """As `kill -9` of the whole service does."""
    assert cluster._process is not None
    os.kill(cluster._process.pid, signal.SIGKILL)
    cluster._process.wait()


async def test_postgresql_is_killed_and_comes_back(cluster: Cluster, tmp_path: Path) -> None:
    async with Database.open(cluster.url) as database, kept_in(database, tmp_path) as kept:
        writers = [kept.begin() for _ in range(5)]
        for number in range(1, 40):
            if number == 10:
                await asyncio.to_thread(kill, cluster)
            if number == 30:
                await asyncio.to_thread(cluster.start)
            assert all(await asyncio.gather(*(writer.durable(writer.note(said(number))) for writer in writers)))
        await all_kept(kept, writers)


async def test_both_are_away_at_once(cluster: Cluster, redis_server: Redis, tmp_path: Path) -> None:
    async with (
        Database.open(cluster.url) as database,
        open_redis(redis_server.url) as shared,
        kept_in(database, tmp_path, shared.live_log) as kept,
    ):
        writers = [kept.begin() for _ in range(5)]
        for number in range(1, 40):
            if number == 10:
                await asyncio.to_thread(kill, cluster)
                await asyncio.to_thread(redis_server.stop)
                writers.append(kept.begin())
            if number == 30:
                await asyncio.to_thread(redis_server.start)
                await asyncio.to_thread(cluster.start)
            assert all(await asyncio.gather(*(writer.durable(writer.note(said(number))) for writer in writers)))
        await all_kept(kept, writers)


async def test_a_task_that_is_killed_while_both_are_away_loses_nothing(
    cluster: Cluster, redis_server: Redis, tmp_path: Path
) -> None:
    seen: dict[str, int] = {}
    async with running(cluster.url, redis_server.url, str(tmp_path)) as process:
        await acknowledged(process, 50, seen)
        await asyncio.to_thread(kill, cluster)
        await asyncio.to_thread(redis_server.stop)
        await acknowledged(process, 200, seen)
        await killed(process, seen)
    await asyncio.to_thread(cluster.start)
    async with Database.open(cluster.url) as database, kept_in(database, tmp_path) as kept:
        async with asyncio.timeout(20):
            while kept.spool.waiting_bytes:  # noqa: ASYNC110 (it is told by nobody)
                await asyncio.sleep(0.02)
        for conversation_id, number in seen.items():
            found = await kept.archive.read(conversation_id)
            assert found is not None
            sequences = [sequence for sequence, _ in found.lines]
            assert sequences == list(range(1, len(sequences) + 1))
            assert len(sequences) >= number


async def all_kept(kept: Kept, writers: list[ConversationWriter]) -> None:
    for writer in writers:
        await kept.has_all(writer)
    assert kept.log.unkept_promises == 0
