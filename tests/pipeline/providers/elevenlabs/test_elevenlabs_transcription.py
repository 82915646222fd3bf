"""ElevenLabs' transcription: what the vendor commits by itself."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp.web
import numpy as np
import orjson

from benchmarks.emulators.server import Server
from pipeline.audio import FRAME_SAMPLES, AudioFrame
from pipeline.providers.divided_speech import PIECE_FRAMES
from pipeline.providers.elevenlabs.speech_to_text import ElevenLabsSpeechToText
from pipeline.providers.interfaces import Transcript, TranscriptionOptions

FRAME = AudioFrame(np.full(FRAME_SAMPLES, 999, np.int16), is_speech=True)


async def test_a_long_utterance_that_the_vendor_commits_in_parts_keeps_all_its_words() -> None:
    told = asyncio.Event()

    async def socket(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        for kind, text in (("partial", "once upon"), ("committed", "once upon a time"), ("partial", "there was")):
            await socket.send_json({"message_type": f"{kind}_transcript", "text": text})
        async for message in socket:
            if orjson.loads(message.data)["commit"]:
                await socket.send_json({"message_type": "committed_transcript", "text": "there was a king"})
        return socket

    async def audio() -> AsyncIterator[AudioFrame]:
        for _ in range(PIECE_FRAMES):
            yield FRAME
        await told.wait()
        yield FRAME

    app = aiohttp.web.Application()
    app.router.add_get("/v1/speech-to-text/realtime", socket)
    transcripts = []
    async with Server(app) as server:
        stream = ElevenLabsSpeechToText("key", server.url).transcribe(audio(), TranscriptionOptions("s"))
        async for transcript in stream:
            transcripts.append(transcript)
            if len(transcripts) == 3:
                told.set()
    assert transcripts == [
        Transcript("once upon", is_final=False),
        Transcript("once upon a time", is_final=False),
        Transcript("once upon a time there was", is_final=False),
        Transcript("once upon a time there was a king", is_final=True),
    ]
