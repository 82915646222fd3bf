"""Functions that see more than who calls them: they work where the owner is no superuser, and tell nobody more."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from tests.services.postgres import Postgres
from voice_server.conversations.history import LOOKED_THROUGH
from voice_server.storage.postgres.database import ROLE
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import read_migrations
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

OWNER = "plain_owner"
OURS, THEIRS = UUID("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"), UUID(int=2, version=4)
OF_OURS, OF_THEIRS = ("app.tenant_id", str(OURS)), ("app.tenant_id", str(THEIRS))
NO_TENANT, EVERYONE = ("app.tenant_id", ""), ("app.everyone", "yes")
ASK = "SELECT * FROM conversations_with(websearch_to_tsquery('simple', $1)) ORDER BY 1"
SEARCH = Statements.of("conversations")["search"]
SCANS = "SELECT pg_stat_get_xact_numscans('conversation_items_words_of_tenant'::regclass)"
SEARCHABLE = "SELECT count(*) FROM pg_policies WHERE policyname = 'of_the_search'"


async def open_database(postgres: Postgres, name: str, owner: str) -> "Connection":
    """The administrator's connection to a new database that `owner` has migrated, in which both tenants spoke."""
    postgres.execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 STRATEGY FILE_COPY")
    await migrate(f"{postgres.url_of(name)}&role={owner}")
    connection = await asyncpg.connect(postgres.url_of(name))
    for tenant_id, slug in ((OURS, "ours"), (THEIRS, "theirs")):
        await connection.execute("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", tenant_id, slug)
        for text in ("tea and cake", "tea", "nothing"):
            await say(connection, tenant_id, f"{slug} {text}", text)
    return connection


async def say(connection: "Connection", tenant_id: UUID, conversation_id: str, text: str) -> None:
    await connection.execute(
        "INSERT INTO conversations (id, tenant_id, owner, assistant, channel) VALUES ($1, $2, 'o', 'a', 'realtime')",
        conversation_id,
        tenant_id,
    )
    await connection.execute(
        "INSERT INTO conversation_items (conversation_id, id, tenant_id, position, role, text, status, said_at)"
        " VALUES ($1, 'item', $2, 1, 'user', $3, 'completed', now())",
        conversation_id,
        tenant_id,
        text,
    )


