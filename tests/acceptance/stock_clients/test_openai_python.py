"""OpenAI's own Python library as the client, unchanged."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI, AuthenticationError
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.exceptions import InvalidStatus

from pipeline.providers.interfaces import ToolCall
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from tests.voice_server.wire.ordering import check_order
from tests.voice_server.wire.served import Served, served, speech
from tests.voice_server.wire.server_messages import check_message

KEY = "sk-test-1234567890"


def library(server: Served, key: str = KEY) -> AsyncOpenAI:
    return AsyncOpenAI(api_key=key, base_url=str(server.client.make_url("/v1")), max_retries=0)


class Heard:
    """What the library has made of the server's messages."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.events: list[Any] = []

    async def until(self, kind: str) -> Any:
        async for event in self.connection:
            self.events.append(event)
            assert event.type != "error", event
            if event.type == kind:
                return event
        raise AssertionError(f"the server closed before {kind}")

    def check(self) -> None:
        messages = [event.to_dict(exclude_unset=True, mode="python") for event in self.events]
        for message in messages:
            check_message(message)
        check_order(messages)


@asynccontextmanager
async def connected(server: Served) -> AsyncIterator[Heard]:
    async with library(server) as client, client.realtime.connect(model="galion") as connection:
        heard = Heard(connection)
        await heard.until("session.created")
        yield heard
        heard.check()


async def say(connection: AsyncRealtimeConnection, seconds: float, *, silence: float) -> None:
    audio = speech(seconds) + bytes(int(48_000 * silence))
    for start in range(0, len(audio), 4800):
        chunk = base64.b64encode(audio[start : start + 4800]).decode()
        await connection.input_audio_buffer.append(audio=chunk)


async def write(connection: AsyncRealtimeConnection, text: str) -> None:
    content: Any = [{"type": "input_text", "text": text}]
    await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    await connection.response.create()


async def test_a_spoken_turn() -> None:
    async with served(keys=[KEY]) as server, connected(server) as heard:
        session: Any = {"type": "realtime", "audio": {"input": {"transcription": {"model": "whisper-1"}}}}
        await heard.connection.session.update(session=session)
        updated = await heard.until("session.updated")
        assert updated.session.audio.input.turn_detection.interrupt_response is True
        await say(heard.connection, 0.6, silence=0.8)
        done = await heard.until("response.done")
        assert done.response.status == "completed"
        assert done.response.output[0].content[0].transcript == "It is late. Good night."
        deltas = [event.delta for event in heard.events if event.type == "response.output_audio.delta"]
        assert len(b"".join(map(base64.b64decode, deltas))) > 4800
        kind = "conversation.item.input_audio_transcription.completed"
        assert [event.transcript for event in heard.events if event.type == kind] == ["what time is it"]


async def test_a_written_turn() -> None:
    async with served(keys=[KEY]) as server, connected(server) as heard:
        await heard.connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await write(heard.connection, "How late is it?")
        done = await heard.until("response.output_text.done")
        assert done.text == "It is late. Good night."
        usage = (await heard.until("response.done")).response.usage
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens


async def test_a_turn_with_a_tool() -> None:
    model = ScriptedLanguageModel(ToolCall("call_1", "get_weather", '{"city": "Ulm"}'), "Eighteen degrees.")
    async with served(keys=[KEY], model=model) as server, connected(server) as heard:
        tool: Any = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
        await heard.connection.session.update(session={"type": "realtime", "tools": [tool]})
        await write(heard.connection, "How warm is it in Ulm?")
        call = await heard.until("response.function_call_arguments.done")
        assert (call.name, call.arguments) == ("get_weather", '{"city": "Ulm"}')
        await heard.until("response.done")
        output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "18"}
        await heard.connection.conversation.item.create(item=output)
        await heard.connection.response.create()
        done = await heard.until("response.done")
        assert done.response.output[0].content[0].transcript == "Eighteen degrees."


async def test_a_barge_in() -> None:
    endless = ScriptedTextToSpeech(seconds_per_character=0.5)
    async with served(keys=[KEY], voice=endless) as server, connected(server) as heard:
        await write(heard.connection, "Tell me everything.")
        first = await heard.until("response.output_audio.delta")
        # The microphone is on before anybody speaks into it.
        await say(heard.connection, 0.0, silence=0.2)
        await say(heard.connection, 0.5, silence=0)
        await heard.until("input_audio_buffer.speech_started")
        item: Any = heard.connection.conversation.item
        await item.truncate(item_id=first.item_id, content_index=0, audio_end_ms=100)
        done = await heard.until("response.done")
        assert (done.response.status, done.response.status_details.reason) == ("cancelled", "turn_detected")
        assert (await heard.until("conversation.item.truncated")).audio_end_ms == 100


async def test_a_wrong_key_is_refused_before_a_socket_is_opened() -> None:
    async with served(keys=[KEY]) as server, library(server, "sk-wrong") as client:
        with pytest.raises((InvalidStatus, AuthenticationError)) as refusal:
            async with client.realtime.connect(model="galion"):
                pass
        assert "401" in str(refusal.value)
