"""Migrations: each applied once whoever else does the same, wholly or not at all, and nobody waits for them."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import pytest

from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import Migration, MigrationError, read_migrations

FILES = {
    "0001_letters.sql": "CREATE TABLE letters (letter text); INSERT INTO letters VALUES ('a');",
    "0002_more.sql": "INSERT INTO letters VALUES ('b');",
    "0003_index.sql": "-- no transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS letters_letter ON letters (letter);",
}


def folder_with(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, sql in files.items():
        (folder / name).write_text(sql)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_with(tmp_path / "migrations", FILES)


async def letters(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(
            await connection.fetchval("SELECT coalesce(string_agg(letter, '' ORDER BY letter), '') FROM letters")
        )
    finally:
        await connection.close()


async def test_all_are_applied_in_order_and_only_once(empty_database_url: str, folder: Path) -> None:
    applied = await migrate(empty_database_url, folder=folder)

    assert [migration.title for migration in applied] == ["0001_letters", "0002_more", "0003_index"]
    assert await migrate(empty_database_url, folder=folder) == []
    assert await letters(empty_database_url) == "ab"


async def test_those_of_this_version_make_an_empty_database_ready(empty_database_url: str) -> None:
    applied = await migrate(empty_database_url)

    assert [migration.number for migration in applied] == [migration.number for migration in read_migrations()]
    assert await migrate(empty_database_url) == []


async def test_many_at_once_apply_each_one_once(empty_database_url: str, folder: Path) -> None:
    applied = await asyncio.gather(*(migrate(empty_database_url, folder=folder) for _ in range(6)))

    assert sorted(len(migrations) for migrations in applied) == [0, 0, 0, 0, 0, 3]
    assert await letters(empty_database_url) == "ab"


async def test_databases_of_one_server_may_be_migrated_at_once(
    empty_database_url: str, database_url: str, folder: Path
) -> None:
    await asyncio.gather(migrate(empty_database_url, folder=folder), migrate(database_url))

    assert await letters(empty_database_url) == "ab"


@pytest.mark.parametrize("older", [1, 2])
async def test_many_at_once_begin_from_any_older_version(empty_database_url: str, tmp_path: Path, older: int) -> None:
    part = folder_with(tmp_path / "part", dict(list(FILES.items())[:older]))
    whole = folder_with(tmp_path / "whole", FILES)
    await migrate(empty_database_url, folder=part)

    applied = await asyncio.gather(*(migrate(empty_database_url, folder=whole) for _ in range(4)))

    assert sum(len(migrations) for migrations in applied) == 3 - older
    assert await letters(empty_database_url) == "ab"


async def test_one_that_fails_leaves_nothing_of_itself(empty_database_url: str, folder: Path) -> None:
    (folder / "0002_more.sql").write_text("INSERT INTO letters VALUES ('b'); SELECT 1 / 0;")

    with pytest.raises(MigrationError, match=r"^Migration 0002_more failed: division by zero\.$"):
        await migrate(empty_database_url, folder=folder)

    assert await letters(empty_database_url) == "a"
    (folder / "0002_more.sql").write_text(FILES["0002_more.sql"])
    assert len(await migrate(empty_database_url, folder=folder)) == 2
    assert await letters(empty_database_url) == "ab"


async def test_a_task_that_is_killed_leaves_nothing_half_done(empty_database_url: str, folder: Path) -> None:
    (folder / "0002_more.sql").write_text("INSERT INTO letters VALUES ('b'); SELECT pg_sleep(600);")
    program = (
        "import asyncio, sys; from pathlib import Path; from voice_server.storage.postgres.migrate import migrate; "
        "asyncio.run(migrate(sys.argv[1], folder=Path(sys.argv[2])))"
    )
    task = await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_database_url, str(folder))
    await _until(empty_database_url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    task.send_signal(signal.SIGKILL)
    await task.wait()

    (folder / "0002_more.sql").write_text(FILES["0002_more.sql"])
    applied = await migrate(empty_database_url, folder=folder)

    assert [migration.number for migration in applied] == [2, 3]
    assert await letters(empty_database_url) == "ab"


async def test_a_task_that_is_cancelled_gives_its_turn_away(empty_database_url: str, folder: Path) -> None:
    (folder / "0002_more.sql").write_text("INSERT INTO letters VALUES ('b'); SELECT pg_sleep(600);")
    task = asyncio.create_task(migrate(empty_database_url, folder=folder))
    await _until(empty_database_url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()

    (folder / "0002_more.sql").write_text(FILES["0002_more.sql"])
    assert [migration.number for migration in await migrate(empty_database_url, folder=folder)] == [2, 3]


async def test_one_without_a_transaction_goes_on_where_it_was_interrupted(
    empty_database_url: str, folder: Path
) -> None:
    (folder / "0003_index.sql").write_text(FILES["0003_index.sql"] + " SELECT 1 / 0;")
    with pytest.raises(MigrationError, match="0003_index"):
        await migrate(empty_database_url, folder=folder)

    (folder / "0003_index.sql").write_text(FILES["0003_index.sql"])
    assert [migration.number for migration in await migrate(empty_database_url, folder=folder)] == [3]


async def test_a_changed_file_is_an_error(empty_database_url: str, folder: Path) -> None:
    await migrate(empty_database_url, folder=folder)
    (folder / "0002_more.sql").write_text("INSERT INTO letters VALUES ('c');")

    with pytest.raises(MigrationError, match=r"^0002_more\.sql is not what was applied"):
        await migrate(empty_database_url, folder=folder)
    assert await letters(empty_database_url) == "ab"


async def test_a_file_in_place_of_another_is_the_same_to_every_version(
    empty_database_url: str, folder: Path, tmp_path: Path
) -> None:
    replaced = {each.number: each for each in read_migrations(folder)}[2].digest
    other = folder_with(tmp_path / "other", FILES)
    (other / "0002_more.sql").write_text(f"-- in place of {replaced}\nINSERT INTO letters VALUES ('c');")
    await migrate(empty_database_url, folder=other)

    assert await migrate(empty_database_url, folder=other) == []
    assert await migrate(empty_database_url, folder=folder) == []
    assert await letters(empty_database_url) == "ac"


async def test_what_replaces_a_migration_comes_to_the_same(database_url: str) -> None:
    """0050 with a superuser's means, as it was, brought up to date."""
    function = "SELECT pg_get_functiondef('is_erased'::regproc)"
    connection = await asyncpg.connect(database_url)
    now = await connection.fetchval(function)
    assert "SET app.everyone" not in now
    await connection.execute("ALTER FUNCTION is_erased SET app.everyone = 'yes'")
    assert await connection.fetchval(function) != now
    await connection.execute("DROP FUNCTION conversations_with; DROP POLICY of_the_search ON conversation_items")
    await connection.execute(*(each.sql for each in read_migrations() if each.number == 66))
    assert await connection.fetchval(function) == now
    await connection.close()


