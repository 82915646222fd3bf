"""A WebSocket server on a real socket that does with each connection what a test tells it to do."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

PATIENCE_SECONDS = 20.0


@dataclass
class Call:
    """One connection of the client."""

    connection: ServerConnection
    query: dict[str, str]
    messages: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    """The first sample of each frame of audio."""
    samples: list[int] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, *events: dict[str, Any]) -> None:
        for event in events:
            await self.connection.send(json.dumps(event))

    async def begin(self, token: str | None = "token_1", *, expires_in_ms: int = 60_000) -> None:
        await self.say({"type": "session.created", "event_id": "event_1", "session": {"id": "sess_1"}})
        if token is not None:
            await self.say(resume(token, expires_in_ms))

    async def go_on(self, *events: dict[str, Any], token: str = "token_2", resend_from_ms: int = 60_000) -> None:
        """With the conversation; `events` were missed."""
        resumed = {"type": "voice.resumed", "event_id": f"event_{token}", "session_id": "sess_1"}
        await self.say(
            {**resumed, "resend_from_ms": resend_from_ms, "replayed": len(events)}, resume(token, 60_000), *events
        )

    async def play(self, item_id: str, milliseconds: int) -> None:
        head = bytes([1, len(item_id)]) + item_id.encode() + b"\0" * (len(item_id) % 2)
        await self.connection.send(head + bytes(2 * 24 * milliseconds))

    def drop(self) -> None:
        """As a network does: nobody says goodbye."""
        self.connection.transport.abort()

    async def until(self, condition: Callable[["Call"], object]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: condition(self))

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]

    async def listen(self) -> None:
        try:
            async for frame in self.connection:
                async with self.news:
                    if isinstance(frame, bytes):
                        samples = np.frombuffer(frame, "<i2")
                        self.blocks.append(int(samples[0]))
                        self.samples.extend(samples.tolist())
                    else:
                        self.messages.append(json.loads(frame))
                    self.news.notify_all()
        finally:
            self.over.set()


class ResumingServer:
    """Takes connections, or refuses them, in the order in which it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: asyncio.Queue[Call] = asyncio.Queue()
        self.refusals: list[tuple[int, str]] = []
        """Status and code of the next answers; what follows is taken."""
        self.refused: list[dict[str, str]] = []

    async def call(self) -> Call:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.calls.get()

    def answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        if not self.refusals:
            return None
        self.refused.append(query_of(request))
        status, code = self.refusals.pop(0)
        body = json.dumps({"error": {"message": f"This is {code}.", "code": code}}).encode()
        return Response(status, HTTPStatus(status).phrase, Headers({"Content-Length": str(len(body))}), body)

    async def take(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        call = Call(connection, query_of(connection.request))
        self.calls.put_nowait(call)
        await call.listen()


def resume(token: str, expires_in_ms: int) -> dict[str, Any]:
    return {"type": "voice.resume", "event_id": f"resume_{token}", "token": token, "expires_in_ms": expires_in_ms}


def query_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.path).query))


@asynccontextmanager
async def resuming_server() -> AsyncIterator[ResumingServer]:
    server = ResumingServer()
    async with serve(server.take, "127.0.0.1", 0, process_request=server.answer, ping_interval=None) as listening:
        server.url = f"http://127.0.0.1:{next(iter(listening.sockets)).getsockname()[1]}"
        yield server


class QuickClock:
    """Waiting takes no time, but is remembered."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)
