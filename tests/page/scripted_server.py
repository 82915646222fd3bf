"""A server that says what a test tells it to say, and remembers what the page said."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self'; script-src 'self'; "
    "worker-src 'self' blob:; media-src 'self' blob:; img-src 'self' data:"
)
PATIENCE_SECONDS = 15.0
_numbers = itertools.count(1000)

ABOUT: dict[str, Any] = {
    "version": "0.1.0",
    "assistants": [
        {
            "name": "galion",
            "title": "Galion",
            "description": "A laboratory companion who computes what you ask.",
            "examples": ["What is gold?", "What is lead?"],
        },
        {"name": "lyo", "title": "Lyo", "description": "Takes reservations."},
    ],
    "providers": {"stt": ["pocketsphinx"], "llm": ["offline"], "tts": ["espeak-ng"]},
    "embedded": True,
    "notices": ["Recognition and voice run on this machine; set OPENAI_API_KEY for better ones."],
    "authentication": "none",
    "languages": ["en"],
}


@dataclass
class Conversation:
    """One WebSocket of the page."""

    socket: web.WebSocketResponse
    protocols: list[str]
    query: dict[str, str]
    transport: asyncio.Transport | None
    messages: list[dict[str, Any]] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    """int16, 24 kHz."""
    frame_lengths: set[int] = field(default_factory=set)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def open(self) -> None:
        """The session has begun."""
        await self.say({"type": "session.created", "session": {"id": "sess_1", "type": "realtime"}})

    async def offer(self, token: str) -> None:
        """The conversation can be resumed with this token."""
        await self.say({"type": "voice.resume", "token": token, "expires_in_ms": 120_000})

    async def go_on(self, *missed: dict[str, Any], resend_from_ms: float = 1e9) -> None:
        """With the conversation of another socket."""
        resumed = {"session_id": "sess_1", "resend_from_ms": resend_from_ms, "replayed": len(missed)}
        await self.say({"type": "voice.resumed", **resumed})
        await self.offer("token_2")
        await self.say(*missed)

    def drop(self) -> None:
        """As a network does: nobody says goodbye."""
        transport = self.transport
        assert transport is not None
        transport.abort()

    async def say(self, *events: dict[str, Any]) -> None:
        for event in events:
            await self.socket.send_json({"event_id": f"event_{next(_numbers)}", **event})

    async def play(self, item_id: str, audio: bytes) -> None:
        """Sends `audio` (int16, 24 kHz) in frames of 40 ms, as fast as it goes."""
        head = bytes([1, len(item_id)]) + item_id.encode("ascii") + b"\0" * (len(item_id) % 2)
        for start in range(0, len(audio), 1920):
            await self.socket.send_bytes(head + audio[start : start + 1920])

    async def until(self, condition: Callable[["Conversation"], object]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self.news:
            await self.news.wait_for(lambda: condition(self))

    async def heard(self, message_type: str, **fields: object) -> dict[str, Any]:
        """The first message of this type, and with these fields, that the page sends or has sent."""
        found: list[dict[str, Any]] = []

        def look(conversation: "Conversation") -> bool:
            found[:] = [
                message
                for message in conversation.messages
                if message["type"] == message_type and all(message.get(key) == fields[key] for key in fields)
            ]
            return bool(found)

        await self.until(look)
        return found[0]

    async def listen(self) -> None:
        async for frame in self.socket:
            async with self.news:
                if frame.type is WSMsgType.BINARY:
                    self.audio += frame.data
                    self.frame_lengths.add(len(frame.data))
                elif frame.type is WSMsgType.TEXT:
                    self.messages.append(json.loads(frame.data))
                self.news.notify_all()


class ScriptedServer:
    """Serves the built page under a strict policy, and one WebSocket at a time."""

    def __init__(self, page: Path, port: int = 0) -> None:
        self.page = page
        self.port = port
        self.key: str | None = None
        """None: no key is asked for."""
        self.full = False
        """The server is there, but takes no conversation."""
        self.takes_calls = True
        """If not, it is busy for a moment."""
        self.forgets = False
        """No conversation can be resumed."""
        self.about: dict[str, Any] = ABOUT
        self.conversations: asyncio.Queue[Conversation] = asyncio.Queue()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._index)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/api/v1/about", self._about)
        app.router.add_get("/v1/realtime", self._realtime)
        app.router.add_static("/assets/", self.page / "assets")
        app.on_response_prepare.append(self._add_policy)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        if self.port == 0:
            self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """As if the process had been killed: nobody says goodbye."""
        if self._runner is None:
            return
        for connection in list(self._runner.server.connections if self._runner.server else ()):
            if connection.transport is not None:
                connection.transport.abort()
        await self._runner.cleanup()
        self._runner = None

    async def socket(self) -> Conversation:
        """The next conversation that the page begins and has not given up; it waits for the session."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (conversation := await self.conversations.get()).socket.closed:
                pass
            return conversation

    async def conversation(self) -> Conversation:
        """The next conversation that the page begins, opened."""
        conversation = await self.socket()
        await conversation.open()
        return conversation

    async def _add_policy(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY

    async def _index(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(self.page / "index.html")

    async def _models(self, request: web.Request) -> web.Response:
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "no", "code": "invalid_api_key"}}, status=401)
        if self.full or not self.takes_calls:
            return web.json_response({"error": {"message": "full", "code": "server_overloaded"}}, status=503)
        return web.json_response({"object": "list", "data": []})

    async def _about(self, _request: web.Request) -> web.Response:
        return web.json_response(self.about)

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        protocols = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if name]
        if self.key is not None and f"openai-insecure-api-key.{self.key}" not in protocols:
            return web.Response(status=401)
        if not self.takes_calls:
            return web.Response(status=503)
        if self.forgets and "resume" in request.query:
            return web.Response(status=409)
        if "Upgrade" not in request.headers:
            return web.Response(status=426)
        socket = web.WebSocketResponse(protocols=["realtime"])
        await socket.prepare(request)
        conversation = Conversation(socket, protocols, dict(request.query), request.transport)
        self.conversations.put_nowait(conversation)
        await conversation.listen()
        return socket


@contextlib.asynccontextmanager
async def running(page: Path) -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer(page)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
