"""Whatever happens in whatever order, the log of each conversation is whole: no gap, no repetition, nothing lost."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.voice_server.conversations.logs import Kept, kept_in, said, streamed
from voice_server.conversations import log as log_module
from voice_server.conversations.facts import read
from voice_server.conversations.log import ConversationWriter
from voice_server.conversations.restore import restored
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.memory import open_memory


async def happen(
    chance: random.Random, kept: Kept, writers: list[ConversationWriter], promised: dict[str, int]
) -> None:
    """One thing."""
    writer = chance.choice(writers)
    match chance.randrange(10):
        case 0:
            kept.archive.is_away = not kept.archive.is_away
        case 1:
            kept.spool.is_full = not kept.spool.is_full
        case 2 if kept.live:
            kept.live.is_away = not kept.live.is_away
        case 3 if len(writers) < 6:
            writers.append(kept.begin())
        case 4 | 5:
            if await writer.durable(writer.note(said(writer.sequence))):
                promised[writer.header.id] = writer.sequence
        case 6:
            await asyncio.sleep(chance.choice([0.0, 0.001, 0.02]))
        case _:
            for _ in range(chance.randrange(1, 20)):
                writer.note(streamed(writer.sequence))


@pytest.mark.parametrize("with_redis", [False, True])
@pytest.mark.parametrize("seed", range(6))
async def test_logs_are_whole(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, *, with_redis: bool
) -> None:
    monkeypatch.setattr(log_module, "DURABLE_SECONDS", 0.15)
    chance = random.Random(seed)
    promised: dict[str, int] = {}
    async with open_memory() as shared, kept_in(database, tmp_path, shared.live_log if with_redis else None) as kept:
        writers = [kept.begin()]
        for _ in range(80):
            await happen(chance, kept, writers, promised)
        kept.archive.is_away = kept.spool.is_full = False
        if kept.live:
            kept.live.is_away = False
        for writer in writers:
            await kept.has_all(writer)
            assert promised.get(writer.header.id, 0) <= writer.sequence
            found = await kept.archive.read(writer.header.id)
            assert found is not None
            left = restored(read(line) for _, line in found.lines)
            async with database.tenant(writer.header.tenant_id) as connection:
                rows = await connection.fetch(
                    "SELECT id FROM conversation_items WHERE conversation_id = $1 ORDER BY position", writer.header.id
                )
            assert [row["id"] for row in rows] == [item.id for item in left.items]
