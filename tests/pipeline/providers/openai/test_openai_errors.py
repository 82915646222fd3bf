"""OpenAI's refusals: what happened, and what to do."""

import asyncio
from contextlib import aclosing

import openai as sdk
import pytest
import websockets

from benchmarks.emulators import openai
from benchmarks.emulators.faults import Fault, FaultKind
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.providers.interfaces import CompletionOptions, ModelMessage, TranscriptionOptions
from pipeline.providers.openai import speech_to_text
from pipeline.providers.openai.client import client
from pipeline.providers.openai.errors import openai_errors, refused, retry_after_seconds
from pipeline.providers.openai.language_model import OpenAILanguageModel
from pipeline.providers.openai.speech_to_text import OpenAIRealtimeTranscription
from tests.contracts.stages import frames, given


async def test_a_wrong_key() -> None:
    scene = Scene(keys=frozenset({"sk-right"}))
    async with Server(openai.application(scene)) as server, client("sk-wrong", f"{server.url}/v1") as connection:
        stream = OpenAILanguageModel(connection).complete([ModelMessage("user", "Hi.")], CompletionOptions("s"))
        with pytest.raises(ProviderUnavailable) as failure:
            await anext(stream)
    assert failure.value.message == (
        "OpenAI's language model was refused: Incorrect API key provided. Check OPENAI_API_KEY."
    )
    assert (failure.value.code, failure.value.retryable) == ("provider_key_rejected", False)


async def test_a_wrong_key_at_the_socket() -> None:
    scene = Scene(keys=frozenset({"sk-right"}))
    async with Server(openai.application(scene)) as server, client("sk-wrong", f"{server.url}/v1") as connection:
        hearing = OpenAIRealtimeTranscription(connection).transcribe(given(frames(1.0)), TranscriptionOptions("s"))
        async with aclosing(hearing) as stream:
            with pytest.raises(ProviderUnavailable, match="Check OPENAI_API_KEY") as failure:
                await anext(stream)
    assert failure.value.code == "provider_key_rejected"


async def test_a_vendor_that_does_not_open_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(speech_to_text.SOCKET, "open_timeout", 0.05)
    scene = Scene()
    scene.faults.add(Fault(FaultKind.HANG_ON_CONNECT))
    async with Server(openai.application(scene)) as server, client("sk-test", f"{server.url}/v1") as connection:
        hearing = OpenAIRealtimeTranscription(connection).transcribe(given(frames(1.0)), TranscriptionOptions("s"))
        with pytest.raises(ProviderTimeout, match="OpenAI's transcription did not answer in time"):
            await anext(hearing)


async def test_a_vendor_that_does_not_answer_a_request() -> None:
    scene = Scene()
    scene.faults.add(Fault(FaultKind.HANG_ON_CONNECT))
    async with Server(openai.application(scene)) as server, client("sk-test", f"{server.url}/v1") as connection:
        impatient = connection.with_options(timeout=0.05)
        stream = OpenAILanguageModel(impatient).complete([ModelMessage("user", "Hi.")], CompletionOptions("s"))
        with pytest.raises(ProviderTimeout, match="OpenAI's language model did not answer in time"):
            await anext(stream)


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n"])
async def test_a_vendor_that_hangs_up_or_talks_nonsense_is_not_a_slow_one(answer: bytes) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, client("sk-test", f"http://127.0.0.1:{port}/v1") as connection:
        stream = OpenAILanguageModel(connection).complete([ModelMessage("user", "Hi.")], CompletionOptions("s"))
        with pytest.raises(ProviderUnavailable, match="could not be reached") as failure:
            await anext(stream)
    assert (failure.value.code, failure.value.retryable) == ("provider_unavailable", True)


async def test_nobody_is_there() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with client("sk-test", f"http://127.0.0.1:{port}/v1") as connection:
        stream = OpenAILanguageModel(connection).complete([ModelMessage("user", "Hi.")], CompletionOptions("s"))
        with pytest.raises(ProviderUnavailable, match="could not be reached"):
            await anext(stream)


async def test_an_unknown_model() -> None:
    async with Server(openai.application(Scene())) as server, client("sk-test", f"{server.url}/v1") as connection:
        model = OpenAILanguageModel(connection, "unknown")
        with pytest.raises(ProviderUnavailable, match="Check the model's name") as failure:
            await anext(model.complete([ModelMessage("user", "Hi.")], CompletionOptions("s")))
    assert failure.value.code == "provider_model_unknown"


def test_an_empty_purse_is_no_rate_limit() -> None:
    purse = refused("OpenAI's speech", 429, "You exceeded your current quota.", "insufficient_quota")
    assert (purse.code, purse.retryable) == ("provider_quota_exceeded", False)
    haste = refused("OpenAI's speech", 429, "Slow down.", "rate_limit_exceeded")
    assert (haste.code, haste.retryable) == ("provider_rate_limited", True)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (TimeoutError(), ProviderTimeout),
        (OSError("no route to host"), ProviderUnavailable),
        (websockets.ConnectionClosedError(None, None), ProviderUnavailable),
        (sdk.OpenAIError("odd"), ProviderUnavailable),
    ],
)
def test_every_error_becomes_one_of_ours(theirs: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours) as failure, openai_errors("OpenAI's speech"):
        raise theirs
    assert failure.value.__cause__ is theirs
    assert str(failure.value).startswith("OpenAI's speech")


def test_our_own_errors_pass() -> None:
    ours = ProviderTimeout("The language model did not begin.")
    with pytest.raises(ProviderTimeout) as failure, openai_errors("OpenAI's speech"):
        raise ours
    assert failure.value is ours


async def test_how_long_a_busy_vendor_wants_to_be_left_alone() -> None:
    scene = Scene()
    async with Server(openai.application(scene)) as server, client("sk-test", f"{server.url}/v1") as connection:
        scene.faults.add(Fault(FaultKind.TOO_MANY_REQUESTS, times=1))
        stream = OpenAILanguageModel(connection).complete([ModelMessage("user", "Hi.")], CompletionOptions("s"))
        with pytest.raises(ProviderUnavailable) as failure:
            await anext(stream)
    assert failure.value.retry_after_seconds == 1.0


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("", None), ("Wed, 21 Oct 2015 07:28:00 GMT", None), ("-1", None)]
)
def test_only_seconds_are_understood(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}) == seconds
