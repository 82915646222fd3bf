"""A migration leaves what the version before can live with, and keeps nobody waiting while it runs."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.services.missing import missing
from tests.voice_server.storage.postgres.schema import breaks, read_schema
from tests.voice_server.storage.postgres.test_migrate import folder_with
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import Migration, read_migrations

ROOT = Path(__file__).parents[4]
SQUAWK = Path(sys.executable).parent / "squawk"
BASELINE = 64
"""Up to here they were written before anything ran, and judged once."""
_JUDGED = re.compile(r"^-- judged: (.+?): (.+)$", re.MULTILINE)


def judged(migration: Migration) -> list[str]:
    """What a migration breaks knowingly: `-- judged: column tenants.name is gone: no version since 0.3 asks for it`."""
    return sorted(found for found, _why in _JUDGED.findall(migration.sql))


async def broken(url: str, migrations: Sequence[Migration], folder: Path, after: int) -> dict[str, list[str]]:
    """Title of each migration later than `after` to what it breaks and does not say, or says and does not break."""
    found: dict[str, list[str]] = {}
    connection = await asyncpg.connect(url)
    try:
        for migration in migrations:
            before = await read_schema(connection)
            await migrate(url, folder=folder_with(folder, {f"{migration.title}.sql": migration.sql}))
            if migration.number > after:
                breakages = breaks(before, await read_schema(connection))
                if wrong := sorted(set(breakages) ^ set(judged(migration))):
                    found[migration.title] = wrong
    finally:
        await connection.close()
    return found


def held_up(migrations: Sequence[Migration], folder: Path) -> list[str]:
    """What squawk says of migrations, each as `TITLE: RULE`."""
    if not SQUAWK.exists():
        missing("squawk is not installed: make .venv/.development")
    found = []
    for migration in migrations:
        file = folder / f"{migration.title}.sql"
        file.write_text(migration.sql)
        alone = [] if migration.in_transaction else ["--no-assume-in-transaction"]
        answer = subprocess.run(
            [str(SQUAWK), "--config", str(ROOT / ".squawk.toml"), "--reporter", "json", *alone, str(file)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert answer.returncode in (0, 1), answer.stderr
        found += [f"{migration.title}: {each['rule_name']}" for each in json.loads(answer.stdout)]
    return found


async def test_migrations_break_nothing_but_what_they_say(empty_database_url: str, tmp_path: Path) -> None:
    assert await broken(empty_database_url, read_migrations(), tmp_path / "migrations", BASELINE) == {}


def test_migrations_keep_nobody_waiting(tmp_path: Path) -> None:
    assert held_up([each for each in read_migrations() if each.number > BASELINE], tmp_path) == []


# That they would be found


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    """To a database of this version."""
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DROP TABLE tenant_usage", ["table tenant_usage is gone"]),
        ("ALTER TABLE tenant_usage RENAME TO usage", ["table tenant_usage is gone"]),
        ("DROP TABLE tombstones; CREATE TABLE tombstones (digest bytea)", ["table tombstones has changed"]),
        ("ALTER TABLE tenants DROP COLUMN closed_at", ["column tenants.closed_at is gone"]),
        ("ALTER TABLE tenants RENAME COLUMN closed_at TO ended_at", ["column tenants.closed_at is gone"]),
        ("ALTER TABLE tenants ALTER version TYPE bigint", ["column tenants.version has changed"]),
        (
            "ALTER TABLE tenants DROP COLUMN closed_at; ALTER TABLE tenants ADD closed_at timestamptz",
            ["column tenants.closed_at has changed"],
        ),
        ("ALTER TABLE tenants ALTER version DROP DEFAULT", ["default tenants.version is gone"]),
        ("ALTER TABLE tenants ALTER version DROP NOT NULL", ["not null tenants.version is gone"]),
        ("ALTER TABLE accounts ALTER language SET NOT NULL", ["not null accounts.language is new"]),
        ("ALTER TABLE accounts ADD code text NOT NULL", ["not null accounts.code is new"]),
        (
            "ALTER TABLE tenants ADD CONSTRAINT short CHECK (length(name) < 9) NOT VALID",
            ["constraint tenants.short is new"],
        ),
        (
            "ALTER TABLE tenants ADD owner text, ADD CONSTRAINT same CHECK (owner IS NULL = (closed_at IS NULL))",
            ["constraint tenants.same is new"],
        ),
        (
            "ALTER TABLE tenants DROP CONSTRAINT tenants_name_check, ADD CONSTRAINT tenants_name_check CHECK (true)",
            ["constraint tenants.tenants_name_check has changed"],
        ),
        (
            "ALTER TABLE memories DROP CONSTRAINT memories_tenant_id_fkey",
            ["constraint memories.memories_tenant_id_fkey is gone"],
        ),
        ("CREATE UNIQUE INDEX one_name ON tenants (name)", ["unique index tenants.one_name is new"]),
        (
            "ALTER TABLE tenants ADD rank integer NOT NULL DEFAULT 0 UNIQUE",
            ["unique index tenants.tenants_rank_key is new"],
        ),
        ("DROP INDEX accounts_email", ["unique index accounts.accounts_email is gone"]),
        (
            "CREATE TRIGGER late BEFORE INSERT ON memories FOR EACH ROW EXECUTE FUNCTION follow_merged_customer()",
            ["trigger memories.late is new"],
        ),
        ("DROP TRIGGER refuse_erased ON conversations", ["trigger conversations.refuse_erased is gone"]),
        ("ALTER TABLE memories DISABLE TRIGGER ALL", ["trigger memories.follow_merged_customer has changed"]),
        ("ALTER POLICY of_the_tenant ON tenants USING (false)", ["policy tenants.of_the_tenant has changed"]),
        ("CREATE POLICY too ON tenants AS RESTRICTIVE USING (false)", ["restrictive policy tenants.too is new"]),
        ("ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY", ["row security schema_migrations is new"]),
        (
            "CREATE OR REPLACE FUNCTION memory_weight(source text) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            ["function memory_weight(text) has changed"],
        ),
        ("DROP FUNCTION memory_weight", ["function memory_weight(text) is gone"]),
        ("REVOKE DELETE ON memories FROM voice_app", ["right memories.delete of voice_app is gone"]),
        (
            "REVOKE UPDATE (actor) ON audit_log FROM voice_app",
            ["right audit_log.update actor of voice_app is gone"],
        ),
        ("REVOKE EXECUTE ON FUNCTION app_tenant FROM PUBLIC", ["right app_tenant().execute of - is gone"]),
        # No linter sees what is put together while it runs.
        ("DO $$ BEGIN EXECUTE 'DROP TABLE tenant' || '_usage'; END $$", ["table tenant_usage is gone"]),
    ],
)
async def test_what_breaks_the_version_before_is_found(connection: Any, sql: str, expected: list[str]) -> None:
    before = await read_schema(connection)
    await connection.execute(sql)

    assert breaks(before, await read_schema(connection)) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE rooms (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, name text UNIQUE)",
        "ALTER TABLE tenants ADD owner text",
        "ALTER TABLE tenants ADD owner text NOT NULL DEFAULT '' CHECK (length(owner) < 9)",
        "ALTER TABLE tenants ADD number bigint GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE tenants ADD code text UNIQUE",
        "ALTER TABLE tenants ADD keeper uuid REFERENCES accounts",
        "ALTER TABLE tenants ALTER version SET DEFAULT 1",
        "CREATE POLICY too ON tenants FOR SELECT USING (true)",
        "CREATE INDEX ON tenants (name)",
        "DROP INDEX conversations_owner",
        "GRANT UPDATE (customer_id) ON memories TO voice_app",
        "CREATE FUNCTION twice(number integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * number'",
        "UPDATE tenants SET name = 'Other'",
    ],
)
async def test_what_only_adds_breaks_nothing(connection: Any, sql: str) -> None:
    before = await read_schema(connection)
    await connection.execute(sql)

    assert breaks(before, await read_schema(connection)) == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("", ["column letters.old is gone"]),
        ("-- judged: column letters.old is gone: no version since 0.2 asks for it\n", []),
        (
            "-- judged: column letters.new is gone: it was none\n",
            ["column letters.new is gone", "column letters.old is gone"],
        ),
    ],
)
async def test_a_removal_is_said_with_its_reason(
    empty_database_url: str, tmp_path: Path, said: str, wrong: list[str]
) -> None:
    made = Migration(1, "letters", "CREATE TABLE letters (letter text, old text);")
    removal = Migration(2, "no_old", f"{said}ALTER TABLE letters DROP COLUMN old;")

    found = await broken(empty_database_url, [made, removal], tmp_path / "made_up", after=1)

    assert found == ({"0002_no_old": wrong} if wrong else {})


@pytest.mark.parametrize(
    ("sql", "rules"),
    [
        ("CREATE INDEX ON tenants (name);", ["require-concurrent-index-creation"]),
        ("DROP INDEX conversations_owner;", ["require-concurrent-index-deletion"]),
        ("ALTER TABLE tenants ADD owner text NOT NULL;", ["adding-required-field"]),
        ("ALTER TABLE tenants ADD code uuid DEFAULT gen_random_uuid();", ["adding-field-with-default"]),
        ("ALTER TABLE tenants ALTER name TYPE bytea;", ["changing-column-type"]),
        ("ALTER TABLE tenants ALTER closed_at SET NOT NULL;", ["adding-not-nullable-field"]),
        ("ALTER TABLE tenants ADD CONSTRAINT short CHECK (name < 'z');", ["constraint-missing-not-valid"]),
        ("TRUNCATE tenants CASCADE;", ["ban-truncate-cascade"]),
        ("BEGIN; SELECT 1; COMMIT;", ["transaction-nesting", "transaction-nesting"]),
        ("ALTER TABLE tenants ADD CONSTRAINT short CHECK (name < 'z') NOT VALID;", []),
        ("CREATE TABLE rooms (name text); CREATE INDEX ON rooms (name);", []),
        ("-- no transaction\nCREATE INDEX CONCURRENTLY ON tenants (name);", []),
    ],
)
def test_what_keeps_people_waiting_is_found(tmp_path: Path, sql: str, rules: list[str]) -> None:
    assert held_up([Migration(1, "it", sql)], tmp_path) == [f"0001_it: {rule}" for rule in rules]
