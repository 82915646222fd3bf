"""Brings the database up to date: `await migrate(address)`.

Any number of tasks may do it at once, from any older version: one of them works (an advisory lock says which), the
others wait and find nothing to do. A migration waits only half a second for a lock and then tries again later, so that
live statements never queue up behind it for longer.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.abc import Traversable
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from voice_server.storage.postgres.address import Address
from voice_server.storage.postgres.migration import MIGRATIONS, Migration, MigrationError, read_migrations

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = Any

ROLE = "voice_app"
_LOCK = 0x766F696365  # "voice"
_CONNECT_SECONDS = 10.0
_LOCK_TIMEOUT = "500ms"
_CONCURRENT_LOCK_TIMEOUT = "10min"
"""`CONCURRENTLY` waits for old transactions in a way that nobody else has to wait behind."""
_PAUSE_SECONDS = 0.25
_CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_IN_THE_WAY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_MAY_MIGRATE = """
SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'schema_migrations'::regclass
"""
_log = structlog.get_logger(__name__)
_RECORD = "INSERT INTO schema_migrations (number, name, digest) VALUES ($1, $2, $3)"


async def migrate(
    address: Address | str,
    *,
    folder: Traversable = MIGRATIONS,
    may_be_newer: bool = False,
    turn_seconds: float = 600.0,
    lock_seconds: float = 60.0,
) -> list[Migration]:
    """Apply what is missing; gives what was applied. Raises MigrationError.

    A user who owns nothing, as a server may be, can only find out that nothing is missing.
    `may_be_newer`: whether to go on with a database that a newer version has migrated already, as servers have to that
    are put back in its place: what a migration leaves, the version before can live with.
    `turn_seconds` is how long it may take until another task is done with the same, `lock_seconds` how long one
    migration tries to get its locks.
    """
    migrations = read_migrations(folder)
    async with _connected(Address(address) if isinstance(address, str) else address) as connection:
        await _take_turn(connection, turn_seconds)
        await _ensure_role(connection)
        if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
            await connection.execute(_TABLE)
        applied = await connection.fetch("SELECT number, name, digest FROM schema_migrations ORDER BY number")
        missing = _missing(migrations, _without_newer(migrations, applied) if may_be_newer else applied)
        if missing and not await connection.fetchval(_MAY_MIGRATE):
            raise MigrationError(
                f"The database is older than this version, which needs {missing[-1].title}, and this user may not "
                "change it. Run `voice-server migrate` as the database's owner first."
            )
        for migration in missing:
            await _apply(connection, migration, lock_seconds)
        return missing


@asynccontextmanager
async def _connected(address: Address) -> AsyncIterator[Connection]:
    settings = {
        "application_name": "voice-server migrate",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        # A task that was killed lets go of the turn at once, not when its statement is done.
        "client_connection_check_interval": "1s",
    }
    try:
        connection = await asyncpg.connect(**address.arguments(), timeout=_CONNECT_SECONDS, server_settings=settings)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"PostgreSQL cannot be reached: {_what(error)}. Is DATABASE_URL right?") from error
    try:
        yield connection
        await connection.close(timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"The database could not be brought up to date: {_what(error)}.") from error
    finally:
        # Where it was not closed above, nobody waits for what it still does.
        connection.terminate()


async def _take_turn(connection: Connection, seconds: float) -> None:
    """Wait until nobody else migrates this database; the turn ends with the connection.

    Asked for again and again, because a session that waits inside of `pg_advisory_lock` holds a snapshot, for which
    `CREATE INDEX CONCURRENTLY` of whoever has the turn would wait in return.
    """
    try:
        async with asyncio.timeout(seconds):
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110 -- no event
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError as error:
        raise MigrationError(
            f"Another task has been migrating this database for {seconds:g} s; look what it waits for "
            "(pg_stat_activity, application_name 'voice-server migrate'), and start again."
        ) from error


async def _ensure_role(connection: Connection) -> None:
    """The role that the server works as exists, is bound by row-level security, and can be taken on by this user."""
    if not await _role_fits(connection):
        try:
            await _tried_again(lambda: _create_role(connection), 5.0)
        except asyncpg.InsufficientPrivilegeError as error:
            user = await connection.fetchval("SELECT current_user")
            raise MigrationError(
                f"The user {user} may not create the role {ROLE}; let an administrator say "
                f"CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO {user};"
            ) from error


async def _role_fits(connection: Connection) -> bool:
    # Since 16 one can be a member of a role without being allowed to take it on.
    privilege = "SET" if connection.get_server_version().major >= 16 else "MEMBER"
    role = await connection.fetchrow(
        "SELECT rolsuper OR rolbypassrls AS unbound, pg_has_role(current_user, oid, $2) AS ours"
        " FROM pg_roles WHERE rolname = $1",
        ROLE,
        privilege,
    )
    if role is not None and role["unbound"]:
        raise MigrationError(
            f"The role {ROLE} can pass over row-level security, which keeps tenants apart; let an administrator say "
            f"ALTER ROLE {ROLE} NOSUPERUSER NOBYPASSRLS;"
        )
    return role is not None and bool(role["ours"])


async def _create_role(connection: Connection) -> None:
    """Roles belong to all databases of a server, so somebody in another database may do the same at this moment."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", ROLE):
        try:
            await connection.execute(f"CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS")
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError) as error:
            raise _InTheWay from error
    if not await _role_fits(connection):
        try:
            await connection.execute(f"GRANT {ROLE} TO current_user")
        except (asyncpg.UniqueViolationError, asyncpg.InternalServerError) as error:
            raise _InTheWay from error


