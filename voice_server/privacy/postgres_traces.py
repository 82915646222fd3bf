"""What PostgreSQL knows of a person: every table, in small transactions, so that nobody waits long for a lock."""

from collections.abc import Mapping

from voice_server.privacy.subject import Subject, Subjects, hash_of
from voice_server.storage.postgres.database import Connection
from voice_server.storage.postgres.statements import Statements

_EXPORT = Statements.of("privacy_export")
_ERASURE = Statements.of("privacy_erasure")
_NOT_OURS = frozenset({"privacy_jobs", "audit"})
"""What says that the erasure was asked for is no trace to be counted: it outlives the erasure, without the person."""


class PostgresTraces:
    """See Traces. The account's doors are shut before, see `doors.py`."""

    name = "postgres"

    def __init__(self, subjects: Subjects, secret: bytes) -> None:
        """`secret`: of the server; what takes the place of ids is made with it."""
        self._subjects = subjects
        self._secret = secret

    async def find(self, subject: Subject) -> Mapping[str, int]:
        """See Traces. Raises StorageUnavailable."""
        async with self._subjects.seeing(subject) as connection:
            return await count(connection, subject)

    async def erase(self, subject: Subject) -> None:
        """See Traces. Raises StorageUnavailable."""
        parameters = subject.json(hash=hash_of(self._secret, subject))
        for sql in _ERASURE.values():
            while await self._run(subject, sql, parameters) and "LIMIT" in sql:
                continue

    async def _run(self, subject: Subject, sql: str, parameters: Mapping[str, object]) -> int:
        async with self._subjects.seeing(subject) as connection:
            status = await connection.execute(sql, parameters)
        return int(status.split()[-1])


async def count(connection: Connection, subject: Subject) -> dict[str, int]:
    """How many rows there are of somebody, by the names of the export's files."""
    counts = {}
    for name, sql in _EXPORT.items():
        if name not in _NOT_OURS:
            # The statement is one of our files.
            rows = await connection.fetchval(f"SELECT count(*) FROM ({sql}) AS kept", subject.json())  # noqa: S608
            if rows:
                counts[name] = int(rows)
    return counts
