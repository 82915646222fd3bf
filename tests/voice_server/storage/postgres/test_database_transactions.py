"""What one transaction set, the next one on the same connection does not have."""

from uuid import uuid4

import pytest

from voice_server.storage.postgres.database import Database, StorageUnavailable

TENANT = "SELECT nullif(current_setting('app.tenant_id', true), '')"
PLANS = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1"
EVERYONE = "SELECT nullif(current_setting('app.everyone', true), '')"


async def test_whose_rows_are_seen_ends_with_the_transaction(database_url: str) -> None:
    async with Database.open(database_url, max_connections=1) as database:
        tenant_id = uuid4()
        async with database.tenant(tenant_id) as connection:
            assert await connection.fetchval(TENANT) == str(tenant_id)
        async with database.everyone() as connection:
            assert await connection.fetchval(EVERYONE) == "yes"
            assert await connection.fetchval(TENANT) is None
        async with database.tenant(tenant_id) as connection:
            assert await connection.fetchval(EVERYONE) is None


async def test_how_statements_are_planned_ends_with_the_transaction(database_url: str) -> None:
    async with Database.open(database_url, max_connections=1) as database:
        for plan, generic, custom in (("each_time", 0, 12), ("once", 12, 0), (None, 7, 5)):
            question = f"SELECT 1 FROM conversations WHERE $1::text IS NULL OR owner = $1 /* {plan} */"
            async with database.tenant(uuid4(), plan=plan) as connection:  # type: ignore[arg-type]
                for _ in range(12):
                    await connection.fetch(question, "ada")
            async with database.tenant(uuid4()) as connection:
                assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
                row = await connection.fetchrow(PLANS, question)
                assert row is not None
                assert tuple(row) == (generic, custom), plan


async def test_a_transaction_that_failed_leaves_nothing(database_url: str) -> None:
    async with Database.open(database_url, max_connections=1) as database:
        with pytest.raises(StorageUnavailable):
            await wait_too_long(database)
        async with database.tenant(uuid4()) as connection:
            assert await connection.fetchval(EVERYONE) is None
            assert await connection.fetchval("SHOW statement_timeout") == "10s"


async def wait_too_long(database: Database) -> None:
    async with database.everyone() as connection:
        await connection.execute("SET LOCAL statement_timeout = '1ms'")
        await connection.execute("SELECT pg_sleep(10)")
