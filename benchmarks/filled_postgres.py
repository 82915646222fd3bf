"""A PostgreSQL with much in it, to measure statements where their tables are large.

It is one of its own, or one whose address is given. It is filled by COPY as an older version would have left it, and
migrated to this version while others use it. Tables belong to a user who is no superuser and is bound by row-level
security, as at a provider of databases.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from voice_server.storage.postgres.cluster import USER, Cluster
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import MIGRATIONS

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "maintenance_work_mem": "512MB"}
Rows = Mapping[str, tuple[Sequence[str], Iterable[tuple[Any, ...]]]]
"""Columns and rows by table."""
Use = Callable[["Connection"], Awaitable[object]]
"""One statement that somebody runs again and again."""
_LOADING = "SET session_replication_role = replica"
"""Neither foreign keys nor triggers are needed for rows that are right by construction."""
_PAUSE_SECONDS = 0.005
_OWNER = "owner_of_all"


@dataclass(frozen=True)
class Addresses:
    """One database, as two users see it."""

    superuser: str
    owner: str


@asynccontextmanager
async def postgres(url: str | None, folder: str | None) -> AsyncIterator[Addresses]:
    """The empty database at `url`, of a superuser who owns it then; without, one of its own in `folder`."""
    if url:
        yield Addresses(url, url)
        return
    with tempfile.TemporaryDirectory(prefix="vs-", dir=folder) as own:
        cluster = Cluster(Path(own) / "postgres", SETTINGS)
        cluster.hold()
        try:
            await asyncio.to_thread(cluster.start)
            connection = await asyncpg.connect(cluster.url)
            await connection.execute(f"CREATE ROLE {_OWNER} LOGIN CREATEROLE")
            await connection.execute(f"ALTER DATABASE postgres OWNER TO {_OWNER}")
            await connection.close()
            yield Addresses(cluster.url, cluster.url.replace(f"//{USER}@", f"//{_OWNER}@"))
        finally:
            await asyncio.to_thread(cluster.stop)
            cluster.release()


async def migrate_to(url: str, before: int) -> None:
    """Make an empty database what it was before the migration of this number."""
    with _older_version(before) as folder:
        await migrate(url, folder=folder)


@contextmanager
def _older_version(before: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for file in MIGRATIONS.iterdir():
            if file.name.endswith(".sql") and int(file.name[:4]) < before:
                (Path(folder) / file.name).write_text(file.read_text())
        yield Path(folder)


async def fill(url: str, tables: Rows) -> None:
    """Copy everything, as a superuser; indexes are made afterwards, as they would be for a restored dump."""
    connection = await asyncpg.connect(url)
    await connection.execute(_LOADING)
    for table, (columns, rows) in tables.items():
        began = time.perf_counter()
        indexes = await _drop_indexes(connection, table)
        status = await connection.copy_records_to_table(table, records=rows, columns=columns)
        copied = time.perf_counter()
        for definition in indexes:
            await connection.execute(definition)
        done = time.perf_counter()
        print(f"{table:20} {status:14} in {copied - began:6.1f} s, indexes in {done - copied:5.1f} s", flush=True)
    await connection.execute("VACUUM ANALYZE")
    size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    print(f"{size} in all", flush=True)
    await connection.close()


async def _drop_indexes(connection: "Connection", table: str) -> list[str]:
    """Those that no constraint needs; gives their definitions."""
    rows = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index"
        " WHERE indrelid = $1::text::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        table,
    )
    for row in rows:
        await connection.execute(f"DROP INDEX {row['name']}")
    return [row["definition"] for row in rows]


async def migrate_under_load(addresses: Addresses, uses: Mapping[str, Use]) -> None:
    """Bring it to this version while others do these things; shows how long the longest of each took."""
    longest = dict.fromkeys(uses, 0.0)
    stopped = asyncio.Event()

    async def repeat(name: str, use: Use) -> None:
        connection = await asyncpg.connect(addresses.superuser)
        while not stopped.is_set():
            began = time.perf_counter()
            await use(connection)
            longest[name] = max(longest[name], time.perf_counter() - began)
            await asyncio.sleep(_PAUSE_SECONDS)
        await connection.close()

    async with asyncio.TaskGroup() as group:
        for name, use in uses.items():
            group.create_task(repeat(name, use))
        began = time.perf_counter()
        applied = await migrate(addresses.owner)
        seconds = time.perf_counter() - began
        stopped.set()
    titles = ", ".join(migration.title for migration in applied)
    print(f"\nmigrated in {seconds:.1f} s ({titles or 'nothing to do'}); the longest meanwhile:")
    print("  " + ", ".join(f"{name} {worst * 1000:.0f} ms" for name, worst in longest.items()), flush=True)


async def timed(work: Callable[..., Awaitable[object]], *arguments: object) -> float:
    """How many seconds it takes."""
    began = time.perf_counter()
    await work(*arguments)
    return time.perf_counter() - began


async def processor_seconds(connection: "Connection") -> float | None:
    """What PostgreSQL has used of the processor for servers, where Linux tells: it says more than the time on a machine
    that has other things to do."""
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE application_name = 'voice-server'")
    try:
        return sum(_processor_seconds_of(row["pid"]) for row in rows)
    except OSError:
        return None


def _processor_seconds_of(process: int) -> float:
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def print_heading() -> None:
    """Above the lines of `print_quantiles`."""
    print(f"\n{'':44}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}  ms")


def print_quantiles(name: str, seconds: Sequence[float], processor: float | None = None) -> None:
    """One line of a table. `processor`: seconds that PostgreSQL has used for all of it."""
    ordered = sorted(seconds)
    shown = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99, 1.0)]
    used = "" if processor is None else f"  {processor / len(seconds) * 1000:8.2f} of PostgreSQL's processor"
    print(f"{name:44}" + "".join(f"{each * 1000:9.2f}" for each in shown) + used, flush=True)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of what EXPLAIN (FORMAT JSON) shows, each step."""
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)
