"""ElevenLabs' refusals: what happened, and what to do."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from benchmarks.emulators import elevenlabs
from benchmarks.emulators.faults import Fault, FaultKind
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.providers.elevenlabs import socket
from pipeline.providers.elevenlabs.speech_to_text import ElevenLabsSpeechToText
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.interfaces import TranscriptionOptions, VoiceOptions
from tests.contracts.stages import frames, given


async def failure_of(stream: Any) -> ProviderUnavailable:
    async with aclosing(stream):
        with pytest.raises(ProviderUnavailable) as failure:
            async for _ in stream:
                pass
    return failure.value


def speak(server: Server, key: str = "right", voice: str | None = None) -> Any:
    return ElevenLabsTextToSpeech(key, server.url).speak(given(["Hello there."]), VoiceOptions("s", voice))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server(elevenlabs.application(Scene(keys=frozenset({"right"})))) as server:
        yield server


async def test_a_wrong_key_is_told_after_the_socket_is_open(server: Server) -> None:
    error = await failure_of(speak(server, key="wrong"))
    assert error.message == "ElevenLabs' speech was refused: Invalid API key. Check ELEVENLABS_API_KEY."
    assert (error.code, error.retryable) == ("provider_key_rejected", False)


async def test_a_wrong_key_for_transcription(server: Server) -> None:
    hearing = ElevenLabsSpeechToText("wrong", server.url)
    error = await failure_of(hearing.transcribe(given(frames(1.0)), TranscriptionOptions("s")))
    assert "Check ELEVENLABS_API_KEY." in error.message


async def test_an_unknown_voice(server: Server) -> None:
    error = await failure_of(speak(server, voice="00000000000000000000"))
    assert "A voice with voice_id 00000000000000000000 does not exist. Check the voice's id." in error.message
    assert (error.code, error.retryable) == ("provider_voice_unknown", False)


async def test_too_many_requests() -> None:
    scene = Scene()
    scene.faults.add(Fault(FaultKind.TOO_MANY_REQUESTS))
    async with Server(elevenlabs.application(scene)) as server:
        error = await failure_of(speak(server))
    assert (error.code, error.retryable) == ("provider_rate_limited", True)


async def test_a_name_of_a_voice(server: Server) -> None:
    async with aclosing(speak(server, voice="Rachel")) as stream:
        assert len((await anext(stream)).samples)


async def test_a_vendor_that_does_not_open_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "OPEN_SECONDS", 0.05)
    scene = Scene()
    scene.faults.add(Fault(FaultKind.HANG_ON_CONNECT))
    async with Server(elevenlabs.application(scene)) as server:
        with pytest.raises(ProviderTimeout, match="ElevenLabs' speech did not answer in time"):
            await anext(speak(server))
