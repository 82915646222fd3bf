"""Every statement of every feature, as the wrong tenant and as none: nothing of another tenant is seen or changed.

Each is run with arguments that name another tenant's rows, as the role that the server works as. What it gives is
compared with what it gives where that tenant does not exist, and what is in the database with what was there before.
"""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from tests.voice_server.storage.tenant_examples import ACME, EXAMPLES, OTHER, OTHER_TENANT, ROWS
from voice_server.storage.postgres.database import ROLE
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

TENANT = ("app.tenant_id", str(OTHER))
NO_TENANT = ("app.tenant_id", "")
EVERYONE = ("app.everyone", "yes")
NEVER_OF_A_TENANT = {"schema_migrations"}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator["Connection"]:
    """The administrator's, in a database with the tenant `other` alone."""
    opened = await asyncpg.connect(database_url)
    await opened.set_type_codec(
        "jsonb", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
    )
    await opened.execute(*OTHER_TENANT)
    yield opened
    await opened.close()


async def furnish(connection: "Connection") -> None:
    """Let there be the tenant `acme`, and something of it everywhere."""
    for into, values in ROWS:
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await connection.execute(f"INSERT INTO {into} VALUES ({places})", *values)


async def tables(connection: "Connection") -> list[str]:
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row["tablename"] for row in rows if row["tablename"] not in NEVER_OF_A_TENANT]


async def of_others(connection: "Connection") -> dict[str, list[str]]:
    """All rows of all tables, but for those of the tenant `other`, as text."""
    found = {}
    for table in await tables(connection):
        rows = [str(row["text"]) for row in await connection.fetch(f"SELECT t::text AS text FROM {table} t")]
        found[table] = sorted(row for row in rows if str(OTHER) not in row)
    return found


async def run(
    connection: "Connection", setting: tuple[str, str], sql: str, arguments: tuple[Any, ...]
) -> tuple[list[asyncpg.Record], int]:
    """What the statement gives as the server's role, and how many rows it gave or changed."""
    await connection.execute(f"SET LOCAL ROLE {ROLE}")
    await connection.execute("SELECT set_config($1, $2, true)", *setting)
    statement = await connection.prepare(sql)
    rows = await statement.fetch(*arguments)
    count = int((statement.get_statusmsg() or "0").split()[-1])
    await connection.execute("SET LOCAL ROLE NONE")
    return rows, count


def comparable(rows: list[asyncpg.Record]) -> list[list[object]]:
    """Without what differs from one run to the next."""
    return [[each for each in row if not isinstance(each, (date, datetime, UUID, float))] for row in rows]


async def attempt(
    connection: "Connection", setting: tuple[str, str], sql: str, arguments: tuple[Any, ...]
) -> tuple[list[asyncpg.Record] | None, dict[str, list[str]] | None]:
    """What the statement gives, and what is there afterwards; None and None if it is refused, which undoes it."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        rows, _ = await run(connection, setting, sql, arguments)
        return rows, await of_others(connection)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.IntegrityConstraintViolationError):
        return None, None
    finally:
        await transaction.rollback()


def test_every_statement_has_an_example() -> None:
    missing = {
        f"{noun}.{name}"
        for noun in Statements.nouns()
        for name in Statements.of(noun)
        if name not in EXAMPLES.get(noun, {})
    }
    assert not missing, "add arguments for these to tests/voice_server/storage/tenant_examples.py"
    gone = {
        f"{noun}.{name}"
        for noun, examples in EXAMPLES.items()
        for name in examples
        if noun not in Statements.nouns() or name not in Statements.of(noun)
    }
    assert not gone


async def test_every_table_has_a_row_of_the_tenant_and_row_level_security(connection: "Connection") -> None:
    await furnish(connection)
    for table in await tables(connection):
        rows = [str(row["text"]) for row in await connection.fetch(f"SELECT t::text AS text FROM {table} t")]
        message = f"add a row of {table} to tests/voice_server/storage/tenant_examples.py"
        assert any("canary" in row or str(ACME)[:8] in row for row in rows), message
        secured = "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = $1::text::regclass"
        assert await connection.fetchval(secured, table), f"{table} has no row-level security"


@pytest.mark.parametrize("noun", sorted(EXAMPLES))
async def test_the_examples_reach_the_tenants_rows(connection: "Connection", noun: str) -> None:
    """Otherwise the tests below would show nothing."""
    await furnish(connection)
    for name, sql in Statements.of(noun).items():
        transaction = connection.transaction()
        await transaction.start()
        _, count = await run(connection, EVERYONE, sql, EXAMPLES[noun][name])
        await transaction.rollback()
        assert count, f"{noun}.{name} finds nothing"


@pytest.mark.parametrize("setting", [TENANT, NO_TENANT], ids=["wrong-tenant", "no-tenant"])
@pytest.mark.parametrize("noun", sorted(EXAMPLES))
async def test_a_statement_sees_and_changes_nothing_of_another_tenant(
    connection: "Connection", noun: str, setting: tuple[str, str]
) -> None:
    alone = {
        name: (await attempt(connection, setting, sql, EXAMPLES[noun][name]))[0]
        for name, sql in Statements.of(noun).items()
    }
    await furnish(connection)
    before = await of_others(connection)
    for name, sql in Statements.of(noun).items():
        rows, after = await attempt(connection, setting, sql, EXAMPLES[noun][name])
        if rows is None:
            continue
        assert after == before, f"{noun}.{name} changes something"
        assert "canary" not in str(rows), f"{noun}.{name} shows something"
        if (without := alone[name]) is not None:
            assert comparable(rows) == comparable(without), f"{noun}.{name} tells whether something is there"


async def test_a_statement_that_tells_is_noticed(connection: "Connection") -> None:
    """The test of the tests: as everyone, the tenant's rows are seen and changed."""
    await furnish(connection)
    before = await of_others(connection)
    rows, _ = await attempt(connection, EVERYONE, Statements.of("tenants")["find"], ("acme",))
    assert "canary" in str(rows)
    _, after = await attempt(connection, EVERYONE, Statements.of("tenants")["close"], (ACME,))
    assert after != before
