"""A server whose vendors are emulated on real sockets, and check who asks them: the operator, or a tenant."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import aiohttp.web
import numpy as np
from aiohttp import ClientWebSocketResponse

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.scene import Exchange, Scene
from benchmarks.emulators.script import ANY, Script
from benchmarks.emulators.server import Server
from tests.voice_server.full_server import SETTINGS, FullServer, assistant, full_server
from voice_server.access.api_keys import ApiKeys
from voice_server.assistants.catalog import Catalog
from voice_server.auth import LOCAL
from voice_server.stages import Stages, open_stages

OPERATOR = frozenset({"sk-operator", "el-operator"})
SCRIPT = Script(transcripts={ANY: ["What is the square root of 144?"]}, replies={ANY: ["It is twelve."]})


class Vendors(Scene):
    """OpenAI and ElevenLabs, who remember by which key they were asked."""

    def __init__(self, *keys: str, script: Script = SCRIPT) -> None:
        super().__init__(script)
        self.keys = {*OPERATOR, *keys}
        """That are right at present."""
        self.asked: list[tuple[str, str, str]] = []
        """For what, in which session, and by which key."""

    def begin(self, http: aiohttp.web.Request, vendor: str, request: str) -> Exchange:
        """See Scene."""
        key = http.headers.get("xi-api-key") or http.headers.get("Authorization", "").removeprefix("Bearer ")
        exchange = super().begin(http, vendor, request)
        self.asked.append((request, exchange.session_id, key))
        return exchange

    def accepts(self, key: str) -> bool:
        """See Scene."""
        return key in self.keys

    def keys_of(self, session_id: str) -> set[str]:
        """By which keys the work of this session was asked for."""
        return {key for _, session, key in self.asked if session == session_id}

    @property
    def all_keys(self) -> set[str]:
        """By which keys anything was asked for."""
        return {key for _, _, key in self.asked}


@dataclass
class Talk:
    """A conversation of a tenant."""

    socket: ClientWebSocketResponse
    session: dict[str, Any] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        created = await self.socket.receive_json(timeout=20)
        assert created["type"] == "session.created", created
        self.session = created["session"]
        update = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
        await self.socket.send_json({"type": "session.update", "session": update})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def turn(self) -> dict[str, Any]:
        """Say something, and hear what is answered: the reply as `response.done` has it."""
        tone = (np.sin(np.arange(24_000) * 0.1) * 9000).astype("<i2").tobytes()
        audio = base64.b64encode(tone).decode()
        await self.socket.send_json({"type": "input_audio_buffer.append", "audio": audio})
        await self.socket.send_json({"type": "input_audio_buffer.commit"})
        await self.socket.send_json({"type": "response.create"})
        while (message := await self.socket.receive_json(timeout=30))["type"] != "response.done":
            pass
        response: dict[str, Any] = message["response"]
        return response


@dataclass
class Site:
    """The server, with tenants on it."""

    server: FullServer
    vendors: Vendors
    stages: Stages
    keys: dict[str, str] = field(default_factory=dict)
    """By the slug: what opens sessions and more."""

    async def tenant(self, slug: str, config: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """A new one."""
        body = {"slug": slug, "name": slug, "config": config}
        status, tenant = await self.call("POST", "", body)
        assert status == 201, tenant
        for name, value in secrets.items():
            await self.keep(slug, name, value)
        scopes: Any = ["sessions", "speech", "admin"]
        value, _ = await ApiKeys(self.server.storage.database).create(LOCAL, tenant["id"], "test", scopes, "req_1")
        self.keys[slug] = value

    async def keep(self, slug: str, name: str, value: str) -> None:
        """A secret."""
        status, answer = await self.call("PUT", f"/{slug}/secrets/{name}", {"value": value})
        assert status == 200, answer

    async def configure(self, slug: str, config: dict[str, Any]) -> None:
        """The next version."""
        _, tenant = await self.call("GET", f"/{slug}")
        status, answer = await self.call("PUT", f"/{slug}/config", {"config": config, "version": tenant["version"]})
        assert status == 200, answer

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """As the operator."""
        async with self.server.http.request(method, f"/api/v1/tenants{path}", json=body) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    def as_tenant(self, slug: str) -> dict[str, str]:
        """Headers."""
        return {"Authorization": f"Bearer {self.keys[slug]}"}

    async def talk(self, slug: str, query: str = "") -> Talk:
        """A conversation, to be entered."""
        return Talk(await self.server.http.ws_connect(f"/v1/realtime?{query}", headers=self.as_tenant(slug)))


@asynccontextmanager
async def site(vendors: Vendors, **settings: Any) -> AsyncIterator[Site]:
    """Serve while the context lasts: the operator has OpenAI hear and think, and ElevenLabs speak."""
    async with AsyncExitStack() as opened:
        first = await opened.enter_async_context(Server(openai.application(vendors)))
        second = await opened.enter_async_context(Server(elevenlabs.application(vendors)))
        chosen = replace(
            SETTINGS,
            **{
                "stt": ("openai",),
                "llm": ("openai",),
                "tts": ("elevenlabs",),
                "openai_api_key": "sk-operator",
                "openai_base_url": f"{first.url}/v1",
                "elevenlabs_api_key": "el-operator",
                "elevenlabs_base_url": second.url,
                **settings,
            },
        )
        assistants = Catalog(assistant(), (assistant("other"),))
        stages = await opened.enter_async_context(open_stages(chosen, assistants))
        served = full_server(stages=stages, stt=chosen.stt, llm=chosen.llm, tts=chosen.tts)
        server = await opened.enter_async_context(served)
        yield Site(server, vendors, stages)
