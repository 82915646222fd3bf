"""OpenAI's speech: clauses asked for ahead, said in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp.web
import numpy as np
import orjson
import pytest

from benchmarks.emulators.server import Server
from pipeline.errors import ProviderError
from pipeline.providers.interfaces import SpeechChunk, VoiceOptions
from pipeline.providers.openai.client import client
from pipeline.providers.openai.text_to_speech import OpenAITextToSpeech
from tests.contracts.stages import given, until

OPTIONS = VoiceOptions("s")
CLAUSES = ["one, ", "two, ", "three, ", "four, ", "five."]
Answer = Callable[[str, aiohttp.web.StreamResponse], Awaitable[None]]


class Imitation:
    """A vendor whose answer to each clause is a function of the test's."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[dict[str, Any]] = []

    async def speech(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        self.asked.append(orjson.loads(await request.read()))
        response = aiohttp.web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await response.prepare(request)
        await self._answer(self.asked[-1]["input"], response)
        return response

    @asynccontextmanager
    async def voice(self) -> AsyncIterator[OpenAITextToSpeech]:
        app = aiohttp.web.Application()
        app.router.add_post("/v1/audio/speech", self.speech)
        async with Server(app) as server, client("sk-test", f"{server.url}/v1") as connection:
            yield OpenAITextToSpeech(connection)

    @property
    def texts(self) -> list[str]:
        return [asked["input"] for asked in self.asked]


def tone(text: str) -> "np.ndarray[Any, np.dtype[np.int16]]":
    return np.full(1_000, len(text), dtype=np.int16)


async def at_once(text: str, response: aiohttp.web.StreamResponse) -> None:
    await response.write(tone(text).tobytes())


def text(spoken: list[SpeechChunk]) -> str:
    return "".join(piece.text for chunk in spoken for piece in chunk.spoken)


async def test_what_is_asked() -> None:
    imitation = Imitation(at_once)
    async with imitation.voice() as voice:
        for options in (OPTIONS, VoiceOptions("s", voice="nova", speed=9.0), VoiceOptions("s", voice="nobody")):
            assert [chunk async for chunk in voice.speak(given(["Hello. "]), options)]
    plain = {"input": "Hello.", "model": "gpt-4o-mini-tts", "voice": "marin", "response_format": "pcm"}
    assert imitation.asked == [plain, plain | {"voice": "nova", "speed": 4.0}, plain]


async def test_clauses_are_asked_for_ahead_but_not_all_of_them() -> None:
    never = asyncio.Event()

    async def first_then_hang(clause: str, response: aiohttp.web.StreamResponse) -> None:
        await at_once(clause, response)
        await never.wait()

    imitation = Imitation(first_then_hang)
    async with imitation.voice() as voice, aclosing(voice.speak(given(CLAUSES), OPTIONS)) as stream:
        assert len((await anext(stream)).samples) > 0
        await until(lambda: len(imitation.asked) == 3)
        for _ in range(100):
            await asyncio.sleep(0)
        assert sorted(imitation.texts) == ["one,", "three,", "two,"]


async def test_clauses_are_said_in_order_whichever_is_ready_first() -> None:
    second_is_ready = asyncio.Event()

    async def second_first(clause: str, response: aiohttp.web.StreamResponse) -> None:
        if clause == "one,":
            await second_is_ready.wait()
        await at_once(clause, response)
        if clause == "two,":
            second_is_ready.set()

    async with Imitation(second_first).voice() as voice:
        spoken = [chunk async for chunk in voice.speak(given(CLAUSES), OPTIONS)]
    assert text(spoken) == "".join(CLAUSES)
    audio = np.concatenate([chunk.samples for chunk in spoken])
    assert np.array_equal(audio, np.concatenate([tone(clause.strip()) for clause in CLAUSES]))


async def test_a_sample_may_be_cut_in_two_between_chunks() -> None:
    async def cut(clause: str, response: aiohttp.web.StreamResponse) -> None:
        content = tone(clause).tobytes()
        for start in range(0, len(content), 333):
            await response.write(content[start : start + 333])
            await asyncio.sleep(0)

    async with Imitation(cut).voice() as voice:
        spoken = [chunk async for chunk in voice.speak(given(["Hello."]), OPTIONS)]
    assert np.array_equal(np.concatenate([chunk.samples for chunk in spoken]), tone("Hello."))


async def test_what_was_made_before_a_failure_is_said_before_it_is_told() -> None:
    async def second_is_empty(clause: str, response: aiohttp.web.StreamResponse) -> None:
        if clause != "two,":
            await at_once(clause, response)

    async with Imitation(second_is_empty).voice() as voice, aclosing(voice.speak(given(CLAUSES), OPTIONS)) as stream:
        assert text([await anext(stream), await anext(stream)]) == "one, "
        with pytest.raises(ProviderError, match="has no sound"):
            await anext(stream)


async def test_text_instead_of_audio_is_not_played() -> None:
    async def page(_: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response(text="<html>Welcome!</html>", content_type="text/html")

    app = aiohttp.web.Application()
    app.router.add_post("/v1/audio/speech", page)
    async with Server(app) as server, client("sk-test", f"{server.url}/v1") as connection:
        with pytest.raises(ProviderError, match="Check OPENAI_BASE_URL"):
            await anext(OpenAITextToSpeech(connection).speak(given(["Hello."]), OPTIONS))
