"""Nobody adds a table or a column without saying what becomes of the people in it."""

import asyncpg
import pytest

from tests.voice_server.storage.tenant_examples import ACCOUNT, CUSTOMER, PERSON, ROWS
from voice_server.privacy.columns import RULES
from voice_server.privacy.postgres_traces import PostgresTraces
from voice_server.privacy.subject import Subject, Subjects
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements


async def columns(url: str) -> set[tuple[str, str]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    await connection.close()
    return {(row["table_name"], row["column_name"]) for row in rows}


async def test_every_column_of_the_schema_has_a_rule_and_no_rule_is_of_a_column_that_is_gone(
    database_url: str,
) -> None:
    ruled = {(table, column) for table, rules in RULES.items() for column in rules}
    there = await columns(database_url)
    assert there - ruled == set(), "say in voice_server/privacy/columns.py what erasure does to these"
    assert ruled - there == set()


@pytest.mark.parametrize("rule", sorted({rule for rules in RULES.values() for rule in rules.values()}))
def test_a_rule_is_one_of_those_that_are_explained(rule: str) -> None:
    assert rule.partition(":")[0].split()[0] in {"removed", "replaced", "nobody", "passing", "kept"}


async def test_rows_of_the_person_are_gone_from_every_table_whose_columns_are_removed(
    database: Database, database_url: str
) -> None:
    """A tenant of which every table has rows, all of one person."""
    async with database.everyone() as connection:
        for into, values in ROWS:
            places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
            await connection.execute(f"INSERT INTO {into} VALUES ({places})", *values)
        # These are not the person's.
        for statement in (
            "DELETE FROM accounts WHERE id <> $1",
            "UPDATE memberships SET account_id = $1",
            "DELETE FROM customers WHERE id <> ALL (ARRAY[$2::uuid]) AND $1::uuid IS NOT NULL",
        ):
            values = (ACCOUNT, CUSTOMER) if "$2" in statement else (ACCOUNT,)
            await connection.execute(statement, *values)
        await connection.execute("DELETE FROM client_secrets WHERE principal->>'name' IS NULL")
    subject = await Subjects(database).resolve(Subject.from_json({**PERSON, "emails": []}))
    traces = PostgresTraces(Subjects(database), b"secret")
    assert await traces.find(subject)
    await traces.erase(subject)
    assert await traces.find(subject) == {}
    left = {}
    async with database.everyone() as connection:
        for table, rules in RULES.items():
            if set(rules.values()) == {"removed"}:
                left[table] = await connection.fetchval(f"SELECT count(*) FROM {table}")
    assert {table for table, count in left.items() if count} == set()


def test_what_is_erased_is_also_exported() -> None:
    """By the tables that the statements name: none goes that the person could not have taken along."""
    exported = " ".join(Statements.of("privacy_export").values())
    for table, rules in RULES.items():
        if "removed" in rules.values():
            assert f"FROM {table}" in exported, table
