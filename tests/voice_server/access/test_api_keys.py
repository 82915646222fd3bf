"""API keys of tenants: what is kept of them, how long they are remembered, and that revoking them holds."""

from typing import TYPE_CHECKING

import asyncpg
import pytest

from voice_server.access import api_keys
from voice_server.access.api_keys import REMEMBERED_SECONDS, ApiKeys
from voice_server.auth import DEFAULT_TENANT, LOCAL
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Database, StorageUnavailable

if TYPE_CHECKING:
    from uuid import UUID


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_key_is_known_again_and_only_its_digest_is_kept(database: Database, database_url: str) -> None:
    keys = ApiKeys(database)
    value, made = await keys.create(LOCAL, DEFAULT_TENANT, "site", ["speech", "sessions"], "req_1")
    principal = await keys.principal(value)
    assert principal is not None
    assert (principal.tenant_id, principal.scopes) == (DEFAULT_TENANT, frozenset({"speech", "sessions"}))
    assert principal.roles == {"customer"}
    assert (made.hint, made.created_by) == (value[-4:], "local")
    connection = await asyncpg.connect(database_url)
    kept = str(await connection.fetch("SELECT * FROM api_keys")) + str(
        await connection.fetch("SELECT * FROM audit_log")
    )
    await connection.close()
    assert value not in kept
    assert value[3:-4] not in kept
    assert "'create'" in kept


@pytest.mark.parametrize(("scope", "role"), [("history", "staff"), ("admin", "admin"), ("speech", None)])
async def test_scopes_give_the_roles_that_programs_need(database: Database, scope: str, role: str | None) -> None:
    keys = ApiKeys(database)
    value, _ = await keys.create(LOCAL, DEFAULT_TENANT, "program", [scope], "req_1")  # type: ignore[list-item]
    principal = await keys.principal(value)
    assert principal is not None
    assert principal.roles == ({role} if role else set())


async def test_a_revoked_key_holds_for_ten_seconds_at_most_elsewhere_and_no_longer_here(database: Database) -> None:
    clock = Clock()
    here, elsewhere = ApiKeys(database, now=clock), ApiKeys(database, now=clock)
    value, made = await here.create(LOCAL, DEFAULT_TENANT, "site", ["sessions"], "req_1")
    assert await here.principal(value)
    assert await elsewhere.principal(value)
    assert await here.revoke(LOCAL, DEFAULT_TENANT, made.id, "req_2")
    assert await here.principal(value) is None
    clock.now += REMEMBERED_SECONDS - 0.001
    assert await elsewhere.principal(value)
    clock.now += 0.001
    assert await elsewhere.principal(value) is None
    assert not await here.revoke(LOCAL, DEFAULT_TENANT, made.id, "req_3")


async def test_keys_of_a_closed_tenant_and_unknown_ones_are_nobody(database: Database) -> None:
    keys = ApiKeys(database)
    value, _ = await keys.create(LOCAL, DEFAULT_TENANT, "site", ["sessions"], "req_1")
    async with database.everyone() as connection:
        await connection.execute("UPDATE tenants SET closed_at = now()")
    for key in (value, "vs_" + "x" * 43, "vs_", "sk-other", "vs_é" + "x" * 42):
        assert await keys.principal(key) is None


async def test_a_known_key_needs_no_database_for_a_while(database_url: str) -> None:
    clock = Clock()
    async with Database.open(database_url) as database:
        keys = ApiKeys(database, now=clock)
        value, _ = await keys.create(LOCAL, DEFAULT_TENANT, "site", ["sessions"], "req_1")
        assert await keys.principal(value)
    assert await keys.principal(value)
    with pytest.raises(StorageUnavailable):
        await keys.principal("vs_" + "x" * 43)
    clock.now += REMEMBERED_SECONDS
    with pytest.raises(StorageUnavailable):
        await keys.principal(value)


async def test_its_use_is_written_down_once_a_minute(database: Database, database_url: str) -> None:
    clock = Clock()
    keys = ApiKeys(database, now=clock)
    value, made = await keys.create(LOCAL, DEFAULT_TENANT, "site", ["sessions"], "req_1")
    assert made.last_used_at is None
    await keys.principal(value)
    [used] = await keys.list(DEFAULT_TENANT)
    assert used.last_used_at is not None
    clock.now += REMEMBERED_SECONDS
    await keys.principal(value)
    assert [used] == await keys.list(DEFAULT_TENANT)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE api_keys SET last_used_at = last_used_at - interval '61 seconds'")
    await connection.close()
    clock.now += REMEMBERED_SECONDS
    await keys.principal(value)
    [again] = await keys.list(DEFAULT_TENANT)
    assert again.last_used_at is not None
    assert again.last_used_at > used.last_used_at


async def test_what_is_remembered_and_what_can_be_made_is_bounded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MAX_REMEMBERED", 2)
    monkeypatch.setattr(api_keys, "MAX_KEYS", 3)
    keys = ApiKeys(database)
    for number in range(3):
        value, _ = await keys.create(LOCAL, DEFAULT_TENANT, str(number), ["sessions"], "req_1")
        assert await keys.principal(value)
    assert len(keys._remembered) == 2
    with pytest.raises(ApiError) as refusal:
        await keys.create(LOCAL, DEFAULT_TENANT, "more", ["sessions"], "req_1")
    assert (refusal.value.status, refusal.value.code) == (409, "too_many_keys")


async def test_another_tenants_key_cannot_be_revoked(database: Database) -> None:
    keys = ApiKeys(database)
    value, made = await keys.create(LOCAL, DEFAULT_TENANT, "site", ["sessions"], "req_1")
    async with database.everyone() as connection:
        other: UUID = await connection.fetchval("INSERT INTO tenants (slug, name) VALUES ('b', 'B') RETURNING id")
    assert not await keys.revoke(LOCAL, other, made.id, "req_2")
    assert await keys.list(other) == []
    assert await keys.principal(value)
