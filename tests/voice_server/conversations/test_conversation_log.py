"""The log: what is acknowledged is kept, in order and without a gap, whatever is away meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from pipeline.session_log import Closed, Left
from tests.services.redis import Redis
from tests.voice_server.conversations.logs import Kept, header, kept_in, opened, said, streamed
from voice_server.auth import DEFAULT_TENANT
from voice_server.conversations import log as log_module
from voice_server.conversations.archive import Archive, Refusal
from voice_server.conversations.entry import Entry
from voice_server.conversations.facts import read, write
from voice_server.conversations.restore import restored
from voice_server.conversations.spool import Spool
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.interfaces import Fenced
from voice_server.storage.shared.memory import MemoryLiveLog
from voice_server.storage.shared.redis import open_redis


@pytest.fixture(params=["postgres", "redis"])
async def kept(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> AsyncIterator[Kept]:
    """A log over PostgreSQL alone, and over Redis and PostgreSQL."""
    async with AsyncExitStack() as stack:
        live = None
        if request.param == "redis":
            url: str = request.getfixturevalue("redis_url")
            live = (await stack.enter_async_context(open_redis(url))).live_log
        yield await stack.enter_async_context(kept_in(database, tmp_path / "spool", live))


async def test_what_was_noted_is_kept_in_order(kept: Kept) -> None:
    writer = kept.begin()
    numbers = [writer.note(said(number)) for number in range(1, 6)]
    assert numbers == [2, 3, 4, 5, 6]
    assert await writer.durable(6)
    await kept.has_all(writer)
    found = await kept.archive.read(writer.header.id)
    assert found is not None
    assert found.header == writer.header
    assert [line for _, line in found.lines] == [write(fact) for fact in [opened(), *map(said, range(1, 6))]]


async def test_what_nobody_waits_for_is_kept_soon(kept: Kept) -> None:
    writer = kept.begin()
    writer.note(streamed(1))
    await kept.has_all(writer)


async def test_many_conversations_are_written_together(kept: Kept) -> None:
    writers = [kept.begin() for _ in range(30)]
    await asyncio.gather(*(writer.durable(writer.note(said(1))) for writer in writers))
    for writer in writers:
        await kept.has_all(writer)


async def test_history_is_written_with_the_facts(kept: Kept, database: Database) -> None:
    writer = kept.begin()
    for number in range(1, 4):
        writer.note(said(number, "a\0b" if number == 3 else ""))
    writer.note(Closed(4.0))
    writer.end()
    await writer.leave()
    async with database.tenant(DEFAULT_TENANT) as connection:
        rows = await connection.fetch("SELECT id, text FROM conversation_items ORDER BY position")
        ended = await connection.fetchval("SELECT ended_at IS NOT NULL FROM conversations")
    assert [tuple(row) for row in rows] == [("item_1", "number 1"), ("item_2", "number 2"), ("item_3", "a\ufffdb")]
    assert ended


async def test_a_long_log_is_written_in_pieces(kept: Kept) -> None:
    writer = kept.begin()
    for number in range(1, 5001):
        writer.note(streamed(number))
    assert await writer.durable(writer.sequence)
    await kept.has_all(writer)


async def test_another_task_goes_on_and_the_first_is_shut_out(kept: Kept, tmp_path: Path) -> None:
    first = kept.begin()
    assert await first.durable(first.note(said(1)))
    async with AsyncExitStack() as stack:
        other = log_module.ConversationLog(kept.archive, Spool(tmp_path / "other"), kept.live)
        await stack.enter_async_context(other)
        taken = await other.take_over(first.header.id, 2)
        assert taken is not None
        assert (taken.header, taken.facts, taken.last_sequence) == (first.header, [opened(), said(1)], 2)
        fold = restored(taken.facts).fold
        second = other.open(taken.header, epoch=2, last_sequence=taken.last_sequence, items=fold)
        assert second.note(said(2)) == 3
        assert await second.durable(3)
        first.note(said(2, "too late"))
        with pytest.raises(Fenced):
            await first.durable(first.sequence)
        assert kept.log.cut_short == 1
        await kept.has_all(second)
        found = await kept.archive.read(first.header.id)
        assert found is not None
        assert read(found.lines[-1][1]) == said(2)


async def test_a_task_leaves_at_once_whose_conversations_went_on_elsewhere(kept: Kept, tmp_path: Path) -> None:
    async with log_module.ConversationLog(kept.archive, Spool(tmp_path / "leaving"), kept.live) as leaving:
        writer = leaving.open(header())
        writer.note(opened())
        assert await writer.durable(writer.note(said(1)))
        assert await kept.log.take_over(writer.header.id, 2)
        writer.note(said(2))
        with pytest.raises(Fenced):
            await writer.durable(writer.sequence)
        writer.end()
    assert not writer.is_open


async def test_what_is_being_written_when_the_server_stops_is_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, may_go_on = asyncio.Event(), asyncio.Event()
    write_all = Archive.write

    async def held(archive: Archive, entries: Sequence[Entry]) -> dict[str, Refusal]:
        writing.set()
        await may_go_on.wait()
        return await write_all(archive, entries)

    monkeypatch.setattr(Archive, "write", held)
    archive = Archive(database)
    async with log_module.ConversationLog(archive, Spool(tmp_path / "spool")) as log:
        writer = log.open(header())
        writer.note(opened())
        await writing.wait()
        asyncio.get_running_loop().call_soon(may_go_on.set)
    found = await archive.read(writer.header.id)
    assert found is not None
    assert len(found.lines) == 1


async def test_the_same_task_goes_on(kept: Kept) -> None:
    first = kept.begin()
    first.note(said(1))
    taken = await kept.log.take_over(first.header.id, 2)
    assert taken is not None
    assert taken.facts == [opened(), said(1)]
    assert await kept.log.take_over("conv_unknown", 2) is None


async def test_what_was_erased_does_not_come_back(kept: Kept, database: Database) -> None:
    writer = kept.begin()
    assert await writer.durable(writer.note(said(1)))
    await kept.has_all(writer)
    async with database.tenant(DEFAULT_TENANT) as connection:
        await connection.execute("DELETE FROM conversations")
    writer.note(said(2))
    async with asyncio.timeout(10):
        while writer.is_open:  # noqa: ASYNC110 (it is told by nobody)
            await asyncio.sleep(0.01)
    assert await writer.durable(writer.note(said(3)))
    assert await kept.sequences(writer) == []


async def test_one_log_that_cannot_be_written_does_not_harm_others(kept: Kept) -> None:
    good, bad = kept.begin(), kept.log.open(replace(header(), tenant_id=uuid4()))
    bad.note(opened())
    assert await good.durable(good.note(said(1)))
    await kept.has_all(good)
    assert await bad.durable(bad.sequence) is False
    assert kept.log.unkept_promises >= 1


async def test_a_fact_that_cannot_be_written_ends_one_log_and_no_conversation(kept: Kept) -> None:
    good, bad = kept.begin(), kept.begin()
    bad.note(Left(1.0, object()))  # type: ignore[arg-type]
    assert not bad.is_open
    assert await bad.durable(bad.note(said(1))) is False
    assert await good.durable(good.note(said(1)))
    await kept.has_all(good)


# --- away ---


async def test_while_postgresql_is_away_the_disk_keeps_what_is_said(kept: Kept) -> None:
    writer = kept.begin()
    assert await writer.durable(writer.note(said(1)))
    await kept.has_all(writer)
    kept.archive.is_away = True
    newcomer = kept.begin()
    for number in range(2, 6):
        assert await writer.durable(writer.note(said(number)))
        assert await newcomer.durable(newcomer.note(said(number - 1)))
    await newcomer.leave()
    assert kept.spool.waiting_bytes > 0
    assert await kept.sequences(newcomer) == []
    kept.archive.is_away = False
    await kept.has_all(writer)
    await kept.has_all(newcomer)
    assert await writer.durable(writer.note(said(6)))
    await kept.has_all(writer)
    assert kept.spool.waiting_bytes == 0


async def test_who_goes_on_with_a_conversation_writes_to_the_disk_too(kept: Kept) -> None:
    first = kept.begin()
    assert await first.durable(first.note(said(1)))
    taken = await kept.log.take_over(first.header.id, 2)
    assert taken is not None
    fold = restored(taken.facts).fold
    second = kept.log.open(taken.header, epoch=2, last_sequence=taken.last_sequence, items=fold)
    kept.archive.is_away = True
    assert await second.durable(second.note(said(2)))
    await second.leave()
    kept.archive.is_away = False
    await kept.has_all(second)


async def test_a_task_that_stops_while_postgresql_is_away_leaves_its_log_to_the_next(
    database: Database, tmp_path: Path
) -> None:
    async with kept_in(database, tmp_path) as first:
        first.archive.is_away = True
        writer = first.begin()
        assert await writer.durable(writer.note(said(1)))
        writer.note(streamed(1))
    async with kept_in(database, tmp_path) as second:
        await second.has_all(writer)
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240


async def test_redis_alone_carries_promises(database: Database, tmp_path: Path, redis_url: str) -> None:
    async with open_redis(redis_url) as shared, kept_in(database, tmp_path, shared.live_log) as kept:
        writer = kept.begin()
        await kept.has_all(writer)
        kept.archive.is_away = kept.spool.is_full = True
        assert await writer.durable(writer.note(said(1)))
        assert await shared.live_log.read(writer.header.id, 1) == [(2, write(said(1)))]
        kept.archive.is_away = kept.spool.is_full = False
        await kept.has_all(writer)


async def test_postgresql_carries_promises_while_redis_is_away(kept: Kept) -> None:
    if kept.live is None:
        pytest.skip("There is no Redis here.")
    kept.live.is_away = True
    writer = kept.begin()
    for number in range(1, 5):
        assert await writer.durable(writer.note(said(number)))
    kept.live.is_away = False
    assert await writer.durable(writer.note(said(5)))
    await kept.has_all(writer)


async def test_without_anything_promises_wait_a_little_and_then_no_more(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "DURABLE_SECONDS", 0.3)
    writer = kept.begin()
    await kept.has_all(writer)
    kept.archive.is_away = kept.spool.is_full = True
    if kept.live:
        kept.live.is_away = True
    assert await writer.durable(writer.note(said(1))) is False
    assert await writer.durable(writer.note(said(2))) is False
    assert kept.log.unkept_promises == 2
    kept.archive.is_away = kept.spool.is_full = False
    await kept.has_all(writer)
    assert await writer.durable(writer.note(said(3)))
    assert kept.log.unkept_promises == 2


async def test_memory_is_bounded(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "MAX_CHARACTERS", 2000)
    kept.archive.is_away = kept.spool.is_full = True
    writer = kept.begin()
    for number in range(1, 100):
        writer.note(said(number))
    assert not writer.is_open
    assert kept.log.cut_short == 1
    assert await writer.durable(writer.sequence) is False


async def test_what_only_redis_had_is_kept_for_good(database: Database, tmp_path: Path, redis_url: str) -> None:
    """A task was killed; the janitor finds what it left."""
    async with open_redis(redis_url) as shared, kept_in(database, tmp_path / "a", shared.live_log) as killed:
        writer = killed.begin()
        await killed.has_all(writer)
        killed.archive.is_away = killed.spool.is_full = True
        assert await writer.durable(writer.note(said(1)))
        async with database.everyone() as connection:
            await connection.execute("UPDATE conversations SET changed_at = now() - interval '61 seconds'")
        async with kept_in(database, tmp_path / "b", shared.live_log) as other:
            await other.log.recovery.tidy_once(())
            assert await other.sequences(writer) == [1, 2]
            async with database.tenant(DEFAULT_TENANT) as connection:
                assert await connection.fetchval("SELECT text FROM conversation_items") == "number 1"
                assert await connection.fetchval("SELECT ended_at FROM conversations") is None
                await connection.execute("UPDATE conversations SET changed_at = now() - interval '1000 seconds'")
            await other.log.recovery.tidy_once(())
            async with database.tenant(DEFAULT_TENANT) as connection:
                assert await connection.fetchval("SELECT ended_at FROM conversations") is not None
        killed.archive.is_away = killed.spool.is_full = False


async def test_facts_that_are_only_on_their_way_are_kept_when_somebody_asks(database: Database, tmp_path: Path) -> None:
    live = MemoryLiveLog()
    async with kept_in(database, tmp_path / "one", live) as kept, kept_in(database, tmp_path / "two", live) as other:
        writer = kept.begin()
        await writer.durable(writer.note(said(1)))
        await kept.has_all(writer)
        kept.archive.is_away = True
        assert await writer.durable(writer.note(said(2)))
        await other.log.recovery.keep(writer.header.id)
        assert await other.sequences(writer) == list(range(1, writer.sequence + 1))
        # Whoever holds the conversation goes on as if nothing had been.
        kept.archive.is_away = False
        writer.note(said(3))
        await kept.has_all(writer)


async def test_redis_restarts_in_the_middle(database: Database, tmp_path: Path, redis_server: Redis) -> None:
    async with open_redis(redis_server.url) as shared, kept_in(database, tmp_path, shared.live_log) as kept:
        writer = kept.begin()
        for number in range(1, 31):
            if number == 10:
                await asyncio.to_thread(redis_server.stop)
            if number == 20:
                await asyncio.to_thread(redis_server.start)
            assert await writer.durable(writer.note(said(number)))
        await kept.has_all(writer)
        assert kept.log.unkept_promises == 0
