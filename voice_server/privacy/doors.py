"""Shutting the doors of an account that is about to be erased: nobody logs in, and what was let in is let out."""

from uuid import UUID

from voice_server.accounts.ended_access import EndedAccess, end_access
from voice_server.storage.postgres.database import Connection, Database
from voice_server.storage.postgres.statements import Statements

_SQL = Statements.of("privacy_doors")


class OnlyAdmin(Exception):
    """Tenants would be left without anybody who decides. The message is a sentence."""

    def __init__(self, slugs: list[str]) -> None:
        named = ", ".join(slugs)
        super().__init__(
            f"This account is the only admin of {named}: make somebody else an admin there, or have an operator close "
            "the tenant, and ask again."
        )


class Doors:
    """Of all accounts."""

    def __init__(self, database: Database, ended: EndedAccess | None = None) -> None:
        """`ended`: this task's, so that access ends here at once; on others within seconds."""
        self._database = database
        self._ended = ended

    async def check(self, account_id: UUID) -> None:
        """Raises OnlyAdmin, StorageUnavailable."""
        async with self._database.everyone() as connection:
            await _check(connection, account_id)

    async def shut(self, account_id: UUID) -> None:
        """No log-in, no role, no token. Raises OnlyAdmin, and then nothing was changed; StorageUnavailable."""
        # Of all tenants of the person.
        async with self._database.everyone() as connection:
            # One after the other with whoever changes the tenant's admins at the same moment.
            await connection.execute(_SQL["lock_tenants"], account_id)
            await _check(connection, account_id)
            await connection.execute(Statements.of("accounts")["disable"], account_id)
            await connection.execute(_SQL["step_down"], account_id)
            rows = await connection.fetch(Statements.of("refresh_tokens")["end_all"], account_id)
            ended = [account_id, *(row["family"] for row in rows)]
            await end_access(connection, ended)
        if self._ended is not None:
            self._ended.note(ended)


async def _check(connection: Connection, account_id: UUID) -> None:
    rows = await connection.fetch(_SQL["only_admin_of"], account_id)
    if rows:
        raise OnlyAdmin([row["slug"] for row in rows])