@pytest.fixture
async def connection(postgres: Postgres) -> AsyncIterator["Connection"]:
    """In a database whose owner is bound by row-level security, as at Amazon RDS."""
    postgres.execute(f"CREATE ROLE {OWNER}")
    # It was made by a superuser for another test.
    postgres.execute(f"DO $$ BEGIN CREATE ROLE {ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    postgres.execute(f"GRANT {ROLE} TO {OWNER}")
    opened = await open_database(postgres, "of_a_plain_owner", OWNER)
    yield opened
    await opened.close()
    postgres.execute("DROP DATABASE of_a_plain_owner WITH (FORCE)")
    postgres.execute(f"DROP ROLE {OWNER}")


@pytest.fixture
async def of_the_server(postgres: Postgres) -> AsyncIterator["Connection"]:
    """In a database that belongs to the very role that servers work as."""
    postgres.execute(f"DO $$ BEGIN CREATE ROLE {ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    opened = await open_database(postgres, "of_the_server", ROLE)
    yield opened
    await opened.close()
    postgres.execute("DROP DATABASE of_the_server WITH (FORCE)")


async def ask(
    connection: "Connection", setting: tuple[str, str], sql: str, *arguments: object, role: str = ROLE
) -> list[str]:
    """The first column, as a role that names a tenant."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {role}")
        await connection.execute("SELECT set_config($1, $2, true)", *setting)
        return [row[0] for row in await connection.fetch(sql, *arguments)]


async def test_whoever_is_no_superuser_can_run_all_migrations(connection: "Connection") -> None:
    applied = await connection.fetchval("SELECT array_agg(number ORDER BY number) FROM schema_migrations")
    assert applied == [migration.number for migration in read_migrations()]
    owner = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'conversation_items'::regclass"
    assert await connection.fetchval(owner) == OWNER
    assert not await connection.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = $1", OWNER)


async def test_a_tenants_words_lead_to_its_own_conversations(connection: "Connection") -> None:
    assert await ask(connection, OF_OURS, ASK, "tea") == ["ours tea", "ours tea and cake"]
    assert await ask(connection, OF_THEIRS, ASK, "tea -cake") == ["theirs tea"]
    assert await ask(connection, OF_OURS, ASK, "-tea") == ["ours nothing"]


@pytest.mark.parametrize("setting", [NO_TENANT, EVERYONE], ids=["no-tenant", "everyone"])
async def test_without_a_tenant_they_lead_nowhere(connection: "Connection", setting: tuple[str, str]) -> None:
    assert await ask(connection, setting, ASK, "tea") == []


async def test_asked_for_nothing_or_for_another_tenants_id_it_tells_nothing(connection: "Connection") -> None:
    for words in ("", "!", '""', str(THEIRS), f"{THEIRS} or cake-less"):
        assert await ask(connection, OF_OURS, ASK, words) == [], words
    await say(connection, THEIRS, "theirs of us", f"tea {OURS}")
    assert await ask(connection, OF_OURS, ASK, "tea") == ["ours tea", "ours tea and cake"]


async def test_what_the_caller_calls_by_the_same_names_is_not_used(connection: "Connection") -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {ROLE}")
        await connection.execute("SELECT set_config($1, $2, true)", *OF_OURS)
        await connection.execute(
            "CREATE TEMP TABLE conversation_items AS SELECT 'false' AS conversation_id, "
            "to_tsvector('simple', 'tea') AS words, $1::uuid AS tenant_id".replace("$1", f"'{OURS}'")
        )
        await connection.execute(
            "CREATE FUNCTION pg_temp.app_tenant() RETURNS uuid LANGUAGE sql AS $$ "
            f"SELECT '{THEIRS}'::uuid $$; SET LOCAL search_path = pg_temp, public"
        )
        found = [row[0] for row in await connection.fetch(ASK, "tea")]
    assert found == ["ours tea", "ours tea and cake"]


async def test_nobody_else_may_call_it(connection: "Connection") -> None:
    rights = (
        "SELECT array_agg(DISTINCT pg_get_userbyid(grantee)::text) FROM pg_proc, aclexplode(proacl) WHERE proname = $1"
    )
    assert set(await connection.fetchval(rights, "conversations_with")) == {OWNER, ROLE}


async def test_row_level_security_holds_beside_it(connection: "Connection") -> None:
    said = "SELECT conversation_id FROM conversation_items WHERE words @@ 'cake' ORDER BY 1"
    assert await ask(connection, OF_OURS, said) == ["ours tea and cake"]
    assert await ask(connection, NO_TENANT, said) == []
    # The owner sees what was said, and nothing else of anybody.
    assert await ask(connection, NO_TENANT, said, role=OWNER) == ["ours tea and cake", "theirs tea and cake"]
    assert await ask(connection, NO_TENANT, "SELECT id FROM conversations", role=OWNER) == []
    assert await ask(connection, NO_TENANT, "UPDATE conversation_items SET text = '' RETURNING id", role=OWNER) == []
    assert await ask(connection, NO_TENANT, "DELETE FROM conversation_items RETURNING id", role=OWNER) == []


async def scans(connection: "Connection", words: str) -> int:
    """How often a search has looked into the index, where it is not in the way that the tables are tiny."""
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        before = await connection.fetchval(SCANS)
        await connection.execute(f"SET LOCAL ROLE {ROLE}")
        await connection.execute("SELECT set_config($1, $2, true)", *OF_OURS)
        rows = await connection.fetch(SEARCH, OURS, *[None] * 7, 10, words, 1)
        assert [row["id"] for row in rows] == ["ours tea and cake"]
        await connection.execute("RESET ROLE")
        return int(await connection.fetchval(SCANS) - before)


async def test_a_search_uses_the_index(connection: "Connection") -> None:
    assert await connection.fetchval(SEARCHABLE) == 1
    assert await scans(connection, "cake") == 1
    await connection.execute("DROP POLICY of_the_search ON conversation_items")
    assert await scans(connection, "cake") == 0, "this test would not notice"


async def test_where_servers_are_the_owner_everything_stays_apart(of_the_server: "Connection") -> None:
    assert await of_the_server.fetchval(SEARCHABLE) == 0
    said = "SELECT conversation_id FROM conversation_items ORDER BY 1"
    assert await ask(of_the_server, OF_OURS, said) == ["ours nothing", "ours tea", "ours tea and cake"]
    assert await ask(of_the_server, OF_OURS, ASK, "tea") == ["ours tea", "ours tea and cake"]
    assert await ask(of_the_server, NO_TENANT, ASK, "tea") == []


async def test_to_ask_whether_somebody_was_erased_shows_nothing_else(connection: "Connection") -> None:
    async with connection.transaction():
        await connection.execute("INSERT INTO tombstones VALUES (sha256('conversation:gone'))")
        await connection.execute(f"SET LOCAL ROLE {ROLE}")
        await connection.execute("SELECT set_config($1, $2, true)", *OF_OURS)
        erased = "SELECT is_erased(ARRAY['conversation'], ARRAY[$1])"
        assert await connection.fetchval(erased, "gone")
        assert not await connection.fetchval(erased, "ours tea")
        assert await connection.fetchval("SELECT count(*) FROM tombstones") == 0
        assert await connection.fetchval("SELECT count(*) FROM conversations") == 3
        await connection.execute("SELECT set_config($1, $2, true)", *EVERYONE)
        assert await connection.fetchval(erased, "gone")
        assert await connection.fetchval("SELECT count(*) FROM tombstones") == 1


def test_what_is_looked_through_is_more_than_a_page() -> None:
    assert LOOKED_THROUGH > 100
