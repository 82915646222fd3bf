"""Searching much history: `python -m benchmarks.history_search [--scale 1.0]`.

Fills a PostgreSQL of its own (or the empty database at `--url`) by COPY: at scale 1, 2,000,000 utterances in 200,000
conversations, a tenth of them of one tenant, as an older version would have left them. Then it migrates to this version
while somebody reads and writes, and searches in the large tenant and in a small one: for words that are said all the
time, rarely and never, that only others say, or that nobody has said for long. Last it shows that an index has been
used for it.
"""

import argparse
import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from benchmarks.filled_postgres import (
    Rows,
    Use,
    fill,
    migrate_to,
    migrate_under_load,
    postgres,
    print_heading,
    print_quantiles,
    processor_seconds,
    timed,
)
from voice_server.auth import Principal
from voice_server.conversations.history import History, Wanted
from voice_server.storage.postgres.database import Database

if TYPE_CHECKING:
    from benchmarks.filled_postgres import Connection

CONVERSATIONS, SAID_IN_EACH = 200_000, 10
LEAST = 10_000
"""Conversations: with fewer, the newest of the large tenant are all that it has."""
SMALL_TENANTS = 200
PEOPLE = 500
"""Of the large tenant; each holds as many of its conversations as the others."""
VOCABULARY, WORDS_IN_EACH = 20_000, 11
SAMPLES = 100
PAGE = 21
"""What `/api/v1/conversations` asks for, to know whether there is another page."""
BEFORE = 65
"""Migrations from this number on come after the data."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LARGE = UUID(int=1, version=4)
INDEX = "conversation_items_words_of_tenant"


@dataclass(frozen=True)
class Size:
    """How much there is."""

    conversations: int

    def tenant(self, conversation: int) -> UUID:
        """Whose it is: every tenth the large one's."""
        if conversation % 10 == 0:
            return LARGE
        return _small(conversation % SMALL_TENANTS)

    def owner(self, conversation: int) -> str:
        """Who held it."""
        return f"person {conversation // 10 % PEOPLE}"

    def is_old(self, conversation: int) -> bool:
        """Whether it is of the older half; the lowest number is the newest."""
        return conversation > self.conversations // 2


def _small(number: int) -> UUID:
    return UUID(int=2 + number, version=4)


def rows_of(size: Size) -> Rows:
    """Columns and rows by table."""
    everything = range(size.conversations)
    tenants = [LARGE, *(_small(number) for number in range(SMALL_TENANTS))]
    return {
        "tenants": (["id", "slug", "name"], ((each, f"t{n}", f"T {n}") for n, each in enumerate(tenants))),
        "conversations": (
            ["id", "tenant_id", "owner", "assistant", "channel", "began_at", "ended_at"],
            (
                (f"conv_{n}", size.tenant(n), size.owner(n), "galion", "realtime", _began(n), _began(n))
                for n in everything
            ),
        ),
        "conversation_items": (
            ["conversation_id", "id", "tenant_id", "position", "role", "text", "status", "said_at"],
            _items(size),
        ),
    }


def _began(conversation: int) -> datetime:
    return NOW - timedelta(minutes=conversation)


def _items(size: Size) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(7)
    vocabulary = [f"word{number}" for number in range(VOCABULARY)]
    # As often as words are in any language: the second half as often as the first, the third a third as often.
    shares = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    # The oldest come first, as they were written.
    for n in reversed(range(size.conversations)):
        tenant_id = size.tenant(n)
        for position in range(SAID_IN_EACH):
            words = chance.choices(vocabulary, cum_weights=shares, k=WORDS_IN_EACH)
            words += _marks(size, n, position, chance)
            role = "user" if position % 2 == 0 else "assistant"
            yield f"conv_{n}", f"item_{position}", tenant_id, position, role, " ".join(words), "completed", _began(n)


