"""Tokens with which clients come back: known to PostgreSQL by their digests, so that they work on every task."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from uuid import UUID

import structlog

from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

TOKEN_PREFIX = "rs_"  # noqa: S105 -- what it begins with
LIVE_SECONDS = 3600.0 + 120.0
"""A session whose server was killed says nothing any more: its token works as long as the session might have."""
LOST_SECONDS = 120.0
"""How long a token works after the socket was lost."""

SWEEP_SECONDS = 300.0

_log = structlog.get_logger(__name__)
_SQL = Statements.of("live_sessions")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a conversation keeps wherever it goes on."""

    version: int
    """Of the tenant's configuration."""
    place: str
    """Among the conversations that the tenant may have at once."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a token stands for."""

    session_id: str
    tenant_id: UUID
    conversation_id: str
    owner: str
    """The name of the principal who opened the session: nobody else may go on with it."""
    terms: Terms | None = None
    """None: of an older version of this program."""


class Tickets:
    """Gives tokens out, and takes them."""

    def __init__(self, database: Database, task: str, terms: Callable[[], Terms | None] = lambda: None) -> None:
        """`task`: the name of this process, which no other has. `terms`: of the conversation that asks for a token."""
        self._terms = terms
        self._database = database
        self._task = task

    async def issue(self, ticket: Ticket) -> str | None:
        """A token for this session; None if its conversation is not kept. Raises StorageUnavailable."""
        token, terms = TOKEN_PREFIX + secrets.token_urlsafe(32), self._terms()
        async with self._database.tenant(ticket.tenant_id) as connection:
            known = await connection.fetchval(
                _SQL["begin"],
                ticket.session_id,
                ticket.tenant_id,
                ticket.conversation_id,
                _digest(token),
                self._task,
                {"name": ticket.owner} | ({} if terms is None else asdict(terms)),
                LIVE_SECONDS,
            )
        return token if known else None

    async def find(self, token: str) -> Ticket | None:
        """What this token stands for; None if it is unknown or has expired. Raises StorageUnavailable."""
        if not token.startswith(TOKEN_PREFIX):
            return None
        # The token says which tenant it is of.
        async with self._database.everyone() as connection:
            row = await connection.fetchrow(_SQL["find"], _digest(token))
        if row is None:
            return None
        kept = row["principal"]
        terms = Terms(kept["version"], kept["place"]) if "version" in kept else None
        return Ticket(row["id"], row["tenant_id"], row["conversation_id"], kept["name"], terms)

    async def resumed(self, ticket: Ticket) -> None:
        """The session goes on, here. Raises StorageUnavailable."""
        await self._keep(ticket, LIVE_SECONDS)

    async def is_elsewhere(self, ticket: Ticket) -> bool:
        """Whether another task has the session now. Raises StorageUnavailable."""
        async with self._database.tenant(ticket.tenant_id) as connection:
            holder = await connection.fetchval(_SQL["holder"], ticket.session_id)
        return holder is not None and holder != self._task

    async def lost(self, ticket: Ticket) -> None:
        """The client is gone without a word, and may come back for a while. Raises StorageUnavailable."""
        await self._keep(ticket, LOST_SECONDS)

    async def ended(self, ticket: Ticket) -> None:
        """The client has hung up. Raises StorageUnavailable."""
        async with self._database.tenant(ticket.tenant_id) as connection:
            await connection.execute(_SQL["end"], ticket.session_id)

    async def sweep(self) -> None:
        """Forget what has expired; runs for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                # A job, over all tenants.
                async with self._database.everyone() as connection:
                    await connection.execute(_SQL["forget_expired"])
            except StorageUnavailable as error:
                _log.debug("expired tokens stay until the next round", reason=str(error))

    async def _keep(self, ticket: Ticket, seconds: float) -> None:
        async with self._database.tenant(ticket.tenant_id) as connection:
            await connection.execute(_SQL["keep"], ticket.session_id, self._task, seconds)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
