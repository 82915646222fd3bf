"""The peers' own voice agents, which our server is measured beside: a question, its answer, an interruption."""

import asyncio
import json
import time
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from benchmarks.emulators import openai
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.script import ANY, Script
from benchmarks.emulators.server import Server
from benchmarks.peers.environment import open_environment
from benchmarks.peers.targets import PACKAGES, Peer, peers
from benchmarks.targets import Vendors
from tests.peers.conversation.story import STORY

pytestmark = pytest.mark.timeout(900)

RATE = 24_000
FRAME_BYTES = RATE // 50 * 2
FRAME_SECONDS = 0.02
PATIENCE_SECONDS = 15.0
HEARD_SECONDS = 3.5
"""Before the interruption: in its first 3 s LiveKit lets nobody interrupt."""
AUDIBLE = 300


class Caller:
    """Speaks into a socket in real time, and keeps what comes out of it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting = b""
        self.audio = bytearray()
        self.messages: list[dict[str, str]] = []
        self._changed = asyncio.Event()

    def say(self, recording: Path) -> None:
        with wave.open(str(recording)) as file:
            self._waiting += file.readframes(file.getnframes())

    async def speak(self) -> None:
        due = time.monotonic()
        while True:
            frame, self._waiting = self._waiting[:FRAME_BYTES], self._waiting[FRAME_BYTES:]
            await self._socket.send_bytes(frame.ljust(FRAME_BYTES, b"\0"))
            due += FRAME_SECONDS
            await asyncio.sleep(due - time.monotonic())

    async def listen(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.BINARY:
                self.audio += message.data
            else:
                self.messages.append(json.loads(message.data))
            self._changed.set()

    async def heard(self, seconds: float) -> None:
        """Wait until there was so much sound that can be heard, silence not counted."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while np.count_nonzero(np.abs(np.frombuffer(self.audio, np.int16)) > AUDIBLE) < seconds * RATE / 2:
                await self._change()

    async def told(self, kind: str) -> dict[str, str]:
        """Wait for a message of this type."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := [message for message in self.messages if message["type"] == kind]):
                await self._change()
        return found[0]

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


@asynccontextmanager
async def call(url: str) -> AsyncGenerator[Caller, None]:
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as socket:
        caller = Caller(socket)
        tasks = [asyncio.create_task(caller.speak()), asyncio.create_task(caller.listen())]
        try:
            yield caller
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    for peer in PACKAGES:
        open_environment(peer)


@pytest.mark.parametrize("name", ["pipecat", "pipecat-tuned", "livekit", "livekit-vad", "livekit-tuned"])
async def test_it_answers_and_is_interrupted(name: str, recordings: Path) -> None:
    (target,) = (peer for peer in peers() if peer.name == name)
    assert isinstance(target, Peer)
    scene = Scene(Script(replies={ANY: [STORY]}))
    async with Server(openai.application(scene)) as vendor:
        vendors = Vendors(f"{vendor.url}/v1", "http://127.0.0.1:1")
        async with target.open(vendors, None) as endpoint, call(endpoint.url) as caller:
            session = await caller.told("session")
            caller.say(recordings / "speed_of_light_slt.wav")
            await caller.heard(HEARD_SECONDS)
            caller.messages.clear()
            caller.say(recordings / "molar_mass_slt.wav")
            await caller.told("clear")
            caller.audio.clear()
            await caller.heard(1.0)
    asked = [(exchange.request, exchange.session_id) for exchange in scene.exchanges]
    assert {session_id for _, session_id in asked} == {session["id"]}
    for request in ("transcription", "completion", "speech"):
        assert [kind for kind, _ in asked].count(request) >= 2
