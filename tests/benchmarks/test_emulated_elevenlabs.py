"""The emulated ElevenLabs, asked as its documentation says."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
import pytest

from benchmarks.emulators import elevenlabs, tones
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server

RACHEL = "/v1/text-to-speech/21m00Tcm4TlvDq8ikWAM"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        Server(elevenlabs.application(Scene())) as server,
        aiohttp.ClientSession(server.url, headers={"xi-api-key": "test"}) as session,
    ):
        yield session


async def test_voices(http: aiohttp.ClientSession) -> None:
    async with http.get("/v1/voices") as response:
        assert "Rachel" in [voice["name"] for voice in (await response.json())["voices"]]


async def test_speech_by_request(http: aiohttp.ClientSession) -> None:
    async with http.post(f"{RACHEL}/stream", json={"text": "Good morning."}) as response:
        assert np.array_equal(np.frombuffer(await response.read(), np.int16), tones.speech("Good morning.").samples)
    async with http.post("/v1/text-to-speech/nobody/stream", json={"text": "Good morning."}) as response:
        assert response.status == 404
        assert (await response.json())["detail"]["status"] == "voice_not_found"


async def messages(socket: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    return [message.json() async for message in socket]


async def test_alignment_with_every_chunk_or_only_the_first(http: aiohttp.ClientSession) -> None:
    for query, aligned in (("?sync_alignment=true", True), ("", False)):
        async with http.ws_connect(f"{RACHEL}/stream-input{query}") as socket:
            for text in (" ", "A fairly long sentence. ", ""):
                await socket.send_json({"text": text})
            *chunks, last = await messages(socket)
        assert last == {"audio": None, "isFinal": True}
        assert [chunk["alignment"] is not None for chunk in chunks] == [True] + [aligned] * (len(chunks) - 1)
        if aligned:
            told = "".join(letter for chunk in chunks for letter in chunk["alignment"]["chars"])
            assert told.strip() == "A fairly long sentence."
            assert all(0 <= time < 200 for chunk in chunks for time in chunk["alignment"]["charStartTimesMs"])
        audio = b"".join(base64.b64decode(chunk["audio"]) for chunk in chunks)
        assert audio == tones.speech("A fairly long sentence. ").samples.tobytes()


async def test_nothing_is_said_before_it_is_asked_for(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(f"{RACHEL}/stream-input?inactivity_timeout=0.01") as socket:
        await socket.send_json({"text": "Not yet. "})
        (refusal,) = await messages(socket)
        assert (refusal["error"], socket.close_code) == ("input_timeout_exceeded", 1008)


async def test_a_commit_of_too_little_audio_is_ignored(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/v1/speech-to-text/realtime") as socket:
        assert (await socket.receive_json())["message_type"] == "session_started"
        await socket.send_json({"message_type": "input_audio_chunk", "audio_base_64": "AAAA", "commit": True})
        assert (await socket.receive_json())["message_type"] == "commit_throttled"
