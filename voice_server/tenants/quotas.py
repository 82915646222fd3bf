"""How many conversations a tenant has at once, and how long they were this month.

Each conversation of a tenant with quotas has a row that its task renews every half minute, and that runs out by itself
after a minute and a half: what a killed task has held comes back. The time since it was last renewed is lost to the
count then, half a minute at most. Running conversations are never ended by a quota: one that goes on over another
socket or task takes its row along, and whoever held it before neither renews nor removes it any more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from pipeline.items import new_id
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Connection, Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements
from voice_server.tenants.config import Quotas

RENEW_SECONDS = 30.0
HELD_SECONDS = 90.0

_log = structlog.get_logger(__name__)


class SessionQuotas:
    """Lets conversations begin while there is something left."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = Statements.of("quotas")
        self._held: set[str] = set()
        """Holders: names of ours, each for one place that it has taken."""

    @asynccontextmanager
    async def session(
        self, tenant_id: UUID, place: str, quotas: Quotas, *, goes_on: bool = False
    ) -> AsyncIterator[None]:
        """Count one conversation while it lasts. Raises ApiError 429, StorageUnavailable.

        `place`: what it is counted under, once, whoever has held it before. `goes_on`: it has begun long ago, and is
        let in whatever is left. Without quotas nothing is asked or counted.
        """
        if quotas.is_unlimited:
            yield
            return
        holder = new_id("hold")
        await self._take(tenant_id, place, holder, None if goes_on else quotas)
        self._held.add(holder)
        try:
            yield
        finally:
            self._held.discard(holder)
            await self._release(place, holder)

    async def keep(self) -> None:
        """Renew the conversations of this task, until cancelled."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self.renew()
            except StorageUnavailable as error:
                _log.warning("conversations were not counted", reason=str(error))

    async def renew(self) -> None:
        """Renew them now, and count the time since the last time. Raises StorageUnavailable."""
        if self._held:
            # Everyone, because a task holds conversations of several tenants.
            async with self._database.everyone() as connection:
                await connection.execute(self._statements["renew"], sorted(self._held), HELD_SECONDS)

    async def _take(self, tenant_id: UUID, place: str, holder: str, quotas: Quotas | None) -> None:
        """Take a place from whoever has it; None: without asking for quotas."""
        async with self._database.tenant(tenant_id) as connection:
            # One after the other, lest two take the last place.
            await connection.execute(Statements.of("tenants")["lock"], tenant_id)
            await connection.execute(self._statements["forget_dead"], tenant_id)
            if quotas is not None:
                await self._check(connection, tenant_id, place, quotas)
            await connection.execute(self._statements["take"], tenant_id, place, HELD_SECONDS, holder)

    async def _check(self, connection: Connection, tenant_id: UUID, place: str, quotas: Quotas) -> None:
        """Raises ApiError 429."""
        if quotas.sessions is not None:
            open_now = await connection.fetchval(self._statements["others_open"], tenant_id, place)
            if open_now >= quotas.sessions:
                message = f"All {quotas.sessions} conversations of this tenant are taken; try again when one is over."
                raise ApiError(429, "quota_exceeded", message, headers={"Retry-After": "5"})
        if quotas.minutes_a_month is not None:
            used = await connection.fetchval(self._statements["used_seconds"], tenant_id)
            if used >= quotas.minutes_a_month * 60:
                message = f"The {quotas.minutes_a_month} minutes of this tenant are used up for this month."
                raise ApiError(429, "quota_exceeded", message)

    async def _release(self, place: str, holder: str) -> None:
        try:
            # Everyone, as when they are renewed.
            async with self._database.everyone() as connection:
                await connection.execute(self._statements["renew"], [holder], HELD_SECONDS)
                await connection.execute(self._statements["release"], place, holder)
        except StorageUnavailable as error:
            _log.warning("a conversation counts on until it runs out", place=place, reason=str(error))
