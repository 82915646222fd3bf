"""Who servers are in PostgreSQL: with a password beside the address, and with tokens of IAM."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg
import boto3
import pytest
from botocore.auth import SigV4QueryAuth

from tests.services.postgres import Postgres
from voice_server.storage.postgres.address import Address
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.iam import IamTokens, IamUnavailable
from voice_server.storage.postgres.login import ensure_login
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import Migration, MigrationError, read_migrations

URL = "postgresql://voice_server@db.example.us-east-1.rds.amazonaws.com:5432/voice?sslmode=verify-full"


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret that is none")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.mark.usefixtures("credentials")
async def test_a_token_is_what_amazons_own_library_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SigV4QueryAuth, "_modify_request_before_signing", at_the_same_moment())

    token = await IamTokens(URL)()

    amazons = boto3.client("rds").generate_db_auth_token("db.example.us-east-1.rds.amazonaws.com", 5432, "voice_server")
    assert parts_of(token) == parts_of(amazons)
    assert parts_of(token)["X-Amz-Expires"] == ["900"]
    assert parts_of(token)["Action"] == ["connect"]


def at_the_same_moment():  # type: ignore[no-untyped-def]
    """Both sign as if it were the same second."""
    original = SigV4QueryAuth._modify_request_before_signing

    def modify(self: SigV4QueryAuth, request: object) -> None:
        request.context["timestamp"] = "20261122T120000Z"  # type: ignore[attr-defined]
        original(self, request)

    return modify


def parts_of(token: str) -> dict[str, list[str]]:
    parts = urlsplit("https://" + token)
    return {"host": [parts.netloc], **parse_qs(parts.query)}


@pytest.mark.usefixtures("credentials")
async def test_each_connection_has_a_token_of_its_own_user() -> None:
    token = await IamTokens(URL, "somebody_else")()
    assert parts_of(token)["DBUser"] == ["somebody_else"]


@pytest.mark.usefixtures("credentials")
async def test_what_tokens_lack_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IamUnavailable, match="DATABASE_USER"):
        IamTokens("postgresql://host/voice")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(IamUnavailable, match="AWS_REGION"):
        IamTokens(URL)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(IamUnavailable, match="role"):
        await IamTokens(URL)()


@pytest.fixture
def rds_iam(postgres: Postgres) -> None:
    """As at Amazon RDS, where it is what lets people in with tokens."""
    postgres.execute("DO $$ BEGIN CREATE ROLE rds_iam NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")


@pytest.mark.usefixtures("rds_iam")
async def test_a_server_logs_in_as_somebody_who_owns_nothing(database_url: str) -> None:
    assert await ensure_login(Address(database_url), "server of tests")
    assert not await ensure_login(Address(database_url), "server of tests")
    server = Address(as_user(database_url, "server of tests"))

    assert await migrate(server) == []
    async with Database.open(server) as database, database.everyone() as connection:
        assert await connection.fetchval("SELECT count(*) FROM tenants") == 1
    connection = await asyncpg.connect(server.url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE TABLE mine ()")
    await connection.close()


@pytest.mark.usefixtures("rds_iam")
async def test_who_owns_nothing_is_told_who_has_to_migrate(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await ensure_login(Address(database_url), "server of tests")
    newer = [*read_migrations(), Migration(9999, "to_come", "SELECT 1")]
    monkeypatch.setattr("voice_server.storage.postgres.migrate.read_migrations", lambda _folder: newer)
    with pytest.raises(MigrationError, match=r"9999_to_come.* Run `voice-server migrate` as the database's owner"):
        await migrate(as_user(database_url, "server of tests"))


async def test_elsewhere_nobody_logs_in_with_iam(empty_database_url: str, postgres: Postgres) -> None:
    postgres.execute("DROP ROLE IF EXISTS rds_iam")
    await migrate(empty_database_url)
    with pytest.raises(MigrationError, match="Amazon RDS"):
        await ensure_login(Address(empty_database_url), "nobody here")


async def test_a_password_is_asked_for_at_each_connection(database_url: str) -> None:
    asked = 0

    async def password() -> str:
        nonlocal asked
        asked += 1
        return "any"

    address = Address(database_url, password=password)
    async with Database.open(address, max_connections=2) as database, asyncio.TaskGroup() as group:
        both = asyncio.Barrier(2)

        async def use() -> None:
            async with database.everyone():
                await both.wait()

        group.create_task(use())
        group.create_task(use())
    assert asked == 2


async def test_tokens_that_cannot_be_made_are_a_database_that_is_away(database_url: str) -> None:
    async def password() -> str:
        raise IamUnavailable("no role")

    with pytest.raises(StorageUnavailable, match="no role"):
        async with Database.open(Address(database_url, password=password)):
            pass


def as_user(url: str, user: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(user)}@{host}").geturl()
