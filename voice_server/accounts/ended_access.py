"""Access that ends before its token does: after a log-out, a stolen token, or when an account is disabled.

Access tokens are checked without the database. Who ends access writes it down in the same transaction (`end_access`),
and every task reads what is new each 5 s: that is how long a token may work on after a log-out, on a task that reaches
PostgreSQL; one that does not reach it accepts tokens until they expire, 15 minutes at most.
"""

import asyncio
import time
from collections.abc import Iterable
from uuid import UUID

import structlog

from voice_server.storage.postgres.database import Connection, Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

READ_SECONDS = 5.0
_log = structlog.get_logger(__name__)


async def end_access(connection: Connection, subjects: Iterable[UUID]) -> None:
    """End the access of families of refresh tokens, or of accounts.

    A family never has access again. An account has, with tokens that are issued a second later: for one that was given
    other roles, this makes clients fetch a new token. The transaction must see everyone.
    """
    if ended := sorted(set(subjects)):
        await connection.execute(Statements.of("ended_access")["end_access"], ended)


class EndedAccess:
    """What this task knows of it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ended: dict[UUID, float] = {}
        self._was_read = False

    async def run(self) -> None:
        """Read what is new, for as long as the server runs."""
        while True:
            try:
                await self.read()
            except StorageUnavailable as error:
                _log.warning("ended access was not read", reason=str(error))
            except Exception:  # Whatever it was, this work must not end before the server does.
                _log.exception("ended access was not read")
            await asyncio.sleep(READ_SECONDS)

    async def read(self) -> None:
        """Read what is new. Raises StorageUnavailable."""
        # Access tokens of all tenants are checked here.
        async with self._database.everyone() as connection:
            rows = await connection.fetch(Statements.of("ended_access")["recent"])
        self._ended = {row["subject"]: row["ended_at"] for row in rows}
        self._was_read = True

    def note(self, subjects: Iterable[UUID]) -> None:
        """In this task it holds at once; call it when the transaction has ended well."""
        self._ended = {**self._ended, **dict.fromkeys(subjects, time.time() + 1)}

    async def is_ended(self, account_id: UUID, family: UUID, issued_at: float) -> bool:
        """Whether a token is to be refused. `issued_at`: seconds since 1970.

        Raises StorageUnavailable if nothing could be read yet.
        """
        if not self._was_read:
            await self.read()
        return family in self._ended or issued_at <= self._ended.get(account_id, 0.0)
