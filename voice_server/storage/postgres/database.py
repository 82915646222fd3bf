"""The way to PostgreSQL: a bounded pool, and transactions that see one tenant's rows or, where it must be, all.

    async with Database.open(url) as database:
        async with database.tenant(tenant_id) as connection:
            await connection.fetch(statements["list"], …)

Whatever user the address names, the pool works as the role `voice_app`, which owns nothing and cannot pass over
row-level security: a statement that forgets the tenant finds nothing.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import UUID

import asyncpg
import orjson

from voice_server.storage.postgres.address import Address

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]
else:
    Connection = Any

ROLE = "voice_app"
MAX_CONNECTIONS = 5
"""Of one process. Statements take a millisecond, and a small database has less than a hundred for all tasks."""
ACQUIRE_SECONDS = 2.0
"""How long a request may wait for a connection."""
CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 10.0
"""How long one statement may take, and wait for a lock."""
IDLE_SECONDS = 15.0
"""How long a transaction may do nothing: the process that began it is gone or stuck."""

Plan = Literal["once", "each_time"]
"""How PostgreSQL plans the statements of a transaction that says so. Left to itself it decides after five times, by
costs that it guesses. `once` is for what is asked all the time and found by the same indexes whatever is asked,
`each_time` for conditions that mostly are left out."""
_PLAN_CACHE_MODES = {"once": "force_generic_plan", "each_time": "force_custom_plan"}

_AWAY = (
    OSError,
    TimeoutError,
    ssl.SSLError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,  # What was the primary until a moment ago.
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


class StorageUnavailable(Exception):
    """The database cannot be used now. The message is a sentence; the same request may succeed later."""


class Database:
    """An open pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(cls, address: Address | str, *, max_connections: int = MAX_CONNECTIONS) -> AsyncIterator[Self]:
        """Connect; close when the context ends. Raises StorageUnavailable if nobody is there."""
        pool = asyncpg.create_pool(
            **(Address(address) if isinstance(address, str) else address).arguments(),
            min_size=1,
            max_size=max_connections,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            init=_prepare,
            reset=_leave,
            server_settings={
                "role": ROLE,
                "application_name": "voice-server",
                "timezone": "UTC",
                "lock_timeout": _milliseconds(STATEMENT_SECONDS),
                "statement_timeout": _milliseconds(STATEMENT_SECONDS),
                "idle_in_transaction_session_timeout": _milliseconds(IDLE_SECONDS),
            },
        )
        try:
            await pool
        except _AWAY as error:
            raise StorageUnavailable(f"PostgreSQL cannot be reached: {_what(error)}.") from error
        try:
            yield cls(pool)
        finally:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID, *, plan: Plan | None = None) -> AsyncIterator["Connection"]:
        """A transaction in which this tenant's rows are all there is. Raises StorageUnavailable."""
        # Made anew of it, so that nothing but a UUID can get into the statement.
        setting = f"app.tenant_id = '{UUID(str(tenant_id))}'"
        if plan is not None:
            setting += f"; SET LOCAL plan_cache_mode = {_PLAN_CACHE_MODES[plan]}"
        async with self._transaction(setting) as connection:
            yield connection

    @asynccontextmanager
    async def everyone(self) -> AsyncIterator["Connection"]:
        """A transaction that sees the rows of all tenants: for whoever does not know the tenant yet, and for operators.

        Raises StorageUnavailable.
        """
        async with self._transaction("app.everyone = 'yes'") as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, setting: str) -> AsyncIterator["Connection"]:
        """One that begins with this setting, in one round trip; asyncpg's own would take two."""
        try:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                await connection.execute(f"BEGIN; SET LOCAL {setting}")
                try:
                    yield connection
                except BaseException:
                    # A connection that broke is closed by the pool; what is raised is why, not that.
                    with contextlib.suppress(*_AWAY):
                        await connection.execute("ROLLBACK")
                    raise
                await connection.execute("COMMIT")
        except _AWAY as error:
            raise StorageUnavailable(f"The database does not answer: {_what(error)}. Try again in a moment.") from error


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """JSON as values."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
        )


async def _leave(_connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """What asyncpg would ask of a connection that is given back is a round trip for nothing.

    All that is ever set is set for a transaction, and asyncpg itself ends one that was left open.
    """


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _what(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__
