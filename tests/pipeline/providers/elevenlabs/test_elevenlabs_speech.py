"""What ElevenLabs' speech socket is asked, and what is made of messages that its documentation does not promise."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import aiohttp.web
import numpy as np
import pytest

from benchmarks.emulators.server import Server
from pipeline.errors import ProviderError
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.interfaces import SpeechChunk, VoiceOptions
from tests.contracts.stages import ENOUGH_SECONDS, given, until

AUDIO = np.arange(4_800, dtype=np.int16)


@dataclass
class Imitation:
    """A vendor that answers each flushed text with the next messages, and keeps what it was asked."""

    answers: Sequence[Sequence[dict[str, Any]]]
    last: Sequence[dict[str, Any]] = ({"isFinal": True},)
    asked: list[dict[str, Any]] = field(default_factory=list)
    query: dict[str, str] = field(default_factory=dict)

    async def socket(self, request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        self.query = dict(request.query)
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        answers = iter(self.answers)
        async for message in socket:
            self.asked.append(message.json())
            ended = not self.asked[-1]["text"]
            for answer in self.last if ended else next(answers, ()) if self.asked[-1].get("flush") else ():
                await socket.send_json(answer)
        return socket

    async def say(self, clauses: list[str], options: VoiceOptions) -> list[SpeechChunk]:
        app = aiohttp.web.Application()
        app.router.add_get("/v1/text-to-speech/{voice}/stream-input", self.socket)
        async with Server(app) as server:
            return [chunk async for chunk in ElevenLabsTextToSpeech("k", server.url).speak(given(clauses), options)]


def audio(samples: np.ndarray[Any, Any] | bytes, **fields: Any) -> dict[str, Any]:
    content = samples if isinstance(samples, bytes) else samples.tobytes()
    return {"audio": base64.b64encode(content).decode(), **fields}


def text(spoken: Sequence[SpeechChunk]) -> str:
    return "".join(piece.text for chunk in spoken for piece in chunk.spoken)


async def test_what_is_asked() -> None:
    imitation = Imitation([[audio(AUDIO)], [audio(AUDIO)]])
    await imitation.say(["Hello there,", " ", " you. "], VoiceOptions("s", language="de", speed=2.0))
    assert imitation.asked == [
        {"text": " ", "voice_settings": {"speed": 1.2}},
        {"text": "Hello there, ", "flush": True},
        {"text": "you. ", "flush": True},
        {"text": ""},
    ]
    assert imitation.query == {
        "model_id": "eleven_flash_v2_5",
        "output_format": "pcm_24000",
        "sync_alignment": "true",
        "inactivity_timeout": "180",
        "language_code": "de",
    }


async def test_audio_without_any_alignment_still_accounts_for_the_text() -> None:
    spoken = await Imitation([[audio(AUDIO, alignment=None)]]).say(["Hello there."], VoiceOptions("s"))
    assert text(spoken) == "Hello there."
    assert np.array_equal(np.concatenate([chunk.samples for chunk in spoken]), AUDIO)


async def test_a_sample_may_be_cut_in_two_between_messages() -> None:
    content = AUDIO.tobytes()
    spoken = await Imitation([[audio(content[:1001]), audio(content[1001:])]]).say(["Hello."], VoiceOptions("s"))
    assert np.array_equal(np.concatenate([chunk.samples for chunk in spoken]), AUDIO)


async def test_the_end_of_what_was_flushed_is_not_the_end_of_the_speech() -> None:
    async def clauses() -> AsyncIterator[str]:
        yield "One. "
        while not imitation.heard_end_of_first:
            await until(lambda: bool(spoken))
            imitation.heard_end_of_first = True
        yield "Two."

    @dataclass
    class Flushing(Imitation):
        heard_end_of_first: bool = False

    imitation = Flushing([[{"audio": None, "isFinal": True}, audio(AUDIO)], [audio(AUDIO)]])
    spoken: list[SpeechChunk] = []
    app = aiohttp.web.Application()
    app.router.add_get("/v1/text-to-speech/{voice}/stream-input", imitation.socket)
    async with Server(app) as server:
        speech = ElevenLabsTextToSpeech("k", server.url).speak(clauses(), VoiceOptions("s"))
        async with aclosing(speech) as stream:
            async for chunk in stream:
                spoken.append(chunk)  # noqa: PERF401 it is looked at meanwhile
    assert sum(len(chunk.samples) for chunk in spoken) == 2 * len(AUDIO)
    assert text(spoken) == "One. Two."


async def test_an_error_in_the_middle_is_told_in_the_vendor_s_words() -> None:
    quota = {"message": "You have 3 credits left.", "error": "quota_exceeded", "code": 1008}
    with pytest.raises(ProviderError, match=r"You have 3 credits left\. Add credit to the account\.") as failure:
        await Imitation([[audio(AUDIO), quota]]).say(["Hello."], VoiceOptions("s"))
    assert failure.value.code == "provider_quota_exceeded"


async def test_a_ping_is_answered_while_nobody_takes_the_speech() -> None:
    ponged = asyncio.Event()

    async def vendor(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        socket = aiohttp.web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        for _ in range(200):
            await socket.send_json(audio(AUDIO))
        await socket.ping()
        async for message in socket:
            if message.type is aiohttp.WSMsgType.PONG:
                ponged.set()
        return socket

    app = aiohttp.web.Application()
    app.router.add_get("/v1/text-to-speech/{voice}/stream-input", vendor)
    async with Server(app) as server:
        speech = ElevenLabsTextToSpeech("k", server.url).speak(given(["A long story."]), VoiceOptions("s"))
        async with aclosing(speech) as stream:
            await anext(stream)
            async with asyncio.timeout(ENOUGH_SECONDS):
                await ponged.wait()
