"""What a server says of its health while it starts, works, is overloaded and stops."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from voice_server.health import Health
from voice_server.http.admission import Admission

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def admission() -> Admission:
    return Admission(1, max_lag_seconds=0.05)


@pytest.fixture
def health(admission: Admission) -> Health:
    return Health(admission)


@pytest.fixture
async def client(health: Health) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(health.routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def state(client: Client) -> tuple[int, str, int, str]:
    """Status and word of `/health`, status and reason of `/ready`."""
    async with client.get("/health") as alive, client.get("/ready") as ready:
        return alive.status, (await alive.json())["status"], ready.status, (await ready.json()).get("reason", "")


async def test_from_start_to_stop(client: Client, health: Health, admission: Admission) -> None:
    assert await state(client) == (200, "ok", 503, "The server is starting.")
    await health.opened(web.Application())
    assert await state(client) == (200, "ok", 200, "")
    with admission.conversation():
        assert await state(client) == (200, "ok", 503, "All 1 conversations of this server are taken.")
    assert await state(client) == (200, "ok", 200, "")
    await health.stopping(web.Application())
    assert await state(client) == (200, "ok", 503, "The server is shutting down.")


async def test_an_overloaded_server_is_alive_but_wants_nobody_new(
    client: Client, health: Health, admission: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voice_server.http.admission.FEW", 0)
    await health.opened(web.Application())
    admission.note_lag(0.0, 0.2)
    admission.note_lag(3.0, 0.2)
    alive, word, ready, reason = await state(client)
    assert (alive, word, ready) == (200, "overloaded", 503)
    assert "busy" in reason
    admission.note_lag(4.0, 0.01)
    assert await state(client) == (200, "ok", 200, "")