def _without_newer(migrations: Sequence[Migration], applied: Sequence[asyncpg.Record]) -> Sequence[asyncpg.Record]:
    newest = max((migration.number for migration in migrations), default=-1)
    known = [row for row in applied if row["number"] <= newest]
    if newer := applied[len(known) :]:
        title = f"{newer[-1]['number']:04}_{newer[-1]['name']}"
        _log.warning("the database is newer than this version, which goes on with it", newest=title)
    return known


def _missing(migrations: Sequence[Migration], applied: Sequence[asyncpg.Record]) -> list[Migration]:
    """What is still to be applied. Raises MigrationError if the database and this version do not belong together."""
    known = {migration.number: migration for migration in migrations}
    for row in applied:
        migration = known.get(row["number"])
        title = f"{row['number']:04}_{row['name']}"
        if migration is None:
            raise MigrationError(f"The database is newer than this version: it has {title}. Run a newer version.")
        if migration.digest != row["digest"]:
            raise MigrationError(
                f"{migration.title}.sql is not what was applied to the database as {title}: a migration is never "
                "changed, another one is added."
            )
    newest = max((row["number"] for row in applied), default=-1)
    missing = [migration for migration in migrations if migration.number not in {row["number"] for row in applied}]
    if missing and missing[0].number < newest:
        raise MigrationError(
            f"{missing[0].title}.sql comes before {newest:04}, which the database has already: give it a higher number."
        )
    return missing


async def _apply(connection: Connection, migration: Migration, lock_seconds: float) -> None:
    try:
        if migration.in_transaction:
            await _tried_again(lambda: _apply_at_once(connection, migration), lock_seconds)
        else:
            for statement in migration.statements():
                await _run_alone(connection, statement, lock_seconds)
            await connection.execute(_RECORD, migration.number, migration.name, migration.digest)
    except (asyncpg.PostgresError, _InTheWay) as error:
        raise MigrationError(f"Migration {migration.title} failed: {_what(error)}.") from error


async def _apply_at_once(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        await connection.execute(migration.sql)
        await connection.execute(_RECORD, migration.number, migration.name, migration.digest)


async def _run_alone(connection: Connection, statement: str, lock_seconds: float) -> None:
    timeout = _CONCURRENT_LOCK_TIMEOUT if _CONCURRENTLY.search(statement) else _LOCK_TIMEOUT
    await connection.execute(f"SET lock_timeout = '{timeout}'")
    await _tried_again(lambda: connection.execute(statement), lock_seconds)


class _InTheWay(Exception):
    """Somebody else does the same at this moment."""


async def _tried_again(work: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Do it, again and again while somebody is in its way."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            await work()
        except (*_IN_THE_WAY, _InTheWay):
            if loop.time() >= until:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return


def _what(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
