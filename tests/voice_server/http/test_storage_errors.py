"""What clients are told when what is kept cannot be reached, or cannot be kept."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from voice_server.access.api_keys import ApiKeys
from voice_server.access.client_secrets import StoredClientSecrets
from voice_server.auth import Authenticator, principal_of
from voice_server.http.errors import answer_errors
from voice_server.http.request_id import name_requests
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.shared.interfaces import SharedUnavailable

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    """A server whose database has gone."""
    async with Database.open(database_url) as gone:
        pass
    authenticator = Authenticator(["static"], credentials=[ApiKeys(gone)], client_secrets=StoredClientSecrets(gone))

    async def who(request: web.Request) -> web.Response:
        return web.json_response({"name": principal_of(request).name})

    async def session(request: web.Request) -> web.Response:
        return web.json_response({"name": (await authenticator.authorize_session(request)).name})

    failures = {
        "postgres": StorageUnavailable("PostgreSQL cannot be reached: secret-host:5432."),
        "redis": SharedUnavailable("Redis cannot be reached: secret-host:6379."),
        "text": asyncpg.CharacterNotInRepertoireError("invalid byte sequence"),
        "json": asyncpg.UntranslatableCharacterError("unsupported Unicode escape sequence"),
    }

    async def fail(request: web.Request) -> web.Response:
        raise failures[request.match_info["how"]]

    app = web.Application(middlewares=[name_requests, answer_errors])
    app.add_routes([*authenticator.protect([web.get("/who", who)]), web.get("/session", session)])
    app.add_routes([web.get("/fail/{how}", fail)])
    async with TestClient(TestServer(app)) as opened:
        yield opened


@pytest.mark.parametrize(("path", "key"), [("/who", "vs_" + "x" * 43), ("/session", "ek_unknown")])
async def test_keys_that_only_the_database_knows_are_to_be_tried_again(client: Client, path: str, key: str) -> None:
    async with client.get(path, headers={"Authorization": f"Bearer {key}"}) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (503, "storage_unavailable")
        assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/who", "/session"])
async def test_keys_of_the_settings_work_on(client: Client, path: str) -> None:
    async with client.get(path, headers={"Authorization": "Bearer static"}) as answer:
        assert answer.status == 200
    async with client.get(path, headers={"Authorization": "Bearer wrong"}) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("how", ["postgres", "redis"])
async def test_the_log_says_what_is_away_and_the_answer_does_not(client: Client, how: str) -> None:
    with capture_logs() as logs:
        async with client.get(f"/fail/{how}") as answer:
            assert answer.status == 503
            assert "secret-host" not in await answer.text()
    assert "secret-host" in str(logs)


@pytest.mark.parametrize("how", ["text", "json"])
async def test_a_character_that_cannot_be_kept_is_the_clients_fault(client: Client, how: str) -> None:
    async with client.get(f"/fail/{how}") as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "invalid_value")
