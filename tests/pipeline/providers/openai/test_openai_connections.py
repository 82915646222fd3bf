"""Connections to the vendor are used again: a new handshake for every utterance would be heard as a delay."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import aiohttp.web
import numpy as np
import pytest
from aiohttp.typedefs import Handler
from openai import AsyncOpenAI

from benchmarks.emulators import openai
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.audio import FRAME_SAMPLES, AudioFrame
from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import (
    CompletionOptions,
    ModelMessage,
    Transcript,
    TranscriptionOptions,
    VoiceOptions,
)
from pipeline.providers.openai.client import WARM_CONNECTIONS, client, warm_up
from pipeline.providers.openai.language_model import OpenAILanguageModel
from pipeline.providers.openai.speech_to_text import OpenAIRealtimeTranscription, OpenAITranscription
from pipeline.providers.openai.text_to_speech import OpenAITextToSpeech
from tests.contracts.stages import given


async def hear(connection: AsyncOpenAI) -> None:
    frames = [AudioFrame(np.full(FRAME_SAMPLES, 999, np.int16), is_speech=True)] * 50
    heard = OpenAITranscription(connection).transcribe(given(frames), TranscriptionOptions("s"))
    async with aclosing(heard) as transcripts:
        async for transcript in transcripts:
            if transcript.is_final:
                # Whoever has the words does not wait for the end of the stream.
                return


async def write(connection: AsyncOpenAI) -> None:
    deltas = OpenAILanguageModel(connection).complete([ModelMessage("user", "hi")], CompletionOptions("s"))
    assert [delta async for delta in deltas]


async def say(connection: AsyncOpenAI) -> None:
    chunks = OpenAITextToSpeech(connection).speak(given(["Hello. "]), VoiceOptions("s"))
    assert [chunk async for chunk in chunks]


@pytest.mark.parametrize("ask", [hear, write, say])
async def test_one_connection_serves_one_request_after_the_other(ask: Callable[[AsyncOpenAI], Awaitable[None]]) -> None:
    ports = []

    @aiohttp.web.middleware
    async def counted(request: aiohttp.web.Request, handler: Handler) -> aiohttp.web.StreamResponse:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return await handler(request)

    app = openai.application(Scene())
    app.middlewares.append(counted)
    async with Server(app) as server, client("sk-test", f"{server.url}/v1") as connection:
        for _ in range(3):
            await ask(connection)
    assert len(ports) == 3
    assert len(set(ports)) == 1


async def test_words_are_not_lost_with_the_end_of_the_stream() -> None:
    async def never_ends(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        await request.read()
        response = aiohttp.web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'data: {"type": "transcript.text.done", "text": "hello"}\n\n')
        await asyncio.Event().wait()
        return response

    app = aiohttp.web.Application()
    app.router.add_post("/v1/audio/transcriptions", never_ends)
    frames = [AudioFrame(np.full(FRAME_SAMPLES, 999, np.int16), is_speech=True)] * 50
    async with Server(app) as server, client("sk-test", f"{server.url}/v1") as connection:
        heard = OpenAITranscription(connection).transcribe(given(frames), TranscriptionOptions("s"))
        assert [transcript async for transcript in heard] == [Transcript("hello", is_final=True)]


@pytest.mark.parametrize("ask", [hear, write, say])
async def test_the_first_request_after_warming_up_opens_no_connection(
    ask: Callable[[AsyncOpenAI], Awaitable[None]],
) -> None:
    async with (
        Server(openai.application(Scene())) as server,
        client("sk-test", f"{server.url}/v1") as connection,
    ):
        await warm_up(connection)
        warm = server.connections
        # One that is ready early may serve another of the requests that open them.
        assert 2 <= warm <= WARM_CONNECTIONS
        await asyncio.gather(ask(connection), ask(connection))
        assert server.connections == warm
        await warm_up(connection)
        assert server.connections <= WARM_CONNECTIONS


async def test_nobody_to_warm_up_is_no_failure() -> None:
    async with Server(openai.application(Scene(keys=frozenset({"sk-right"})))) as server:
        async with client("sk-wrong", f"{server.url}/v1") as connection:
            await warm_up(connection)
            assert server.connections == WARM_CONNECTIONS
        url = server.url
    async with client("sk-test", f"{url}/v1") as connection:
        await warm_up(connection)


def test_what_only_the_socket_needs_is_not_imported_for_requests() -> None:
    code = "import sys, pipeline.providers.openai.speech_to_text; sys.exit('openai.types.realtime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_an_event_that_is_none_says_nothing() -> None:
    async def talks_nonsense(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        for event in ("[]", "{}", '{"type": "error", "error": {"message": "No more.", "type": "server_error"}}'):
            await socket.send_str(event)
        async for _ in socket:
            pass
        return socket

    app = aiohttp.web.Application()
    app.router.add_get("/v1/realtime", talks_nonsense)
    frames = [AudioFrame(np.full(FRAME_SAMPLES, 999, np.int16), is_speech=True)] * 50
    async with Server(app) as server, client("sk-test", f"{server.url}/v1") as connection:
        heard = OpenAIRealtimeTranscription(connection).transcribe(given(frames), TranscriptionOptions("s"))
        with pytest.raises(ProviderUnavailable, match="No more"):
            await anext(heard)
