"""Who speaks: identities to customers, never two of one person, and merged where two turn out to be one.

    customer_id = await customers.recognise(tenant_id, identities_of(principal))

An id that was given out once leads to the customer for ever, also after a merge. People who share a telephone but have
accounts of their own stay two: the surest identity decides who speaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from voice_server import audit
from voice_server.auth import CustomerIdentity, Principal
from voice_server.customers.identities import Strong, by_strength, may_be_one, strong_of, together
from voice_server.memory.topics import SINGLE_VALUED
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Connection

_TRIES = 3
"""Of a transaction that others were in the way of."""
_MOVES = (
    "move_identities",
    "move_conversations",
    "move_memories",
    "move_consents",
    "move_objects",
    "move_jobs",
)
_SQL = Statements.of("customers")
_MEMORIES = Statements.of("memories")


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    """One customer in a list."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    """To the minute."""
    identities: Sequence[Mapping[str, str]]
    """`kind` and `value`."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer, and how much there is of them."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    identities: Sequence[Mapping[str, str]]
    merged_ids: Sequence[UUID]
    """Other ids that lead here."""
    conversations: int
    memories: int


class Customers:
    """Those of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recognise(self, tenant_id: UUID, identities: Sequence[CustomerIdentity]) -> UUID:
        """Whose identities these are, at one moment; a new customer if nobody's.

        One statement where they are known already. Raises ValueError for none or impossible ones, StorageUnavailable.
        """
        given = by_strength(identities)
        if not given:
            raise ValueError("nobody is recognised by nothing")
        columns = _columns(given)
        # To plan this statement takes seven times as long as to run it.
        async with self._database.tenant(tenant_id, plan="once") as connection:
            row = await connection.fetchrow(_SQL["recognise"], tenant_id, *columns)
        assert row is not None
        if row["is_complete"] and len(row["customer_ids"]) == 1:
            return UUID(str(row["customer_ids"][0]))
        for left in reversed(range(_TRIES)):
            try:
                return await self._meet(tenant_id, given)
            except (asyncpg.DeadlockDetectedError, asyncpg.ForeignKeyViolationError) as error:
                # Somebody else merges them, or erased one of them, at this moment.
                if not left:
                    raise StorageUnavailable("Too much happens to this customer at this moment.") from error
        raise AssertionError("unreachable")

    async def current(self, tenant_id: UUID, customer_id: UUID) -> UUID | None:
        """What this customer has become; None if there is none. Raises StorageUnavailable."""
        async with self._database.tenant(tenant_id) as connection:
            found: UUID | None = await connection.fetchval(_SQL["current"], tenant_id, customer_id)
        return found

    async def of_account(self, tenant_id: UUID, account_id: UUID) -> UUID | None:
        """Who this account is, if it has ever spoken here. Raises StorageUnavailable."""
        async with self._database.tenant(tenant_id) as connection:
            found: UUID | None = await connection.fetchval(_SQL["of_identity"], tenant_id, "account", str(account_id))
        return found

    async def attach(self, tenant_id: UUID, conversation_id: str, customer_id: UUID) -> bool:
        """Say whose conversation it is, where that was known only after it began; False: it is not written down yet,
        or it is known. Raises StorageUnavailable."""
        async with self._database.tenant(tenant_id) as connection:
            status = await connection.execute(_SQL["attach"], tenant_id, conversation_id, customer_id)
        return str(status) == "UPDATE 1"

    async def page(self, tenant_id: UUID, after: tuple[datetime, UUID] | None, limit: int) -> list[CustomerEntry]:
        """Who spoke last first. Raises StorageUnavailable."""
        seen_at, last_id = after or (None, None)
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, seen_at, last_id, limit)
        return [CustomerEntry(**row) for row in rows]

    async def read(self, principal: Principal, customer_id: UUID, request_id: str) -> Customer | None:
        """One, noted in the audit log. Raises StorageUnavailable."""
        async with self._database.tenant(principal.tenant_id) as connection:
            row = await connection.fetchrow(_SQL["one"], principal.tenant_id, customer_id)
            if row is None:
                return None
            await audit.note(connection, principal, "read", "customer", str(row["id"]), request_id)
        return Customer(**row)

    async def _meet(self, tenant_id: UUID, given: Sequence[CustomerIdentity]) -> UUID:
        """Make somebody new, add identities, or merge."""
        columns = _columns(given)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(_SQL["lock_identities"], tenant_id, *columns)
            ours = await self._ours(connection, tenant_id, given)
            if len(ours) > 1:
                await connection.execute(_SQL["lock_merging"], tenant_id)
                # Somebody may have merged them while this waited.
                ours = await self._ours(connection, tenant_id, given)
            customer_id = ours[0] if ours else await connection.fetchval(_SQL["create"], tenant_id)
            for other in ours[1:]:
                await _merge(connection, tenant_id, other, customer_id)
            await connection.execute(_SQL["add_identities"], tenant_id, *columns, customer_id)
        return UUID(str(customer_id))

    async def _ours(self, connection: "Connection", tenant_id: UUID, given: Sequence[CustomerIdentity]) -> list[UUID]:
        """Who of those that are known by these is the one who speaks, the oldest first."""
        rows = await connection.fetch(_SQL["known"], tenant_id, *_columns(given))
        person: Strong = strong_of((identity.kind, identity.value) for identity in given)
        since: dict[UUID, datetime] = {}
        for row in rows:
            strong = strong_of(row["strong"])
            if may_be_one(person, strong):
                person = together(person, strong)
                since[row["customer_id"]] = row["created_at"]
        return sorted(since, key=lambda customer_id: (since[customer_id], customer_id))


async def _merge(connection: "Connection", tenant_id: UUID, customer_id: UUID, into: UUID) -> None:
    """Let one become another, with all that is theirs, in the transaction that holds the turn to merge."""
    # Who writes down something for either of them waits, and then writes it for the one that remains: see the trigger
    # in migration 0040.
    locked: list[Any] = await connection.fetch(_SQL["lock_rows"], tenant_id, [customer_id, into])
    if len(locked) < 2:
        return  # One of them was erased at this moment, with everything.
    await connection.execute(_SQL["redirect"], tenant_id, customer_id, into)
    for move in _MOVES:
        await connection.execute(_SQL[move], tenant_id, customer_id, into)
    await connection.execute(_MEMORIES["settle"], tenant_id, into, sorted(SINGLE_VALUED))


def _columns(identities: Sequence[CustomerIdentity]) -> tuple[list[str], list[str]]:
    return [identity.kind for identity in identities], [identity.value for identity in identities]
