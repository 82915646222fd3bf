"""Every stage and everything that a vendor can do wrong, over real sockets and with the deadlines that are in force.

With a second provider that works the stage still delivers within 4 s; alone it fails clearly within its deadline. The
next call works each time.
"""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import pytest

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.faults import Fault, FaultKind, Faults
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.errors import ProviderError
from pipeline.providers.elevenlabs.speech_to_text import ElevenLabsSpeechToText
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.failover import LanguageModels, SpeechToTexts, TextToSpeeches, candidate
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelMessage,
    SpeechChunk,
    TextDelta,
    TranscriptionOptions,
    VoiceOptions,
)
from pipeline.providers.openai.client import client
from pipeline.providers.openai.language_model import OpenAILanguageModel
from pipeline.providers.openai.speech_to_text import OpenAIRealtimeTranscription, OpenAITranscription
from pipeline.providers.openai.text_to_speech import OpenAITextToSpeech
from pipeline.providers.race import MOST_LATE_SECONDS
from tests.contracts.stages import frames, given, own_tasks

AUDIBLE_SECONDS = 4.0
LATE_AUDIBLE_SECONDS = AUDIBLE_SECONDS + MOST_LATE_SECONDS
"""While this process was late itself: a deadline does not count that time."""
CLAUSES = ["It is a quarter past four, ", "and the sun is shining."]

Make = Callable[[str, Any], Any]
"""A provider from the address of its vendor and a client of OpenAI's."""

PROVIDERS: dict[str, dict[str, Make]] = {
    "STT": {
        "openai": lambda url, connection: OpenAITranscription(connection, "whisper-1"),
        "openai-streamed": lambda url, connection: OpenAITranscription(connection),
        "openai-realtime": lambda url, connection: OpenAIRealtimeTranscription(connection),
        "elevenlabs": lambda url, connection: ElevenLabsSpeechToText("key", url),
    },
    "LLM": {"openai": lambda url, connection: OpenAILanguageModel(connection)},
    "TTS": {
        "openai": lambda url, connection: OpenAITextToSpeech(connection),
        "elevenlabs": lambda url, connection: ElevenLabsTextToSpeech("key", url),
    },
}
STAGES = {"STT": SpeechToTexts, "LLM": LanguageModels, "TTS": TextToSpeeches}
ALL = [(stage, vendor) for stage, vendors in PROVIDERS.items() for vendor in vendors]


async def everything(stage: Any, heard: list[float]) -> None:
    """Ask for something and take all of it; note the seconds to the first value that counts."""
    start, is_first = time.monotonic(), True
    async with aclosing(asked(stage)) as values:
        async for _ in values:
            if is_first:
                heard.append(time.monotonic() - start)
            is_first = False
    assert not is_first, "something came"


async def asked(stage: Any) -> AsyncGenerator[object, None]:
    """The values that a conversation can use; whatever is incomplete is an error."""
    if isinstance(stage, SpeechToTexts):
        async for transcript in stage.transcribe(given(frames(1.0)), TranscriptionOptions("s")):
            if transcript.is_final:
                assert transcript.text == "I spoke for 1000 milliseconds."
                yield transcript
    elif isinstance(stage, LanguageModels):
        last: object = None
        async for last in stage.complete([ModelMessage("user", "Hello there.")], CompletionOptions("s")):
            if isinstance(last, TextDelta):
                yield last
        assert isinstance(last, Completed)
    else:
        chunks: list[SpeechChunk] = []
        async for chunk in stage.speak(given(CLAUSES), VoiceOptions("s")):
            chunks.append(chunk)
            if len(chunk.samples):
                yield chunk
        assert "".join(piece.text for chunk in chunks for piece in chunk.spoken) == "".join(CLAUSES)


@asynccontextmanager
async def opened(kind: str, vendor: str, url: str | None = None) -> AsyncIterator[tuple[Any, Scene]]:
    """A provider with its vendor; with another address, there is nobody it knows."""
    scene = Scene(faults=Faults())
    application = elevenlabs if vendor == "elevenlabs" else openai
    async with Server(application.application(scene)) as server:
        address = url or server.url
        async with client("sk-test", f"{address}/v1") as connection:
            yield PROVIDERS[kind][vendor](address, connection), scene


def alone(kind: str, provider: Any) -> Any:
    return STAGES[kind]([candidate(kind, provider)])  # type: ignore[arg-type]