def _marks(size: Size, conversation: int, position: int, chance: random.Random) -> Iterator[str]:
    """Words that are said as often as what is measured wants it."""
    if size.tenant(conversation) != LARGE and chance.random() < 0.4:
        yield "elsewhere"
    if size.is_old(conversation) and chance.random() < 0.4:
        yield "formerly"
    if chance.random() < 0.3:
        yield "often"
    if chance.random() < 0.01:
        yield "sometimes"
    if chance.random() < 0.0001:
        yield "rarely"
    if conversation in (size.conversations // 20 * 10, size.conversations // 2 + 1) and position == 0:
        yield "once"


async def measure(url: str, size: Size, samples: int) -> None:
    """Searches as staff of the large tenant, as one of its people, and as staff of a small one."""
    staff = Principal("staff", tenant_id=LARGE, roles=frozenset({"staff"}))
    person = Principal(size.owner(0), tenant_id=LARGE, roles=frozenset({"customer"}))
    others = Principal("staff", tenant_id=size.tenant(1), roles=frozenset({"staff"}))
    async with Database.open(url) as database:
        connection = await asyncpg.connect(url)
        history = History(database, _forget)
        print_heading()
        for principal, whose in ((staff, "all of the large tenant"), (person, "one of its people"), (others, "small")):
            for words in ("often", "sometimes", "rarely", "once", "never", "elsewhere", "formerly"):
                wanted = Wanted(words=words)
                found = await history.page(principal, wanted, PAGE)
                before = await processor_seconds(connection)
                seconds = [await timed(history.page, principal, wanted, PAGE) for _ in range(samples)]
                after = await processor_seconds(connection)
                used = None if before is None or after is None else after - before
                print_quantiles(f"{whose}: {words} ({len(found)})", seconds, used)
        await connection.close()


async def _forget(_conversation_id: str, _keys: object) -> None:
    raise AssertionError("nothing is deleted here")


def _uses(size: Size) -> dict[str, Use]:
    """What others do with the conversations of the large tenant."""
    chance = random.Random(3)

    def some() -> str:
        return f"conv_{chance.randrange(size.conversations // 10) * 10}"

    async def say(connection: "Connection") -> None:
        await connection.execute(
            "INSERT INTO conversation_items (conversation_id, id, tenant_id, position, role, text, status, said_at)"
            " VALUES ($1, gen_random_uuid()::text, $2, 100, 'user', 'word1 word2 word3 word4', 'completed', now())",
            some(),
            LARGE,
        )

    async def read(connection: "Connection") -> None:
        await connection.fetch("SELECT text FROM conversation_items WHERE conversation_id = $1", some())

    return {"saying": say, "reading": read}


async def explain(url: str) -> None:
    """What indexes of the utterances were used for. Raises AssertionError if none was asked for words."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT indexrelname AS name, idx_scan AS scans, pg_size_pretty(pg_relation_size(indexrelid)) AS size"
        " FROM pg_stat_user_indexes WHERE relname = 'conversation_items' ORDER BY 1"
    )
    print()
    for row in rows:
        print(f"  {row['name']:40}{row['scans']:10} scans {row['size']:>10}")
    await connection.close()
    assert any(row["scans"] for row in rows if row["name"] == INDEX), "no search has used the index"


async def run(size: Size, samples: int, url: str | None, folder: str | None) -> None:
    """Fill, migrate, measure, explain."""
    async with postgres(url, folder) as addresses:
        await migrate_to(addresses.owner, BEFORE)
        await fill(addresses.superuser, rows_of(size))
        await migrate_under_load(addresses, _uses(size))
        await measure(addresses.owner, size, samples)
        await explain(addresses.superuser)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=0.05, help="1 is the full size; 0.05 takes half a minute")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--url", help="an empty database to use instead of one of its own, as a superuser")
    parser.add_argument("--folder", help="where its own database lies meanwhile; 5 GB are needed at full size")
    options = parser.parse_args()
    size = Size(max(LEAST, round(CONVERSATIONS * options.scale)))
    asyncio.run(run(size, options.samples, options.url, options.folder))


if __name__ == "__main__":
    main()
