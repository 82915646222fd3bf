"""The Python client: what it makes of the server's messages, and how it talks to a real one."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import fields
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from voice_client import ConnectionFailed, VoiceClient
from voice_client import events as client_events
from voice_client.events import (
    ConnectionLost,
    ConnectionResumed,
    ConversationRestarted,
    Event,
    ReplyAudio,
    ReplyContinued,
    ReplyDucked,
    ReplyFinished,
    ReplyInterrupted,
    ReplyRestored,
    ReplyStarted,
    ReplyText,
    ServerError,
    SessionStarted,
    Span,
    SpeechStarted,
    SpeechStopped,
    TurnMeasured,
    UserTranscript,
    UserTranscriptFailed,
    Waste,
)
from voice_client.wire import read_frame, read_message, write_audio
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request

from pipeline.errors import ProviderUnavailable
from pipeline.providers.scripted import ScriptedLanguageModel
from tests.clients.resuming_server import QuickClock
from tests.voice_server.full_server import KEY, full_server

SAMPLES = np.array([1, -2, 300, -32768], dtype=np.int16)

MESSAGES: list[tuple[dict[str, Any], Event]] = [
    ({"type": "session.created", "session": {"id": "sess_1"}}, SessionStarted("sess_1")),
    ({"type": "voice.resumed", "session_id": "sess_1", "replayed": 2}, ConnectionResumed("sess_1")),
    ({"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": 5}, SpeechStarted("i")),
    ({"type": "input_audio_buffer.speech_stopped", "item_id": "i", "audio_end_ms": 5}, SpeechStopped("i")),
    (
        {"type": "conversation.item.input_audio_transcription.delta", "item_id": "i", "delta": "he"},
        UserTranscript("i", "he", is_final=False),
    ),
    (
        {"type": "conversation.item.input_audio_transcription.completed", "item_id": "i", "transcript": "hello"},
        UserTranscript("i", "hello", is_final=True),
    ),
    (
        {"type": "conversation.item.input_audio_transcription.failed", "item_id": "i", "error": {"message": "no"}},
        UserTranscriptFailed("i", "no"),
    ),
    ({"type": "response.created", "response": {"id": "r"}}, ReplyStarted("r")),
    ({"type": "response.output_audio_transcript.delta", "item_id": "a", "delta": "Hi"}, ReplyText("a", "Hi")),
    ({"type": "response.output_text.delta", "item_id": "a", "delta": "Hi"}, ReplyText("a", "Hi")),
    (
        {"type": "response.done", "response": {"id": "r", "status": "completed", "status_details": None}},
        ReplyFinished("r", "completed"),
    ),
    (
        {
            "type": "response.done",
            "response": {"id": "r", "status": "failed", "status_details": {"error": {"message": "down"}}},
        },
        ReplyFinished("r", "failed", "down"),
    ),
    (
        {"type": "voice.interrupted", "item_id": "a", "response_id": "r", "heard_ms": 120.5, "heard_text": "Hi"},
        ReplyInterrupted("a", 120.5, "Hi"),
    ),
    (
        {"type": "voice.turn", "total_ms": 300.0, "spans": [{"name": "pause", "start_ms": 0.0, "end_ms": 300.0}]},
        TurnMeasured(300.0, (Span("pause", 0.0, 300.0),)),
    ),
    (
        {
            "type": "voice.turn",
            "total_ms": 540,
            "spans": [],
            "committed_ms": 450,
            "wasted": {"guesses": 1, "tokens": 12, "characters": 41, "audio_ms": 800},
        },
        TurnMeasured(540, (), 450, Waste(1, 12, 41, 800)),
    ),
    ({"type": "voice.duck", "response_id": "r", "item_id": "a"}, ReplyDucked("a")),
    ({"type": "voice.restore", "response_id": "r", "item_id": "a"}, ReplyRestored("a")),
    ({"type": "voice.continued", "response_id": "r2", "continues": "r"}, ReplyContinued("r2", "r")),
    ({"type": "error", "error": {"code": None, "message": "bad"}}, ServerError("", "bad")),
]


@pytest.mark.parametrize(("message", "event"), MESSAGES)
def test_a_message_becomes_an_event(message: dict[str, Any], event: Event) -> None:
    assert read_message(json.dumps(message)) == event


def test_every_event_is_tried_here() -> None:
    tried = {type(event) for _, event in MESSAGES} | {ReplyAudio, ConnectionLost, ConversationRestarted}
    assert tried == set(get_args(client_events.Event))
    assert all(fields(kind) for kind in tried)


@pytest.mark.parametrize("item_id", ["item_1", "item_12", ""])
def test_audio_comes_in_binary_frames_and_as_base64(item_id: str) -> None:
    head = bytes([1, len(item_id)]) + item_id.encode()
    frame = head + b"\0" * (len(head) % 2) + SAMPLES.astype("<i2").tobytes()
    audio = read_frame(frame)
    assert audio.item_id == item_id
    assert np.array_equal(audio.samples, SAMPLES)
    delta = base64.b64encode(write_audio(SAMPLES)).decode()
    same = read_message(json.dumps({"type": "response.output_audio.delta", "item_id": item_id, "delta": delta}))
    assert isinstance(same, ReplyAudio)
    assert np.array_equal(same.samples, SAMPLES)


def test_what_it_does_not_know_is_nothing() -> None:
    assert read_message(json.dumps({"type": "rate_limits.updated"})) is None


@pytest.mark.parametrize(
    "message", ["", "[]", "{}", '{"type": "error"}', b"", b"\x02\x00", b"\x01\xffabc", b"\x01\x00a"]
)
def test_a_message_that_cannot_be_read_is_an_error_and_not_the_end(message: str | bytes) -> None:
    with pytest.raises(ConnectionFailed, match="cannot be read"):
        read_message(message)


async def until(client: VoiceClient, kind: type[Event]) -> list[Event]:
    """All events up to the first of this kind."""
    seen: list[Event] = []
    async with asyncio.timeout(20), aclosing(client.events()) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, kind):
                break
    return seen


async def test_a_written_question_is_answered_aloud() -> None:
    async with full_server(api_keys=(KEY,)) as server, VoiceClient(server.url, KEY, assistant="other") as client:
        await client.started()
        await client.send_text("hello")
        seen = await until(client, ReplyFinished)
        assert "".join(event.text for event in seen if isinstance(event, ReplyText)) == "Good morning. How are you?"
        audio = [event for event in seen if isinstance(event, ReplyAudio)]
        assert sum(len(event.samples) for event in audio) == pytest.approx(26 * 0.002 * 24_000, rel=0.05)
        assert seen[-1] == ReplyFinished(seen[-1].reply_id, "completed")  # type: ignore[union-attr]
        assert server.language_model.requests[-1][0][0].text == "You are other."
        await client.report_playback(audio[-1].item_id, 10.0, playing=True)
        async with asyncio.timeout(20), aclosing(client.events()) as events:
            async for event in events:
                if isinstance(event, TurnMeasured) and event.spans[-1].name == "heard":
                    break


async def test_a_turn_that_the_client_ends_itself() -> None:
    session: dict[str, object] = {"audio": {"input": {"transcription": {}, "turn_detection": None}}}
    async with full_server() as server, VoiceClient(server.url, session=session) as client:
        await client.send_audio((np.sin(np.arange(24_000) * 0.1) * 9000).astype(np.int16))
        await client.commit()
        await client.request_reply()
        seen = await until(client, ReplyFinished)
        said = [event.text for event in seen if isinstance(event, UserTranscript) and event.is_final]
        assert said == ["hello there"]
        assert server.speech_to_text.heard_seconds == [pytest.approx(1.0, abs=0.05)]


async def test_an_answer_that_is_not_wanted_any_more() -> None:
    slow = ScriptedLanguageModel("One. " * 200, seconds_per_token=0.01)
    async with full_server(language_model=slow) as server, VoiceClient(server.url) as client:
        await client.send_text("count")
        await until(client, ReplyText)
        await client.cancel_reply()
        assert (await until(client, ReplyFinished))[-1].status == "cancelled"  # type: ignore[union-attr]


async def test_why_an_answer_failed() -> None:
    down = ScriptedLanguageModel(ProviderUnavailable("The model is down."))
    async with full_server(language_model=down) as server, VoiceClient(server.url) as client:
        await client.send_text("hello")
        finished = (await until(client, ReplyFinished))[-1]
        assert isinstance(finished, ReplyFinished)
        assert (finished.status, finished.message) == ("failed", "The model is down.")


@pytest.mark.parametrize("key", [None, "wrong"])
async def test_the_servers_own_words_tell_why_it_refused(key: str | None) -> None:
    async with full_server(api_keys=(KEY,)) as server:
        with pytest.raises(ConnectionFailed, match=r"401.*key"):
            await VoiceClient(server.url, key).__aenter__()


async def test_nobody_answers() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(ConnectionFailed, match="start one with `voice-server serve`") as failure:
        await VoiceClient(url).__aenter__()
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("url", ["ftp://example.com", "http://", "://"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConnectionFailed, match="not the address"):
        VoiceClient(url)


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/realtime"])
async def test_addresses_as_people_write_them(suffix: str) -> None:
    async with full_server() as server:
        for url in (server.url + suffix, server.url.replace("http", "ws") + suffix, server.url[7:] + suffix):
            async with VoiceClient(url) as client:
                assert (await client.started()).session_id


async def test_a_server_that_shuts_down_is_told_as_that() -> None:
    server_context = full_server()
    server = await server_context.__aenter__()
    async with VoiceClient(server.url, clock=QuickClock()) as client:
        await client.started()
        stopping = asyncio.create_task(server_context.__aexit__(None, None, None))
        # Where it has promised to go on with the conversation, it is looked for until the promise has expired.
        with pytest.raises(ConnectionFailed, match=r"shutting down|No voice server answers"):
            await until(client, ReplyFinished)
        await stopping


class LateServer:
    """Takes connections, but answers them only when it is told to; remembers what it was sent."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.asked = asyncio.Event()
        self.path = ""
        self.frames: asyncio.Queue[str | bytes] = asyncio.Queue()

    async def wait(self, _connection: ServerConnection, request: Request) -> None:
        self.path = request.path
        self.asked.set()
        await self.answers.wait()

    async def take(self, connection: ServerConnection) -> None:
        async for frame in connection:
            self.frames.put_nowait(frame)

    async def blocks(self, count: int) -> list[int]:
        """The numbers of the next blocks of audio."""
        frames = [await self.frames.get() for _ in range(count)]
        return [int(np.frombuffer(frame, "<i2")[0]) for frame in frames if isinstance(frame, bytes)]


