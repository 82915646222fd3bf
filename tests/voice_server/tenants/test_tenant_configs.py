"""Which configuration a conversation begins with, and that it keeps it."""

from uuid import UUID

import pytest

from pipeline.providers.catalog import PROVIDERS
from voice_server.auth import DEFAULT_TENANT, LOCAL
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.tenants import configs
from voice_server.tenants.config import ProvidersConfig, TenantConfig
from voice_server.tenants.configs import BELIEVED_SECONDS, TenantConfigs, UnknownVersion
from voice_server.tenants.tenants import Tenants


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def edit(database: Database, version: int, days: int) -> None:
    await Tenants(database).edit(LOCAL, DEFAULT_TENANT, version, TenantConfig(retention_days=days), "req_1")


async def test_an_edit_is_in_force_after_five_seconds_and_old_versions_stay_what_they_were(database: Database) -> None:
    clock = Clock()
    known = TenantConfigs(database, now=clock)
    assert await known.current(DEFAULT_TENANT) == (0, TenantConfig())
    await edit(database, 0, 10)
    assert (await known.current(DEFAULT_TENANT))[0] == 0
    clock.now += BELIEVED_SECONDS
    assert await known.current(DEFAULT_TENANT) == (1, TenantConfig(retention_days=10))
    await edit(database, 1, 20)
    clock.now += BELIEVED_SECONDS
    assert (await known.current(DEFAULT_TENANT))[0] == 2
    for each in (known, TenantConfigs(database)):
        assert (await each.at(DEFAULT_TENANT, 1)).retention_days == 10
        assert await each.at(DEFAULT_TENANT, 0) == TenantConfig()
    with pytest.raises(UnknownVersion):
        await known.at(DEFAULT_TENANT, 3)
    with pytest.raises(UnknownVersion):
        await known.at(UUID(int=9), 1)


async def test_closed_and_unknown_tenants_begin_nothing(database: Database) -> None:
    made = await Tenants(database).create(LOCAL, "acme", "Acme", TenantConfig(), "req_1")
    clock = Clock()
    known = TenantConfigs(database, now=clock)
    assert (await known.current(made.id))[0] == 1
    await Tenants(database).close(LOCAL, made, "req_2")
    clock.now += BELIEVED_SECONDS
    for tenant_id in (made.id, UUID(int=9)):
        with pytest.raises(ApiError) as refusal:
            await known.current(tenant_id)
        assert refusal.value.code == "tenant_closed"
    # What goes on may still look up its version.
    assert await known.at(made.id, 1) == TenantConfig()


async def test_while_the_database_is_away_what_was_read_last_holds(database_url: str) -> None:
    clock = Clock()
    async with Database.open(database_url) as database:
        await edit(database, 0, 10)
        known, fresh = TenantConfigs(database, now=clock), TenantConfigs(database, now=clock)
        await known.current(DEFAULT_TENANT)
    clock.now += BELIEVED_SECONDS
    assert await known.current(DEFAULT_TENANT) == (1, TenantConfig(retention_days=10))
    assert await fresh.current(DEFAULT_TENANT) == (0, TenantConfig())
    with pytest.raises(StorageUnavailable):
        await fresh.current(UUID(int=9))


async def test_what_is_remembered_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configs, "MAX_KEPT", 2)
    known = TenantConfigs(database)
    for version in range(4):
        await edit(database, version, version + 1)
        await known.at(DEFAULT_TENANT, version + 1)
    for number in range(4):
        made = await Tenants(database).create(LOCAL, f"t-{number}", "T", None, "req_1")
        await known.current(made.id)
    assert (len(known._current), len(known._versions)) == (2, 2)


def test_what_a_newer_version_of_the_program_has_kept_can_be_read() -> None:
    kept = {"assistant": {"name": "m", "mood": "good", "languages": ["it"]}, "colour": "red"}
    config = TenantConfig.from_json(kept)
    assert config.assistant is not None
    assert config.assistant.languages == ("it",)


def test_the_providers_are_those_that_the_server_knows() -> None:
    for stage, known in PROVIDERS.items():
        named = ProvidersConfig.model_json_schema()["properties"][stage.lower()]["anyOf"][0]["items"]["enum"]
        assert set(named) == set(known)