async def test_a_database_that_is_newer_is_an_error(empty_database_url: str, folder: Path) -> None:
    await migrate(empty_database_url, folder=folder)
    (folder / "0003_index.sql").unlink()

    with pytest.raises(MigrationError, match="The database is newer than this version: it has 0003_index"):
        await migrate(empty_database_url, folder=folder)


async def test_a_server_that_was_put_back_goes_on_with_a_newer_database(empty_database_url: str, folder: Path) -> None:
    await migrate(empty_database_url, folder=folder)
    (folder / "0003_index.sql").unlink()

    assert await migrate(empty_database_url, folder=folder, may_be_newer=True) == []
    (folder / "0002_more.sql").write_text("SELECT 'something else';")
    with pytest.raises(MigrationError, match=r"^0002_more\.sql is not what was applied"):
        await migrate(empty_database_url, folder=folder, may_be_newer=True)


async def test_a_file_before_one_that_was_applied_is_an_error(empty_database_url: str, folder: Path) -> None:
    (folder / "0002_more.sql").unlink()
    await migrate(empty_database_url, folder=folder)
    folder_with(folder, FILES)

    with pytest.raises(MigrationError, match=r"0002_more\.sql comes before 0003"):
        await migrate(empty_database_url, folder=folder)


async def test_live_statements_do_not_queue_up_behind_a_migration(empty_database_url: str, folder: Path) -> None:
    await migrate(empty_database_url, folder=folder)
    folder_with(folder, {"0004_column.sql": "ALTER TABLE letters ADD COLUMN number integer;"})
    reader = await asyncpg.connect(empty_database_url)
    transaction = reader.transaction()
    await transaction.start()
    await reader.fetch("SELECT FROM letters")

    migrating = asyncio.create_task(migrate(empty_database_url, folder=folder))
    await _until(empty_database_url, "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted")
    # This one waits behind the migration, which waits for the reader; were it not to give up, neither would ever end.
    async with asyncio.timeout(10):
        assert await letters(empty_database_url) == "ab"
    assert not migrating.done()
    await transaction.rollback()
    await reader.close()

    assert [migration.number for migration in await migrating] == [4]


