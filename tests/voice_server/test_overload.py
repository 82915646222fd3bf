"""A server whose event loop is late sends newcomers away, keeps whom it has, and opens again."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError

from tests.voice_server.full_server import FullServer, full_server
from voice_server import app
from voice_server.http import admission


async def ask(socket: ClientWebSocketResponse) -> None:
    """A turn in writing."""
    content = [{"type": "input_text", "text": "How are you?"}]
    item = {"type": "message", "role": "user", "content": content}
    await socket.send_json({"type": "conversation.item.create", "item": item})
    await socket.send_json({"type": "response.create"})
    async with asyncio.timeout(20):
        while (await socket.receive_json())["type"] != "response.done":
            pass


async def health_becomes(server: FullServer, status: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with server.http.get("/health") as answer:
                assert answer.status == 200
                if (await answer.json())["status"] == status:
                    return


async def test_an_overloaded_server(monkeypatch: pytest.MonkeyPatch) -> None:
    wakes: asyncio.Queue[float] = asyncio.Queue()

    async def late_wakes() -> AsyncGenerator[float, None]:
        while True:
            yield await wakes.get()

    monkeypatch.setattr(app, "late_wakes", late_wakes)
    monkeypatch.setattr(admission, "LATE_SECONDS", 0.0)
    monkeypatch.setattr(admission, "FEW", 1)
    async with full_server(max_event_loop_lag_ms=50) as server, server.http.ws_connect("/v1/realtime") as socket:
        await wakes.put(0.2)
        await health_becomes(server, "overloaded")
        with pytest.raises(WSServerHandshakeError) as refusal:
            await server.http.ws_connect("/v1/realtime")
        assert refusal.value.status == 503
        assert refusal.value.headers is not None
        assert int(refusal.value.headers["Retry-After"]) > 0
        async with server.http.get("/metrics") as answer:
            metrics = await answer.text()
        assert 'voice_sessions_refused_total{reason="overloaded"} 1.0' in metrics
        assert "voice_overloaded 1.0" in metrics
        assert "voice_event_loop_lag_recent_seconds 0.2" in metrics
        assert 'voice_event_loop_lag_seconds_bucket{le="0.1"} 0.0' in metrics
        await ask(socket)

        for _ in range(20):
            await wakes.put(0.001)
        await health_becomes(server, "ok")
        async with server.http.ws_connect("/v1/realtime") as another:
            await ask(another)
