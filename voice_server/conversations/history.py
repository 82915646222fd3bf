"""Conversations as people read them: listed, searched, shown and deleted."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from voice_server import audit
from voice_server.access.roles import has_role
from voice_server.auth import Principal
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    import asyncpg

    from voice_server.storage.postgres.database import Connection

MARK, UNMARK = "\ue000", "\ue001"
"""Around a word that was found, as `queries/conversations.sql` has it: characters that no text contains."""

LOOKED_THROUGH = 500
"""Conversations, before an index is asked in which of them something was said."""
_SQL = Statements.of("conversations")
Forget = Callable[[str, Sequence[str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations to list. None: all."""

    assistant: str | None = None
    customer_id: UUID | None = None
    began_after: datetime | None = None
    began_before: datetime | None = None
    words: str | None = None
    """As people write them for a search engine: `"a table" or booking -cancelled`."""
    only_own: bool = False
    """Also for staff: not those of everybody."""
    after: tuple[datetime, str] | None = None
    """The beginning and the id of the last one of the page before."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One conversation in a list."""

    id: str
    owner: str
    assistant: str
    channel: str
    language: str | None
    customer_id: UUID | None
    began_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    items: int
    opening: str | None
    """With which the person began; None: nothing was said yet."""
    matches: Sequence[Mapping[str, Any]] | None = None
    """Where the words were found: `item_id`, `role`, and `passage` with MARK and UNMARK."""


@dataclass(frozen=True, slots=True)
class Said:
    """One item."""

    id: str
    position: int
    role: str
    text: str
    status: str
    said_at: datetime
    timings: Mapping[str, Any] | None
    unheard: str | None


class History:
    """What a principal may see of its tenant's conversations: its own; staff and above, all."""

    def __init__(self, database: Database, forget: Forget) -> None:
        """`forget` deletes what there is of a conversation outside PostgreSQL, given its id and the keys of its
        objects; it may be called twice."""
        self._database = database
        self._forget = forget

    async def page(self, principal: Principal, wanted: Wanted, limit: int) -> list[Summary]:
        """The newest first. Raises StorageUnavailable."""
        began_at, last_id = wanted.after or (None, None)
        arguments = (
            principal.tenant_id,
            principal.name if wanted.only_own else _only_of(principal),
            wanted.assistant,
            wanted.customer_id,
            wanted.began_after,
            wanted.began_before,
            began_at,
            last_id,
            limit,
        )
        async with self._database.tenant(principal.tenant_id, plan="each_time") as connection:
            if wanted.words is None:
                rows = await connection.fetch(_SQL["list"], *arguments)
            else:
                rows = await connection.fetch(_SQL["search"], *arguments, wanted.words, LOOKED_THROUGH)
        return [_summary(row) for row in rows]

    async def read(
        self, principal: Principal, conversation_id: str, after: int, limit: int, request_id: str
    ) -> tuple[Summary, list[Said]] | None:
        """One, with the items at positions after `after`; None: there is none for them. Raises StorageUnavailable."""
        async with self._database.tenant(principal.tenant_id) as connection:
            found = await self._find(connection, principal, conversation_id)
            if found is None:
                return None
            rows = await connection.fetch(_SQL["items"], conversation_id, after, limit)
            if found.owner != principal.name:
                await audit.note(connection, principal, "read", "conversation", conversation_id, request_id)
        return found, [Said(**row) for row in rows]

    async def delete(self, principal: Principal, conversation_id: str, request_id: str) -> bool:
        """All of it, also what is elsewhere; False: there is none for them. Raises StorageUnavailable."""
        async with self._database.tenant(principal.tenant_id) as connection:
            if await self._find(connection, principal, conversation_id) is None:
                return False
            keys = [row["key"] for row in await connection.fetch(_SQL["objects"], conversation_id)]
        # First what is elsewhere: if that fails, the conversation is still there to be deleted again.
        await self._forget(conversation_id, keys)
        async with self._database.tenant(principal.tenant_id) as connection:
            await connection.execute(_SQL["delete_objects"], conversation_id)
            await connection.execute(_SQL["delete"], principal.tenant_id, conversation_id, _only_of(principal))
            await audit.note(connection, principal, "delete", "conversation", conversation_id, request_id)
        # A task that still held it may have added something in between.
        await self._forget(conversation_id, keys)
        return True

    async def _find(self, connection: "Connection", principal: Principal, conversation_id: str) -> Summary | None:
        row = await connection.fetchrow(_SQL["one"], principal.tenant_id, conversation_id, _only_of(principal))
        return None if row is None else _summary(row)


def _only_of(principal: Principal) -> str | None:
    return None if has_role(principal, "staff") else principal.name


def _summary(row: "asyncpg.Record") -> Summary:
    return Summary(**row)
