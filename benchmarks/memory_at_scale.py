"""Customers and what is remembered of them, at size: `python -m benchmarks.memory_at_scale [--scale 1.0]`.

Fills a PostgreSQL of its own (or the empty database at `--url`) by COPY: at scale 1, 1,000 tenants, 1,000,000
customers with two identities and a conversation each, and 10,000,000 memories, as an older version would have left
them. Then it migrates to this version while somebody reads and writes, and measures how long the longest of these
statements took; and measures recognition and the fetch of memories, alone and by several at once. Last it shows how
PostgreSQL finds the rows: by indexes only, so that the size does not matter.
"""

import argparse
import asyncio
import hashlib
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from voice_server.auth import CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory.memories import Memories
from voice_server.memory.topics import TOPICS
from voice_server.storage.postgres.cluster import Cluster
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import MIGRATIONS
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

TENANTS, CUSTOMERS, MEMORIES_EACH = 1_000, 1_000_000, 10
SAMPLES = 5_000
AT_ONCE = 8
FETCHED = 40
BEFORE = 40
"""Migrations from this number on come after the data."""
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "maintenance_work_mem": "512MB"}
LOADING = "SET session_replication_role = replica"
"""Neither foreign keys nor triggers are needed for rows that are right by construction."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    """How much there is."""

    tenants: int
    customers: int

    def tenant(self, customer: int) -> UUID:
        """Whose customer this is."""
        return _id("tenant", customer % self.tenants)

    def memories(self, customer: int) -> int:
        """How many there are of one: 1 to 19, 10 on average; of every thousandth 500."""
        return 500 if customer % 1000 == 999 else 1 + customer % (2 * MEMORIES_EACH - 1)


def _id(kind: str, number: int) -> UUID:
    return UUID(bytes=hashlib.md5(f"{kind} {number}".encode()).digest(), version=4)


def _phone(customer: int) -> str:
    return f"+39{customer:09}"


def rows_of(size: Size) -> dict[str, tuple[list[str], Iterable[tuple[Any, ...]]]]:
    """Columns and rows by table."""
    everybody = range(size.customers)
    return {
        "tenants": (["id", "slug", "name"], ((_id("tenant", n), f"t{n}", f"T {n}") for n in range(size.tenants))),
        "customers": (
            ["id", "tenant_id", "last_seen_at"],
            ((_id("customer", n), size.tenant(n), NOW - timedelta(seconds=n)) for n in everybody),
        ),
        "customer_identities": (["tenant_id", "kind", "value", "customer_id"], _identities(size)),
        "conversations": (
            ["id", "tenant_id", "customer_id", "owner", "assistant", "channel", "began_at", "ended_at"],
            ((f"conv_{n}", size.tenant(n), _id("customer", n), "o", "galion", "realtime", NOW, NOW) for n in everybody),
        ),
        "memories": (
            ["id", "tenant_id", "customer_id", "topic", "value", "confidence", "source", "learned_at"],
            _memories(size),
        ),
    }


def _identities(size: Size) -> Iterator[tuple[Any, ...]]:
    for n in range(size.customers):
        yield size.tenant(n), "phone", _phone(n), _id("customer", n)
        yield size.tenant(n), "subject", f"customer {n}", _id("customer", n)


def _memories(size: Size) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(7)
    for n in range(size.customers):
        tenant_id, customer_id = size.tenant(n), _id("customer", n)
        for number in range(size.memories(n)):
            topic = TOPICS[number % len(TOPICS)]
            memory_id = UUID(bytes=chance.randbytes(16), version=4)
            learned_at = NOW - timedelta(days=number)
            yield memory_id, tenant_id, customer_id, topic, f"value {n} {number}", 0.8, "said", learned_at


async def fill(connection: "Connection", size: Size) -> None:
    """Copy everything; indexes are made afterwards, as they would be for a restored dump."""
    await connection.execute(LOADING)
    for table, (columns, rows) in rows_of(size).items():
        began = time.perf_counter()
        indexes = await _drop_indexes(connection, table)
        status = await connection.copy_records_to_table(table, records=rows, columns=columns)
        copied = time.perf_counter()
        for definition in indexes:
            await connection.execute(definition)
        done = time.perf_counter()
        print(f"{table:20} {status:14} in {copied - began:6.1f} s, indexes in {done - copied:5.1f} s", flush=True)
    await connection.execute("VACUUM ANALYZE")


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


@contextmanager
def older_version(before: int) -> Iterator[Path]:
    """A folder with the migrations below this number."""
    with tempfile.TemporaryDirectory() as folder:
        for file in MIGRATIONS.iterdir():
            if file.name.endswith(".sql") and int(file.name[:4]) < before:
                (Path(folder) / file.name).write_text(file.read_text())
        yield Path(folder)


async def migrate_under_load(url: str, size: Size) -> None:
    """Bring it to this version while others read and write the tables that change."""
    longest = dict.fromkeys(("conversations", "memories", "customers", "customer_identities"), 0.0)
    stopped = asyncio.Event()

    async def use(table: str) -> None:
        connection = await asyncpg.connect(url)
        column = {"conversations": "owner", "memories": "value", "customers": "created_at"}.get(table, "created_at")
        key = "customer_id" if table != "customers" else "id"
        chance = random.Random(table)
        while not stopped.is_set():
            began = time.perf_counter()
            customer_id = _id("customer", chance.randrange(size.customers))
            await connection.execute(f"UPDATE {table} SET {column} = {column} WHERE {key} = $1", customer_id)
            longest[table] = max(longest[table], time.perf_counter() - began)
            await asyncio.sleep(0.005)
        await connection.close()

    async with asyncio.TaskGroup() as group:
        for table in longest:
            group.create_task(use(table))
        began = time.perf_counter()
        applied = await migrate(url)
        seconds = time.perf_counter() - began
        stopped.set()
    titles = ", ".join(migration.title for migration in applied)
    print(f"\nmigrated in {seconds:.1f} s ({titles or 'nothing to do'}); the longest update meanwhile:")
    print("  " + ", ".join(f"{table} {worst * 1000:.0f} ms" for table, worst in longest.items()), flush=True)


async def measure(url: str, size: Size, samples: int) -> None:
    """Recognition and fetch of random customers."""
    chance = random.Random(1)
    async with Database.open(url) as database:
        customers, memories = Customers(database), Memories(database)

        def phone(n: int) -> list[CustomerIdentity]:
            return [CustomerIdentity("phone", _phone(n))]

        async def recognise(n: int) -> None:
            assert await customers.recognise(size.tenant(n), phone(n)) == _id("customer", n)

        async def fetch(n: int) -> None:
            found = await memories.of(size.tenant(n), _id("customer", n), FETCHED)
            assert len(found) == min(size.memories(n), FETCHED)

        async def both(n: int) -> None:
            customer_id = await customers.recognise(size.tenant(n), phone(n))
            await memories.of(size.tenant(n), customer_id, FETCHED)

        async def meet(n: int) -> None:
            await customers.recognise(size.tenant(n), [CustomerIdentity("phone", f"+40{n:09}")])

        everybody = [chance.randrange(size.customers) for _ in range(samples)]
        largest = [999 + 1000 * chance.randrange(max(1, size.customers // 1000)) for _ in range(samples // 10)]
        print(f"\n{'':34}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}  ms")
        for name, work, numbers in (
            ("recognise by telephone", recognise, everybody),
            (f"fetch {FETCHED} memories", fetch, everybody),
            ("fetch, of 500 memories", fetch, [n for n in largest if n < size.customers]),
            ("recognise and fetch", both, everybody),
            ("meet somebody new", meet, everybody[: samples // 10]),
        ):
            if numbers:
                _print(name, [await _timed(work, n) for n in numbers])
        _print(f"recognise and fetch, {AT_ONCE} at once", await _crowd(both, everybody))


async def _timed(work: Callable[[int], Awaitable[None]], number: int) -> float:
    began = time.perf_counter()
    await work(number)
    return time.perf_counter() - began


async def _crowd(work: Callable[[int], Awaitable[None]], numbers: list[int]) -> list[float]:
    async def one(own: list[int]) -> list[float]:
        return [await _timed(work, number) for number in own]

    parts = await asyncio.gather(*(one(numbers[start::AT_ONCE]) for start in range(AT_ONCE)))
    return [seconds for part in parts for seconds in part]


def _print(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    shown = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99, 1.0)]
    print(f"{name:34}" + "".join(f"{each * 1000:8.2f}" for each in shown), flush=True)


async def explain(url: str, size: Size) -> None:
    """How the rows are found. Raises AssertionError if a whole table is read."""
    n = size.customers // 2
    tenant_id, customer_id = size.tenant(n), _id("customer", n)
    cases = (
        ("customers", "recognise", (tenant_id, ["phone"], [_phone(n)])),
        ("memories", "of", (tenant_id, customer_id, list(TOPICS), FETCHED)),
        ("memories", "claim", (60.0, 120.0, 4)),
    )
    async with Database.open(url) as database:
        for noun, name, arguments in cases:
            # Conversations are claimed for all tenants at once.
            async with database.everyone() if name == "claim" else database.tenant(tenant_id) as connection:
                sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {Statements.of(noun)[name]}"
                (plan,) = await connection.fetchval(sql, *arguments)
            nodes = list(_nodes(plan["Plan"]))
            print(f"\n{noun}.{name}: {plan['Plan']['Shared Hit Blocks'] + plan['Plan']['Shared Read Blocks']} pages")
            for node in nodes:
                if relation := node.get("Relation Name") or node.get("Index Name"):
                    print(f"  {node['Node Type']} {relation} {node.get('Index Name', '')}".rstrip())
            whole = [node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"]
            assert not whole, f"{noun}.{name} reads all of {whole}"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


@asynccontextmanager
async def postgres(url: str | None, folder: str | None) -> AsyncIterator[str]:
    """The address of the database to use."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="vs-", dir=folder) as own:
        cluster = Cluster(Path(own) / "postgres", SETTINGS)
        cluster.hold()
        try:
            await asyncio.to_thread(cluster.start)
            yield cluster.url
        finally:
            await asyncio.to_thread(cluster.stop)
            cluster.release()


async def run(size: Size, samples: int, url: str | None, folder: str | None) -> None:
    """Fill, migrate, measure, explain."""
    async with postgres(url, folder) as address:
        with older_version(BEFORE) as old:
            await migrate(address, folder=old)
        connection = await asyncpg.connect(address)
        await fill(connection, size)
        bytes_of = "SELECT pg_size_pretty(pg_database_size(current_database()))"
        count = await connection.fetchval("SELECT count(*) FROM memories")
        print(f"{count:,} memories of {size.customers:,} customers of {size.tenants:,} tenants;", end=" ")
        print(f"{await connection.fetchval(bytes_of)}")
        await connection.close()
        await migrate_under_load(address, size)
        await measure(address, size, samples)
        await explain(address, size)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01, help="1 is the full size; 0.01 takes half a minute")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--url", help="an empty database to use instead of one of its own, as its owner")
    parser.add_argument("--folder", help="where its own database lies meanwhile; 10 GB are needed at full size")
    options = parser.parse_args()
    size = Size(max(1, round(TENANTS * options.scale)), max(1000, round(CUSTOMERS * options.scale)))
    asyncio.run(run(size, options.samples, options.url, options.folder))


if __name__ == "__main__":
    main()
