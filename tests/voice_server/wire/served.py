"""A server with scripted providers on a real socket, and a client that remembers everything it is sent."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from pipeline.providers.interfaces import LanguageModel, SpeechToText, TextToSpeech
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import SessionSettings
from pipeline.tools import Tool
from pipeline.vad import LoudnessVoiceActivity, VoiceActivityDetector
from tests.voice_server.wire.ordering import check_order
from tests.voice_server.wire.server_messages import check_message
from voice_server.auth import Authenticator
from voice_server.http.errors import answer_errors
from voice_server.http.request_id import name_requests
from voice_server.voice_socket import Principal, VoiceSocket
from voice_server.wire.audio import PCM_RATE

INSTRUCTIONS = "You are a test."
MANUAL = {"input": {"turn_detection": None}}
PATIENCE_SECONDS = 20
Message = dict[str, Any]


@dataclass
class Talk:
    """One client's conversation."""

    socket: ClientWebSocketResponse
    messages: list[Message] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    placed_first: set[str] = field(default_factory=set)
    """Items that were put before all others."""
    close_code: int | None = None

    async def send(self, kind: str, **fields: object) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def update(self, **session: object) -> Message:
        await self.send("session.update", session={"type": "realtime", **session})
        return await self.until("session.updated")

    async def append(self, audio: bytes) -> None:
        for start in range(0, len(audio), 9600):
            await self.send("input_audio_buffer.append", audio=b64encode(audio[start : start + 9600]).decode())

    async def speak(self, seconds: float = 0.6) -> None:
        await self.append(speech(seconds))

    async def be_silent(self, seconds: float = 0.8) -> None:
        await self.append(bytes(int(PCM_RATE * seconds) * 2))

    async def type_text(self, text: str, **fields: object) -> Message:
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content, **fields}
        await self.send("conversation.item.create", item=item)
        return await self.until("conversation.item.done")

    async def ask(self, text: str, **response: object) -> Message:
        """A turn in writing, to its end."""
        await self.type_text(text)
        await self.send("response.create", response=response)
        return await self.until("response.done")

    async def until(self, kind: str, **fields: object) -> Message:
        """Read on until such a message comes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                message = await self.next()
                if message["type"] == kind and all(message.get(name) == value for name, value in fields.items()):
                    return message

    async def next(self) -> Message:
        while True:
            received = await self.socket.receive()
            match received.type:
                case WSMsgType.TEXT:
                    self.messages.append(json.loads(received.data))
                    return self.messages[-1]
                case WSMsgType.BINARY:
                    self.frames.append(received.data)
                case _:
                    self.close_code = self.socket.close_code
                    raise EOFError(f"closed with {self.close_code}")

    async def error(self) -> Message:
        error: Message = (await self.until("error"))["error"]
        return error

    async def settle(self) -> None:
        """Read until everything that was sent so far has been answered."""
        await self.send("conversation.item.retrieve", item_id="nothing", event_id="settle")
        while (await self.error())["event_id"] != "settle":
            pass

    async def closed(self) -> int | None:
        """Read until the server closes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                while True:
                    await self.next()
            except EOFError:
                return self.close_code

    def types(self, start: str | None = None) -> list[str]:
        """The types of all messages, from the first of `start` on; runs of one type count once."""
        kinds = [message["type"] for message in self.messages]
        kinds = kinds[kinds.index(start) :] if start else kinds
        return [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]

    def audio(self, item_id: str) -> bytes:
        """All audio of an item."""
        return b"".join(
            b64decode(message["delta"])
            for message in self.messages
            if message["type"] == "response.output_audio.delta" and message["item_id"] == item_id
        )

    def check(self) -> None:
        for message in self.messages:
            check_message(message)
        check_order(self.messages, self.placed_first)


@dataclass
class Served:
    client: TestClient[web.Request, web.Application]
    voice_socket: VoiceSocket
    model: LanguageModel
    recogniser: SpeechToText
    sessions: list[Session]
    greets: list[bool]
    """Of each session: whether the assistant may speak first."""

    @asynccontextmanager
    async def talk(self, path: str = "/v1/realtime?model=test", **options: Any) -> AsyncIterator[Talk]:
        """Connect, read `session.created`, and check everything at the end."""
        async with self.client.ws_connect(path, max_msg_size=64 * 1024 * 1024, **options) as socket:
            talk = Talk(socket)
            await talk.until("session.created")
            yield talk
            talk.check()


@asynccontextmanager
async def served(
    *,
    model: LanguageModel | None = None,
    recogniser: SpeechToText | None = None,
    voice: TextToSpeech | None = None,
    settings: SessionSettings | None = None,
    tools: Sequence[Tool] = (),
    keys: Sequence[str] = (),
    authenticate: Callable[[web.Request], Awaitable[Principal]] | None = None,
    voice_activity: Callable[[], VoiceActivityDetector] = LoudnessVoiceActivity,
    **options: Any,
) -> AsyncIterator[Served]:
    """A server on a port of its own."""
    model = model or ScriptedLanguageModel("It is late. Good night.")
    recogniser = recogniser or ScriptedSpeechToText("what time is it")
    voice = voice or ScriptedTextToSpeech(seconds_per_character=0.005)
    providers = Providers(recogniser, model, voice, voice_activity)
    sessions: list[Session] = []
    wishes: list[bool] = []

    def new_session(
        session_id: str, session_settings: SessionSettings, _assistant: str, *, greets: bool, **left: Any
    ) -> Session:
        wishes.append(greets)
        sessions.append(Session(session_id, session_settings, providers, tools, **left))
        return sessions[-1]

    def find_assistant(name: str | None) -> tuple[str, SessionSettings]:
        return name if name == "other" else "tester", settings or SessionSettings(instructions=INSTRUCTIONS)

    voice_socket = VoiceSocket(
        authenticate=authenticate or Authenticator(keys).authorize_session,
        find_assistant=find_assistant,
        new_session=new_session,
        **options,
    )
    app = web.Application(middlewares=[name_requests, answer_errors])
    app.add_routes(voice_socket.routes())
    app.on_shutdown.append(voice_socket.shut_down)
    async with TestClient(TestServer(app)) as client:
        yield Served(client, voice_socket, model, recogniser, sessions, wishes)


def speech(seconds: float) -> bytes:
    """A hiss, which the scripted detector takes for speech and nobody for an echo of the voice: pcm16, 24 kHz."""
    wave = np.random.default_rng(1).uniform(-8000, 8000, int(PCM_RATE * seconds))
    return bytes(wave.astype("<i2").tobytes())
