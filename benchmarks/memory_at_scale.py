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
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from benchmarks.filled_postgres import (
    Rows,
    Use,
    fill,
    migrate_to,
    migrate_under_load,
    nodes,
    postgres,
    print_heading,
    print_quantiles,
    timed,
)
from voice_server.auth import CustomerIdentity
from voice_server.customers.customers import Customers
from voice_server.memory.memories import Memories
from voice_server.memory.topics import TOPICS
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from benchmarks.filled_postgres import Connection

TENANTS, CUSTOMERS, MEMORIES_EACH = 1_000, 1_000_000, 10
SAMPLES = 5_000
AT_ONCE = 8
FETCHED = 40
BEFORE = 40
"""Migrations from this number on come after the data."""
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


def rows_of(size: Size) -> Rows:
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


def _uses(size: Size) -> dict[str, Use]:
    """Somebody who reads and writes the tables that change."""

    def use(table: str, column: str, key: str = "customer_id") -> Use:
        chance = random.Random(table)

        async def update(connection: "Connection") -> None:
            customer_id = _id("customer", chance.randrange(size.customers))
            await connection.execute(f"UPDATE {table} SET {column} = {column} WHERE {key} = $1", customer_id)

        return update

    return {
        "conversations": use("conversations", "owner"),
        "memories": use("memories", "value"),
        "customers": use("customers", "created_at", "id"),
        "customer_identities": use("customer_identities", "created_at"),
    }


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
        print_heading()
        for name, work, numbers in (
            ("recognise by telephone", recognise, everybody),
            (f"fetch {FETCHED} memories", fetch, everybody),
            ("fetch, of 500 memories", fetch, [n for n in largest if n < size.customers]),
            ("recognise and fetch", both, everybody),
            ("meet somebody new", meet, everybody[: samples // 10]),
        ):
            if numbers:
                print_quantiles(name, [await timed(work, n) for n in numbers])
        print_quantiles(f"recognise and fetch, {AT_ONCE} at once", await _crowd(both, everybody))


async def _crowd(work: Callable[[int], Awaitable[None]], numbers: list[int]) -> list[float]:
    async def one(own: list[int]) -> list[float]:
        return [await timed(work, number) for number in own]

    parts = await asyncio.gather(*(one(numbers[start::AT_ONCE]) for start in range(AT_ONCE)))
    return [seconds for part in parts for seconds in part]


async def explain(url: str, size: Size) -> None:
    """How the rows are found. Raises AssertionError if a whole table is read."""
    n = size.customers // 2
    tenant_id, customer_id = size.tenant(n), _id("customer", n)
    cases = (
        ("customers", "recognise", (tenant_id, ["phone"], [_phone(n)])),
        ("memories", "of", (tenant_id, customer_id, list(TOPICS), FETCHED, None, None, None)),
        ("memories", "claim", (60.0, 120.0, 4)),
    )
    async with Database.open(url) as database:
        for noun, name, arguments in cases:
            # Conversations are claimed for all tenants at once.
            async with database.everyone() if name == "claim" else database.tenant(tenant_id) as connection:
                sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {Statements.of(noun)[name]}"
                (plan,) = await connection.fetchval(sql, *arguments)
            steps = list(nodes(plan["Plan"]))
            print(f"\n{noun}.{name}: {plan['Plan']['Shared Hit Blocks'] + plan['Plan']['Shared Read Blocks']} pages")
            for node in steps:
                if relation := node.get("Relation Name") or node.get("Index Name"):
                    print(f"  {node['Node Type']} {relation} {node.get('Index Name', '')}".rstrip())
            whole = [node["Relation Name"] for node in steps if node["Node Type"] == "Seq Scan"]
            assert not whole, f"{noun}.{name} reads all of {whole}"


async def run(size: Size, samples: int, url: str | None, folder: str | None) -> None:
    """Fill, migrate, measure, explain."""
    async with postgres(url, folder) as addresses:
        await migrate_to(addresses.owner, BEFORE)
        await fill(addresses.superuser, rows_of(size))
        await migrate_under_load(addresses, _uses(size))
        await measure(addresses.owner, size, samples)
        await explain(addresses.owner, size)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.01, help="1 is the full size; 0.01 takes half a minute")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--url", help="an empty database to use instead of one of its own, as a superuser")
    parser.add_argument("--folder", help="where its own database lies meanwhile; 10 GB are needed at full size")
    options = parser.parse_args()
    size = Size(max(1, round(TENANTS * options.scale)), max(1000, round(CUSTOMERS * options.scale)))
    asyncio.run(run(size, options.samples, options.url, options.folder))


if __name__ == "__main__":
    main()
