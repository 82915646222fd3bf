"""What an older secret has sealed is sealed with the newest, so that the older one can be forgotten.

What is sealed elsewhere (cookies that know a browser) and what is signed (links) ends by itself, and is worth nothing
once its secret is forgotten.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncpg

from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements
from voice_server.storage.sealed import CannotOpen, Sealed


@dataclass(frozen=True, slots=True)
class SealedRows:
    """A table in which something lies sealed. Its statements are `sealed_before` and `reseal`."""

    called: str
    """In words."""
    noun: str
    """Of its statements."""
    key: Sequence[str]
    """Columns that name a row."""
    context: Callable[[asyncpg.Record], bytes]
    """What each row was sealed for."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What has become of one table's."""

    rows: SealedRows
    done: int
    lost: int
    """That none of the secrets opens."""


async def reseal(database: Database, sealed: Sealed, rows: SealedRows) -> Resealed:
    """Seal with the newest secret what another has sealed; what cannot be opened stays. Raises StorageUnavailable."""
    statements = Statements.of(rows.noun)
    done = lost = 0
    # All of it is the server's to open, whose tenant's it may be.
    async with database.everyone() as connection:
        for row in await connection.fetch(statements["sealed_before"], sealed.mark):
            context = rows.context(row)
            try:
                anew = sealed.seal(sealed.open(row["sealed"], context), context)
            except CannotOpen:
                lost += 1
                continue
            await connection.execute(statements["reseal"], anew, *(row[name] for name in rows.key))
            done += 1
    return Resealed(rows, done, lost)
