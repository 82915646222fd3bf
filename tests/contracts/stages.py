"""Every implementation of the provider Protocols, with the vendor that it needs."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.faults import Fault, FaultKind
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, AudioFrame
from pipeline.deadlines import with_deadlines
from pipeline.providers.elevenlabs.speech_to_text import ElevenLabsSpeechToText
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.embedded.speech_to_text import EmbeddedSpeechToText
from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech
from pipeline.providers.failover import LanguageModels, SpeechToTexts, TextToSpeeches, candidate
from pipeline.providers.openai.client import client
from pipeline.providers.openai.language_model import OpenAILanguageModel
from pipeline.providers.openai.speech_to_text import OpenAIRealtimeTranscription, OpenAITranscription
from pipeline.providers.openai.text_to_speech import OpenAITextToSpeech
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech

T = TypeVar("T")

ENOUGH_SECONDS = 20.0
"""For anything that works, on a machine that is busy with other things."""
TINY_SECONDS = 0.2
"""For what never comes."""
HANGING = frozenset((FaultKind.HANG_ON_CONNECT, FaultKind.HALF_OPEN, FaultKind.HANG_MIDWAY, FaultKind.DRIP))
"""Faults that only a deadline notices."""


@dataclass(frozen=True)
class Alone:
    """A provider without a vendor behind it, or whose vendor does not matter."""

    provider: Any

    @asynccontextmanager
    async def leaving_nothing(self) -> AsyncIterator[None]:
        """What the block starts has ended with it."""
        before = own_tasks()
        yield
        assert own_tasks() <= before


@dataclass(frozen=True)
class Stage(Alone):
    """A provider and the vendor behind it."""

    scene: Scene
    server: Server

    def breaks(self, kind: FaultKind) -> None:
        """The next request goes wrong."""
        self.scene.faults.add(Fault(kind, times=1))

    @asynccontextmanager
    async def leaving_nothing(self) -> AsyncIterator[None]:
        """What the block starts has ended with it, at the vendor too; idle connections may be kept for the next."""
        async with super().leaving_nothing():
            yield
        await until(lambda: not self.server.active and not socket_tasks())


def own_tasks() -> set[asyncio.Task[Any]]:
    """The tasks of the project's own coroutines, tests left aside."""
    return {task for task in asyncio.all_tasks() if "/pipeline/" in _file(task) and "/tests/" not in _file(task)}


def socket_tasks() -> list[str]:
    """The tasks of open client sockets."""
    return [task.get_name() for task in asyncio.all_tasks() if "/websockets/" in _file(task)]


def _file(task: asyncio.Task[Any]) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return code.co_filename if code else ""


@asynccontextmanager
async def with_openai(make: Callable[[Any], Any]) -> AsyncIterator[Stage]:
    scene = Scene()
    async with Server(openai.application(scene)) as server:
        async with client("sk-test", f"{server.url}/v1") as connection:
            yield Stage(make(connection), scene, server)
        await until(lambda: not server.connections)


@asynccontextmanager
async def with_elevenlabs(make: Callable[[str, str], Any]) -> AsyncIterator[Stage]:
    scene = Scene()
    async with Server(elevenlabs.application(scene)) as server:
        yield Stage(make("xi-test", server.url), scene, server)
        await until(lambda: not server.connections)


Opening = Callable[[], AbstractAsyncContextManager[Stage]]

SPEECH_TO_TEXT: dict[str, Opening] = {
    "openai": lambda: with_openai(OpenAITranscription),
    "openai-whisper": lambda: with_openai(lambda connection: OpenAITranscription(connection, "whisper-1")),
    "openai-realtime": lambda: with_openai(OpenAIRealtimeTranscription),
    "elevenlabs": lambda: with_elevenlabs(ElevenLabsSpeechToText),
}
LANGUAGE_MODEL: dict[str, Opening] = {"openai": lambda: with_openai(OpenAILanguageModel)}
TEXT_TO_SPEECH: dict[str, Opening] = {
    "openai": lambda: with_openai(OpenAITextToSpeech),
    "elevenlabs": lambda: with_elevenlabs(ElevenLabsTextToSpeech),
}


@asynccontextmanager
async def alone(provider: Any) -> AsyncIterator[Alone]:
    if hasattr(provider, "__aenter__"):
        async with provider:
            yield Alone(provider)
    else:
        yield Alone(provider)


ANY_SPEECH_TO_TEXT: dict[str, Callable[[], AbstractAsyncContextManager[Alone]]] = {
    **SPEECH_TO_TEXT,
    "scripted": lambda: alone(ScriptedSpeechToText("I spoke for a while.")),
    "several": lambda: alone(SpeechToTexts([candidate("STT", ScriptedSpeechToText("I spoke for a while."))] * 2)),
    "embedded": lambda: alone(EmbeddedSpeechToText(workers=1)),
}
ANY_LANGUAGE_MODEL: dict[str, Callable[[], AbstractAsyncContextManager[Alone]]] = {
    **LANGUAGE_MODEL,
    "scripted": lambda: alone(ScriptedLanguageModel("I heard this: why is the sky blue?")),
    "several": lambda: alone(
        LanguageModels([candidate("LLM", ScriptedLanguageModel("I heard this: why is the sky blue?"))] * 2)
    ),
}
ANY_TEXT_TO_SPEECH: dict[str, Callable[[], AbstractAsyncContextManager[Alone]]] = {
    **TEXT_TO_SPEECH,
    "scripted": lambda: alone(ScriptedTextToSpeech()),
    "several": lambda: alone(TextToSpeeches([candidate("TTS", ScriptedTextToSpeech())] * 2)),
    "embedded": lambda: alone(EmbeddedTextToSpeech()),
}


def frames(seconds: float) -> list[AudioFrame]:
    """Something to hear."""
    count = round(seconds * INPUT_RATE / FRAME_SAMPLES)
    hum = (3000 * np.sin(np.arange(FRAME_SAMPLES) / 8)).astype(np.int16)
    return [AudioFrame(hum, is_speech=True)] * count


def silence(seconds: float, *, marked: bool) -> list[AudioFrame]:
    """Nothing to hear; the last frame of it may be the last of the utterance if it is marked."""
    quiet = np.zeros(FRAME_SAMPLES, dtype=np.int16)
    count = round(seconds * INPUT_RATE / FRAME_SAMPLES)
    return [AudioFrame(quiet, False, marked and number == count - 1) for number in range(count)]


async def given(values: list[T]) -> AsyncGenerator[T, None]:
    """All values, one after the other."""
    for value in values:
        yield value


async def gathered(stream: AsyncGenerator[T, None], seconds: float = ENOUGH_SECONDS) -> list[T]:
    """Everything that a provider gives."""
    async with contextlib.aclosing(with_deadlines(stream, seconds, seconds, "The provider")) as values:
        return [value async for value in values]


def patience(kind: FaultKind) -> float:
    """The deadline for a request that is struck, in seconds."""
    return TINY_SECONDS if kind in HANGING else ENOUGH_SECONDS


async def until(condition: Callable[[], bool]) -> None:
    """Let the other end of a socket work until something holds."""
    async with asyncio.timeout(ENOUGH_SECONDS):
        while not condition():  # noqa: ASYNC110 the other end has no event that we may wait for
            await asyncio.sleep(0)