def followed(kind: str, provider: Any, second: Any) -> Any:
    return STAGES[kind]([candidate(kind, provider), candidate(kind, second)])  # type: ignore[arg-type]


def cannot_be_told(kind: str, vendor: str, fault: FaultKind) -> bool:
    """Samples without a frame around them look like any other bytes."""
    return (kind, vendor, fault) == ("TTS", "openai", FaultKind.GARBAGE)


def breaks_off_a_reply(kind: str, fault: FaultKind) -> bool:
    """What is given cannot be taken back: a reply that breaks off when some of it was heard has failed."""
    return kind != "STT" and fault in (FaultKind.HANG_MIDWAY, FaultKind.CLOSE_MIDWAY, FaultKind.DRIP)


@pytest.mark.parametrize(("kind", "vendor"), ALL)
async def test_with_a_second_provider_the_stage_delivers(kind: str, vendor: str) -> None:
    async def struck(fault: FaultKind, stage: Any, scene: Scene) -> None:
        scene.faults.add(Fault(fault))
        for _ in range(2):
            heard: list[float] = []
            try:
                await everything(stage, heard)
            except ProviderError:
                assert breaks_off_a_reply(kind, fault), fault
            assert heard, fault
            assert heard[0] < LATE_AUDIBLE_SECONDS, fault
        scene.faults.clear()
        await everything(stage, heard)
        assert heard[-1] < LATE_AUDIBLE_SECONDS, fault

    async with AsyncExitStack() as stack:
        second, _ = await stack.enter_async_context(opened(kind, vendor))
        matrix = []
        for fault in FaultKind:
            if not cannot_be_told(kind, vendor, fault):
                provider, scene = await stack.enter_async_context(opened(kind, vendor))
                matrix.append((fault, followed(kind, provider, second), scene))
        await asyncio.gather(*(struck(*cell) for cell in matrix))
    assert not own_tasks()


@pytest.mark.parametrize(("kind", "vendor"), ALL)
async def test_alone_it_fails_clearly_within_its_deadline(kind: str, vendor: str) -> None:
    async def struck(fault: FaultKind, stage: Any, scene: Scene) -> None:
        scene.faults.add(Fault(fault))
        start, heard, failed = time.monotonic(), list[float](), False
        try:
            await everything(stage, heard)
        except ProviderError:
            failed = True
        assert heard or time.monotonic() - start < LATE_AUDIBLE_SECONDS, fault
        # Half a second between two pieces is late, but what comes is whole.
        assert failed or fault is FaultKind.DRIP
        scene.faults.clear()
        await everything(stage, heard)
        assert heard[-1] < LATE_AUDIBLE_SECONDS, fault

    async with AsyncExitStack() as stack:
        matrix = []
        for fault in FaultKind:
            if not cannot_be_told(kind, vendor, fault):
                provider, scene = await stack.enter_async_context(opened(kind, vendor))
                matrix.append((fault, alone(kind, provider), scene))
        await asyncio.gather(*(struck(*cell) for cell in matrix))
    assert not own_tasks()


@asynccontextmanager
async def never_accepting() -> AsyncIterator[str]:
    """An address at which a connection is never made: as many as may wait are waiting already."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        with socket.socket() as first, socket.socket() as second:
            for waiting in (first, second):
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.1", port))
            yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def never_answering() -> AsyncIterator[str]:
    """An address at which connections are made, and nothing is ever read, written or closed."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("nobody", [never_accepting, never_answering])
async def test_an_address_where_nobody_is(nobody: Callable[[], Any]) -> None:
    async def with_a_second(stage: Any) -> None:
        heard: list[float] = []
        await everything(stage, heard)
        await everything(stage, heard)
        assert max(heard) < LATE_AUDIBLE_SECONDS

    async def without(stage: Any) -> None:
        start = time.monotonic()
        with pytest.raises(ProviderError):
            await everything(stage, [])
        assert time.monotonic() - start < LATE_AUDIBLE_SECONDS

    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(nobody())
        calls = []
        for kind, vendor in ALL:
            provider, _ = await stack.enter_async_context(opened(kind, vendor, url))
            second, _ = await stack.enter_async_context(opened(kind, vendor))
            calls += [with_a_second(followed(kind, provider, second)), without(alone(kind, provider))]
        await asyncio.gather(*calls)
    assert not own_tasks()
