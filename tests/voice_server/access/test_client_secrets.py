"""Client secrets: valid wherever the database is, until they expire."""

import asyncio

import pytest

from voice_server.access.client_secrets import StoredClientSecrets
from voice_server.auth import DEFAULT_TENANT, LOCAL, CustomerIdentity, Principal
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Database

OWNER = Principal(
    "key-1", tenant_id=DEFAULT_TENANT, roles=frozenset({"admin"}), customer=(CustomerIdentity("subject", "17"),)
)


async def expire(database: Database) -> None:
    async with database.everyone() as connection:
        await connection.execute("UPDATE client_secrets SET expires_at = now()")


async def test_a_secret_is_known_on_every_task_and_makes_nobody_more_than_a_visitor(database: Database) -> None:
    secret = await StoredClientSecrets(database).issue(OWNER, 60, {"instructions": "Be brief."})
    assert secret.value.startswith("ek_")
    visitor = await StoredClientSecrets(database).principal(secret.value)
    assert visitor is not None
    assert (visitor.name, visitor.session_config) == ("key-1", {"instructions": "Be brief."})
    assert (visitor.roles, visitor.scopes, visitor.customer) == (frozenset(), frozenset({"sessions"}), OWNER.customer)


async def test_it_expires_by_the_clock_of_the_database(database: Database) -> None:
    secrets = StoredClientSecrets(database)
    async with database.everyone() as connection:
        now = await connection.fetchval("SELECT extract(epoch FROM now())::float8")
    secret = await secrets.issue(OWNER, 60, {})
    assert now + 59 <= secret.expires_at <= now + 70
    await expire(database)
    assert await secrets.principal(secret.value) is None


async def test_unknown_ones_and_those_of_closed_tenants_are_nobody(database: Database) -> None:
    secrets = StoredClientSecrets(database)
    secret = await secrets.issue(OWNER, 60, {})
    async with database.everyone() as connection:
        await connection.execute("UPDATE tenants SET closed_at = now()")
    for key in (secret.value, "ek_unknown", "vs_other", "ek_", "ek_\udcff"):
        assert await secrets.principal(key) is None


async def test_they_are_bounded_and_expired_ones_make_room(database: Database) -> None:
    secrets = StoredClientSecrets(database, limit=2)
    await secrets.issue(LOCAL, 10, {})
    await secrets.issue(LOCAL, 100, {})
    with pytest.raises(ApiError) as refusal:
        await secrets.issue(LOCAL, 10, {})
    assert (refusal.value.status, refusal.value.code) == (429, "rate_limit_exceeded")
    await expire(database)
    await secrets.issue(LOCAL, 10, {})


async def test_what_has_expired_is_swept_away(database: Database) -> None:
    secrets = StoredClientSecrets(database)
    await secrets.issue(LOCAL, 10, {"instructions": "canary"})
    await expire(database)
    alive = await secrets.issue(LOCAL, 10, {})
    sweep = asyncio.create_task(secrets.sweep())
    async with asyncio.timeout(20):
        while True:
            async with database.everyone() as connection:
                if await connection.fetchval("SELECT count(*) FROM client_secrets") == 1:
                    break
    sweep.cancel()
    assert await secrets.principal(alive.value)