async def test_a_lock_that_is_never_given_is_an_error(empty_database_url: str, folder: Path) -> None:
    await migrate(empty_database_url, folder=folder)
    folder_with(folder, {"0004_column.sql": "ALTER TABLE letters ADD COLUMN number integer;"})
    reader = await asyncpg.connect(empty_database_url)
    async with reader.transaction():
        await reader.fetch("SELECT FROM letters")
        with pytest.raises(MigrationError, match=r"0004_column failed: canceling statement due to lock timeout\.$"):
            await migrate(empty_database_url, folder=folder, lock_seconds=0.0)
    await reader.close()


async def test_a_turn_that_never_comes_is_an_error(empty_database_url: str, folder: Path) -> None:
    (folder / "0002_more.sql").write_text("SELECT pg_sleep(600);")
    first = asyncio.create_task(migrate(empty_database_url, folder=folder))
    await _until(empty_database_url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")

    with pytest.raises(MigrationError, match="Another task has been migrating this database"):
        await migrate(empty_database_url, folder=folder, turn_seconds=0.1)
    first.cancel()
    await asyncio.wait([first])


async def test_a_database_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"^PostgreSQL cannot be reached: .*\. Is DATABASE_URL right\?$"):
        await migrate(f"postgresql://nobody@/nothing?host={tmp_path}")


async def test_a_user_who_may_not_create_roles_can_migrate_once_the_role_is_there(
    empty_database_url: str, folder: Path
) -> None:
    administrator = await asyncpg.connect(empty_database_url)
    await migrate(empty_database_url, folder=folder_with(folder.parent / "none", {}))
    await administrator.execute("DROP TABLE schema_migrations; GRANT CREATE ON SCHEMA public TO PUBLIC")
    await administrator.execute("CREATE ROLE plain LOGIN")
    plain_url = empty_database_url.replace("//voice_server@", "//plain@")
    try:
        with pytest.raises(MigrationError, match=r"GRANT voice_app TO plain;$"):
            await migrate(plain_url, folder=folder)
        await administrator.execute("GRANT voice_app TO plain")
        assert len(await migrate(plain_url, folder=folder)) == 3
    finally:
        await administrator.execute("DROP OWNED BY plain CASCADE; DROP ROLE plain")
        await administrator.close()


@pytest.mark.parametrize("name", ["1_short.sql", "0001-dash.sql", "0001_.sql"])
def test_a_file_that_is_not_called_as_migrations_are_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(MigrationError, match="is not called as migrations are"):
        read_migrations(folder_with(tmp_path, {name: ""}))


def test_two_of_one_number_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="Two migrations have one number"):
        read_migrations(folder_with(tmp_path, {"0001_one.sql": "", "0001_two.sql": ""}))


def test_statements_end_where_their_semicolons_are_not_quoted() -> None:
    sql = """-- no transaction
        SELECT ';', "a;b", 'it''s; one'; -- a comment; with a semicolon
        /* and; another */
        DO $$ BEGIN; PERFORM 1; END $$;
        SELECT $tag$ $$ ; $tag$, 4 / 2, 1 - 1
    """
    assert Migration(1, "all", sql).statements() == [
        """SELECT ';', "a;b", 'it''s; one'""",
        "DO $$ BEGIN; PERFORM 1; END $$",
        "SELECT $tag$ $$ ; $tag$, 4 / 2, 1 - 1",
    ]


async def _until(url: str, question: str) -> None:
    """Ask until the answer is not zero."""
    connection = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(30):
            while not await connection.fetchval(question):
                pass
    finally:
        await connection.close()