@asynccontextmanager
async def late_server() -> AsyncIterator[tuple[LateServer, str]]:
    late = LateServer()
    async with serve(late.take, "127.0.0.1", 0, process_request=late.wait) as server:
        yield late, f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


def block(number: int) -> npt.NDArray[np.int16]:
    return np.full(480, number, dtype=np.int16)


async def test_what_is_said_before_the_connection_is_open_comes_first_and_in_order() -> None:
    async with late_server() as (late, url), asyncio.timeout(20):
        client = VoiceClient(url)
        await client.send_audio(block(0))
        connecting = asyncio.create_task(client.__aenter__())
        await late.asked.wait()
        for number in range(1, 50):
            await client.send_audio(block(number))
        late.answers.set()
        await connecting
        await client.send_audio(block(50))
        assert json.loads(await late.frames.get())["type"] == "session.update"
        assert await late.blocks(51) == list(range(51))
        await client.__aexit__(None, None, None)


async def test_of_what_is_said_too_early_ten_seconds_are_kept() -> None:
    async with late_server() as (late, url), asyncio.timeout(20):
        late.answers.set()
        client = VoiceClient(url)
        for number in range(700):
            await client.send_audio(block(number))
        async with client:
            await late.frames.get()
            assert await late.blocks(500) == list(range(200, 700))


@pytest.mark.parametrize(("greeting", "query"), [(True, "model=lyo&extensions=1"), (False, "extensions=1&greeting=0")])
async def test_whether_the_assistant_may_speak_first(greeting: bool, query: str) -> None:
    async with late_server() as (late, url), asyncio.timeout(20):
        late.answers.set()
        async with VoiceClient(url, assistant="lyo", greeting=greeting):
            assert late.path.endswith(query)


async def test_using_it_unconnected_is_an_error() -> None:
    with pytest.raises(ConnectionFailed, match="async with"):
        await VoiceClient("http://127.0.0.1").send_text("hello")
