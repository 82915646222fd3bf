"""Once a day, by one task: what is older than its tenant keeps it goes, and what has expired, in small batches.

A batch is some rows in one transaction: a conversation that is being written waits for none of them, and an interrupted
round has done no harm and is gone on with by the next. Objects go before the rows that name them, so that none is lost
sight of.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from pipeline.items import new_id
from voice_server.background import running
from voice_server.storage.objects.interfaces import Objects, ObjectsUnavailable
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements
from voice_server.storage.shared.interfaces import Leases, SharedUnavailable

DAY_SECONDS = 86_400.0
LOOK_SECONDS = 900.0
"""How often a task looks whether the round of the day is still to be made."""
LEASE_SECONDS = 120.0
MAX_CONVERSATIONS = 20
MAX_ROWS = 500
"""Of one batch."""
PAUSE_SECONDS = 0.05
"""Between two batches: the database has others to serve."""
JOB_DAYS = 90
TOMBSTONE_DAYS = 365
_DOING, _DONE = "privacy retention", "privacy retention of the day"
_SWEEPS = (
    ("refresh_tokens", "sweep"),
    ("mailed_tokens", "sweep"),
    ("client_secrets", "sweep"),
    ("ended_access", "sweep"),
    ("outgoing_mail", "sweep"),
)
_SQL = Statements.of("privacy_retention")
_OBJECTS = Statements.of("privacy_objects")

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Round:
    """What one round removed."""

    conversations: int = 0
    memories: int = 0
    objects: int = 0
    jobs: int = 0


class Retention:
    """Makes the rounds."""

    def __init__(
        self,
        database: Database,
        objects: Objects,
        leases: Leases,
        *,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        self._database = database
        self._objects = objects
        self._leases = leases
        self._pause_seconds = pause_seconds
        self._holder = new_id("retention")

    async def run(self) -> None:
        """Once a day on one of all tasks, for as long as the server runs."""
        while True:
            try:
                await self.run_if_due()
            except (StorageUnavailable, SharedUnavailable, ObjectsUnavailable) as error:
                _log.warning("what is too old stays for now", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def run_if_due(self) -> Round | None:
        """The round of the day, unless it was made or another task makes it.

        Raises StorageUnavailable, SharedUnavailable, ObjectsUnavailable.
        """
        if await self._leases.holder(_DONE) is not None:
            return None
        if not await self._leases.acquire(_DOING, self._holder, LEASE_SECONDS):
            return None
        async with self._held():
            made = await self.round()
            await self._leases.acquire(_DONE, self._holder, DAY_SECONDS - LOOK_SECONDS)
        _log.info("what was too old is gone", conversations=made.conversations, memories=made.memories)
        return made

    async def round(self) -> Round:
        """Everything that is too old now. Raises StorageUnavailable, ObjectsUnavailable."""
        made = Round()
        # A job, over all tenants.
        async with self._database.everyone() as connection:
            tenants = await connection.fetch(_SQL["tenants"])
        for tenant_id, days in tenants:
            for batch in (self._conversations, self._memories, self._recordings):
                await self._repeat(partial(batch, tenant_id, days, made))
        await self._repeat(partial(self._expired, made))
        await self._sweep(made)
        return made

    async def _repeat(self, batch: Callable[[], Awaitable[bool]]) -> None:
        while await batch():  # noqa: ASYNC110 -- nothing is waited for: others have their turn
            await asyncio.sleep(self._pause_seconds)

    async def _conversations(self, tenant_id: UUID, days: int, made: Round) -> bool:
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["old_conversations"], tenant_id, days, MAX_CONVERSATIONS)
            ids = [row["id"] for row in rows]
            keys = [row["key"] for row in await connection.fetch(_SQL["objects_of"], ids)]
        if not ids:
            return False
        await self._objects.delete(keys)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(_SQL["delete_conversations"], ids)
        made.conversations += len(ids)
        made.objects += len(keys)
        return len(ids) == MAX_CONVERSATIONS

    async def _memories(self, tenant_id: UUID, days: int, made: Round) -> bool:
        async with self._database.tenant(tenant_id) as connection:
            status = await connection.execute(_SQL["delete_memories"], tenant_id, days, MAX_ROWS)
        gone = int(status.split()[-1])
        made.memories += gone
        return gone == MAX_ROWS

    async def _recordings(self, tenant_id: UUID, days: int, made: Round) -> bool:
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["old_recordings"], tenant_id, days, MAX_ROWS)
        return await self._remove([row["key"] for row in rows], made)

    async def _expired(self, made: Round) -> bool:
        async with self._database.everyone() as connection:
            rows = await connection.fetch(_OBJECTS["expired"], MAX_ROWS)
        return await self._remove([row["key"] for row in rows], made)

    async def _remove(self, keys: list[str], made: Round) -> bool:
        if keys:
            await self._objects.delete(keys)
            async with self._database.everyone() as connection:
                await connection.execute(_OBJECTS["forget"], keys)
        made.objects += len(keys)
        return len(keys) == MAX_ROWS

    async def _sweep(self, made: Round) -> None:
        for noun, name in _SWEEPS:
            async with self._database.everyone() as connection:
                await connection.execute(Statements.of(noun)[name])
        async with self._database.everyone() as connection:
            status = await connection.execute(_SQL["delete_jobs"], JOB_DAYS, MAX_ROWS)
            await connection.execute(Statements.of("privacy_subjects")["forget_tombstones"], TOMBSTONE_DAYS)
        made.jobs += int(status.split()[-1])

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        try:
            async with running("lease of retention", self._renew):
                yield
        finally:
            await self._leases.release(_DOING, self._holder)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                await self._leases.renew(_DOING, self._holder, LEASE_SECONDS)
            except SharedUnavailable:
                # Two rounds at once do no harm.
                continue
