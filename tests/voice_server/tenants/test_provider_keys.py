"""Keys of tenants between two looks into the database, and while it is away."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from voice_server.auth import DEFAULT_TENANT
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.storage.sealed import CannotOpen
from voice_server.tenants.provider_keys import BELIEVED_SECONDS, MAX_KEPT, OwnKeys, ProviderKeys

ACME = UUID(int=7)


class Secrets:
    """A database that can be away."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks = 0
        self.kept: Mapping[str, str] | Exception = {"openai_api_key": "sk-1", "customer_token": "c"}

    async def open(self, _: UUID) -> Mapping[str, str]:
        self.looks += 1
        if isinstance(self.kept, Exception):
            raise self.kept
        return self.kept


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


@pytest.fixture
def keys(secrets: Secrets) -> ProviderKeys:
    return ProviderKeys(secrets.open, now=lambda: secrets.now)


async def test_what_was_read_is_believed_for_a_while(secrets: Secrets, keys: ProviderKeys) -> None:
    assert await keys.of(ACME) == OwnKeys(openai="sk-1")
    secrets.kept = {"elevenlabs_api_key": "el-2"}
    assert await keys.of(ACME) == OwnKeys(openai="sk-1")
    secrets.now += BELIEVED_SECONDS
    assert await keys.of(ACME) == OwnKeys(elevenlabs="el-2")
    assert secrets.looks == 2


async def test_while_the_database_is_away_what_was_known_holds_on(secrets: Secrets, keys: ProviderKeys) -> None:
    await keys.of(ACME)
    secrets.now += BELIEVED_SECONDS
    secrets.kept = StorageUnavailable("away")
    for _ in range(3):
        assert await keys.of(ACME) == OwnKeys(openai="sk-1")
    assert secrets.looks == 2
    assert await keys.of(DEFAULT_TENANT) == OwnKeys()
    # Nobody else's account is spent because a tenant's keys are not known.
    with pytest.raises(StorageUnavailable):
        await keys.of(UUID(int=8))


async def test_keys_that_cannot_be_opened_are_no_reason_to_spend_the_operators(
    secrets: Secrets, keys: ProviderKeys
) -> None:
    secrets.kept = CannotOpen("another SECRET_KEY")
    with pytest.raises(ApiError) as refusal:
        await keys.of(ACME)
    assert (refusal.value.status, refusal.value.code) == (503, "provider_keys_unreadable")


async def test_what_is_remembered_is_bounded(secrets: Secrets, keys: ProviderKeys) -> None:
    for number in range(MAX_KEPT + 1):
        await keys.of(UUID(int=number))
    assert secrets.looks == MAX_KEPT + 1
    await keys.of(UUID(int=MAX_KEPT))
    assert secrets.looks == MAX_KEPT + 1
    await keys.of(UUID(int=0))
    assert secrets.looks == MAX_KEPT + 2
