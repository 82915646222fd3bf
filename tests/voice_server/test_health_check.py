"""The check of a container: exit code 0 while the server answers."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from voice_server.health_check import main


@pytest.mark.parametrize(("status", "code"), [(200, 0), (500, 1)])
async def test_it_says_what_the_server_answers(status: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def health(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/health", health)
    async with TestServer(app) as server:
        monkeypatch.setenv("PORT", str(server.port))
        assert await asyncio.to_thread(main) == code


def test_nobody_there_is_not_healthy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORT", str(unused_port()))
    assert main() == 1
    assert "/health" in capsys.readouterr().err
