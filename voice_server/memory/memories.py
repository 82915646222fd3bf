"""What is remembered of customers: each with where it comes from, how sure it is and since when.

Of what contradicts, one stays and the rest is history that leads to it (`replaced_by`): what a person has set right
counts more than what was said, and that more than what was guessed; of two that count alike, the newer one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from voice_server import audit
from voice_server.auth import Principal
from voice_server.http.errors import ApiError
from voice_server.memory.topics import SINGLE_VALUED, TOPICS
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Connection

Source = Literal["said", "inferred", "customer", "staff", "booking"]
"""In their own words; guessed from them; set right by the person, by the tenant's staff; the result of a tool."""

MAX_KEPT = 100
"""Memories of one topic of one customer, and as many of its history."""
_TRIES = 5
_SINGLE = sorted(SINGLE_VALUED)
_ORDER = list(TOPICS)
_SQL = Statements.of("memories")


@dataclass(frozen=True, slots=True)
class Learned:
    """Something to be remembered."""

    topic: str
    value: str
    confidence: float
    """0 to 1."""
    source: Source
    learned_at: datetime
    conversation_id: str | None = None
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Something that is remembered."""

    id: UUID
    topic: str
    value: str
    confidence: float
    source: Source
    conversation_id: str | None
    item_id: str | None
    learned_at: datetime
    replaced_by: UUID | None
    """What stands in its place now; None: nothing, or something that is gone."""
    replaced_at: datetime | None
    """None: it holds."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of memories ended: what its last one was."""

    learned_at: datetime
    id: UUID
    topic: str


class Memories:
    """Those of all customers of all tenants. A customer's id from before a merge is as good as the new one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, tenant_id: UUID, customer_id: UUID, limit: int, after: Place | None = None) -> list[Memory]:
        """What holds, what matters most first, from behind `after`. Raises StorageUnavailable."""
        behind = (None, None, None) if after is None else (after.topic, after.learned_at, after.id)
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["of"], tenant_id, customer_id, _ORDER, limit, *behind)
        return [Memory(**row) for row in rows]

    async def history(self, tenant_id: UUID, customer_id: UUID, limit: int, after: Place | None = None) -> list[Memory]:
        """Also what was replaced, the newest first, from behind `after`. Raises StorageUnavailable."""
        behind = (None, None) if after is None else (after.learned_at, after.id)
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["history"], tenant_id, customer_id, limit, *behind)
        return [Memory(**row) for row in rows]

    async def learn(self, tenant_id: UUID, customer_id: UUID, learned: Sequence[Learned]) -> bool:
        """Remember these; False: there is no such customer. Raises StorageUnavailable."""
        async with self._database.tenant(tenant_id) as connection:
            current = await lock_customer(connection, tenant_id, customer_id)
            if current is None:
                return False
            await add(connection, tenant_id, current, learned)
        return True

    async def correct(
        self,
        principal: Principal,
        customer_id: UUID,
        memory_id: UUID,
        value: str,
        source: Literal["customer", "staff"],
        request_id: str,
    ) -> Memory | None:
        """Put another value in its place; None: there is no such memory of this customer.

        Raises ApiError 409 for one that was replaced already, StorageUnavailable.
        """
        tenant_id = principal.tenant_id
        async with self._database.tenant(tenant_id) as connection:
            current = await lock_customer(connection, tenant_id, customer_id)
            if current is None:
                return None
            old = await connection.fetchrow(_SQL["find"], tenant_id, current, memory_id)
            if old is None:
                return None
            if old["replaced_at"] is not None:
                raise ApiError(409, "memory_replaced", "This was replaced already; correct what stands in its place.")
            now = await connection.fetchval("SELECT now()")
            row = await connection.fetchrow(
                _SQL["add"], tenant_id, current, old["topic"], value, 1.0, source, None, now, None
            )
            assert row is not None
            await connection.execute(_SQL["replace"], tenant_id, current, memory_id, row["id"])
            await connection.execute(_SQL["settle"], tenant_id, current, _SINGLE)
            await connection.execute(_SQL["prune"], tenant_id, current, MAX_KEPT)
            await audit.note(connection, principal, "correct", "memory", str(memory_id), request_id)
        return Memory(**row)

    async def forget(self, principal: Principal, customer_id: UUID, memory_id: UUID, request_id: str) -> bool:
        """Delete it and what it had replaced; False: there is no such memory. Raises StorageUnavailable."""
        tenant_id = principal.tenant_id
        async with self._database.tenant(tenant_id) as connection:
            current = await lock_customer(connection, tenant_id, customer_id)
            if current is None:
                return False
            status = await connection.execute(_SQL["forget"], tenant_id, current, memory_id)
            if status == "DELETE 0":
                return False
            await audit.note(connection, principal, "delete", "memory", str(memory_id), request_id)
        return True


async def lock_customer(connection: "Connection", tenant_id: UUID, customer_id: UUID) -> UUID | None:
    """What this customer is now, and stays until the transaction ends; None if there is none (any more)."""
    for _ in range(_TRIES):
        found: UUID | None = await connection.fetchval(_SQL["lock_customer"], tenant_id, customer_id)
        if found is not None:
            return found
    return None


async def add(connection: "Connection", tenant_id: UUID, customer_id: UUID, learned: Sequence[Learned]) -> None:
    """Remember these of a customer that is locked."""
    for each in learned:
        arguments = (
            tenant_id,
            customer_id,
            each.topic,
            each.value,
            each.confidence,
            each.source,
            each.conversation_id,
            each.learned_at,
            each.item_id,
        )
        if await connection.fetchval(_SQL["confirm"], *arguments) is None:
            await connection.execute(_SQL["add"], *arguments)
    if learned:
        await connection.execute(_SQL["settle"], tenant_id, customer_id, _SINGLE)
        await connection.execute(_SQL["prune"], tenant_id, customer_id, MAX_KEPT)
