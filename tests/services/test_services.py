"""The servers that tests use are there, and empty for each test."""

from typing import TYPE_CHECKING

import asyncpg
import pytest
from redis.asyncio import from_url

from tests.services.redis import Redis
from tests.services.s3 import Bucket
from voice_server.storage.postgres.migration import read_migrations

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Database


@pytest.mark.parametrize("_attempt", [1, 2])
async def test_each_test_has_a_migrated_database_of_its_own(database: "Database", _attempt: int) -> None:
    async with database.everyone() as connection:
        assert await connection.fetchval("SELECT current_user") == "voice_app"
        assert await connection.fetchval("SELECT count(*) FROM tenants") == 1
        await connection.execute("INSERT INTO tenants (slug, name) VALUES ('other', 'Other')")


async def test_the_database_has_all_migrations(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    numbers = await connection.fetch("SELECT number FROM schema_migrations ORDER BY number")
    await connection.close()

    assert [row["number"] for row in numbers] == [migration.number for migration in read_migrations()]


@pytest.mark.parametrize("_attempt", [1, 2])
async def test_each_test_has_an_empty_redis(redis_url: str, _attempt: int) -> None:
    async with from_url(redis_url) as redis:
        assert await redis.dbsize() == 0
        await redis.set("key", "value")


async def test_redis_keeps_what_it_acknowledged_when_it_is_killed(redis_server: Redis) -> None:
    async with from_url(redis_server.url) as redis:
        await redis.set("key", "value")
    redis_server.stop()
    redis_server.start()
    async with from_url(redis_server.url) as redis:
        assert await redis.get("key") == b"value"


@pytest.mark.parametrize("_attempt", [1, 2])
def test_each_test_has_an_empty_bucket_that_keeps_versions(s3_bucket: Bucket, _attempt: int) -> None:
    assert b"<Key>" not in s3_bucket.request("GET", "?list-type=2")
    s3_bucket.request("PUT", "/key", b"one")
    s3_bucket.request("PUT", "/key", b"two")
    assert s3_bucket.request("GET", "?versions").count(b"<Key>key</Key>") == 2
