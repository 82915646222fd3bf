"""The user that servers log in as where tokens of IAM stand for passwords (see `iam`)."""

import asyncpg

from voice_server.storage.postgres.address import Address
from voice_server.storage.postgres.migrate import ROLE
from voice_server.storage.postgres.migration import MigrationError

_CONNECT_SECONDS = 10.0
_RDS_IAM = "rds_iam"
"""Amazon RDS lets its members in with tokens, and no longer with passwords."""


async def ensure_login(address: Address, name: str) -> bool:
    """Let servers log in under this name, with no rights but those of the role they work as. False: it was there.

    `address`: of an administrator, in a database that is up to date. Raises MigrationError.
    """
    try:
        connection = await asyncpg.connect(**address.arguments(), timeout=_CONNECT_SECONDS)
        try:
            async with connection.transaction():
                user = await connection.fetchval("SELECT quote_ident($1)", name)
                is_new = not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name)
                if is_new:
                    await connection.execute(f"CREATE ROLE {user} LOGIN NOSUPERUSER NOBYPASSRLS")
                await connection.execute(f"GRANT {ROLE} TO {user}")
                await connection.execute(f"GRANT {_RDS_IAM} TO {user}")
        finally:
            await connection.close()
    except asyncpg.UndefinedObjectError as error:
        raise MigrationError(
            f"This PostgreSQL has no role {_RDS_IAM}: logging in with IAM is for Amazon RDS. Leave --iam-user out."
        ) from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"The user {name} could not be made: {' '.join(str(error).split())}") from error
    return is_new
