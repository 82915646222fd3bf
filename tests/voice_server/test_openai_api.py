"""OpenAI's HTTP API, asked by OpenAI's own client library and by hand."""

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import soundfile
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, InternalServerError, NotFoundError

from pipeline.audio import OUTPUT_RATE
from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import NamedTool, SpeechChunk, ToolCall, Transcript
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from tests.voice_server.described import assert_described
from tests.voice_server.full_server import KEY, FullServer, full_server, recording
from voice_server.audio_files import CONTENT_TYPES, AudioKind, decode

TEXT = "Good morning. How are you?"
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "Tells it.", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
async def server() -> AsyncIterator[FullServer]:
    async with full_server(api_keys=(KEY,)) as running:
        running.headers["Authorization"] = f"Bearer {KEY}"
        yield running


@pytest.fixture
async def openai(server: FullServer) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


def client_of(server: FullServer) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0)


# --- models ---


async def test_models(openai: AsyncOpenAI) -> None:
    names = [model.id async for model in openai.models.list()]
    assert names[:2] == ["tester", "other"]
    assert (await openai.models.retrieve("other")).object == "model"
    with pytest.raises(NotFoundError):
        await openai.models.retrieve("unknown")


async def test_a_wrong_key(server: FullServer) -> None:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="wrong", max_retries=0) as client:
        with pytest.raises(AuthenticationError, match="API_KEYS"):
            await client.models.list()


# --- speech ---


@pytest.mark.parametrize("kind", CONTENT_TYPES)
async def test_speech_in_every_format(openai: AsyncOpenAI, kind: AudioKind) -> None:
    answer = await openai.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=kind)
    assert answer.response.headers["Content-Type"] == CONTENT_TYPES[kind]
    data = answer.content
    seconds = len(data) / 2 / OUTPUT_RATE if kind == "pcm" else len(decode(data, 10)) / 16_000
    said = ScriptedTextToSpeech(seconds_per_character=0.002)
    expected = sum([len(chunk.samples) / OUTPUT_RATE async for chunk in said.speak(_once(TEXT), _options())])
    assert seconds == pytest.approx(expected, abs=0.12)


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def _options() -> Any:
    from pipeline.providers.interfaces import VoiceOptions

    return VoiceOptions("test")


async def test_speech_leaves_while_it_is_still_being_made() -> None:
    may_end = asyncio.Event()

    class Slow(ScriptedTextToSpeech):
        async def speak(self, clauses: Any, options: Any) -> Any:
            yield SpeechChunk(np.ones(4800, dtype=np.int16))
            await may_end.wait()
            yield SpeechChunk(np.ones(4800, dtype=np.int16))

    async with full_server(text_to_speech=Slow()) as server:
        body = {"input": TEXT, "response_format": "pcm"}
        async with server.http.post("/v1/audio/speech", json=body) as answer:
            first = await answer.content.readexactly(9600)
            may_end.set()
            rest = await answer.content.read()
    assert (len(first), len(rest)) == (9600, 9600)


async def test_speech_as_events(server: FullServer) -> None:
    body = {"input": TEXT, "response_format": "wav", "stream_format": "sse"}
    async with server.http.post("/v1/audio/speech", json=body, headers=server.headers) as answer:
        assert answer.content_type == "text/event-stream"
        events = [json.loads(line[6:]) for line in (await answer.text()).split("\n\n") if line]
    assert [event["type"] for event in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1)
    assert events[-1]["type"] == "speech.audio.done"
    file = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert soundfile.info(io.BytesIO(file)).samplerate == OUTPUT_RATE


async def test_speech_that_breaks_off_is_no_whole_file() -> None:
    class Breaking(ScriptedTextToSpeech):
        async def speak(self, clauses: Any, options: Any) -> Any:
            yield SpeechChunk(np.ones(24_000, dtype=np.int16))
            raise ProviderUnavailable("The voice died.")

    async with full_server(text_to_speech=Breaking()) as server:
        async with server.http.post("/v1/audio/speech", json={"input": "a", "response_format": "pcm"}) as answer:
            assert answer.status == 200
            with pytest.raises(Exception, match=r"(?i)payload|closed|reset"):
                await answer.read()
        body = {"input": "a", "response_format": "pcm", "stream_format": "sse"}
        async with server.http.post("/v1/audio/speech", json=body) as answer:
            assert '"message":"The voice died."' in await answer.text()


async def test_a_client_that_leaves_ends_the_speech() -> None:
    ended = asyncio.Event()

    class Endless(ScriptedTextToSpeech):
        async def speak(self, clauses: Any, options: Any) -> Any:
            try:
                while True:
                    yield SpeechChunk(np.ones(24_000, dtype=np.int16))
                    await asyncio.sleep(0)
            finally:
                ended.set()

    async with full_server(text_to_speech=Endless()) as server:
        async with server.http.post("/v1/audio/speech", json={"input": "a", "response_format": "pcm"}) as answer:
            await answer.content.readexactly(1000)
            answer.close()
        await asyncio.wait_for(ended.wait(), 20)


async def test_speech_of_a_voice_that_fails_at_once() -> None:
    failing = ScriptedTextToSpeech(error=ProviderUnavailable("The voice is down."))
    async with full_server(text_to_speech=failing) as server, client_of(server) as client:
        with pytest.raises(InternalServerError, match="The voice is down"):
            await client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)


async def test_speech_asks_the_voice_as_it_was_asked(server: FullServer) -> None:
    body = {"input": TEXT, "voice": {"id": "my-voice"}, "speed": 1.5, "language": "it"}
    async with server.http.post("/v1/audio/speech", json=body, headers=server.headers) as answer:
        assert answer.status == 200
    asked = server.text_to_speech.requests[-1]
    assert (asked.voice, asked.speed, asked.language) == ("my-voice", 1.5, "it")
    assert "".join(server.text_to_speech.clauses) == TEXT


# --- transcriptions ---


async def test_transcription(openai: AsyncOpenAI, server: FullServer) -> None:
    answer = await openai.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", recording(1.0)), language="it", prompt="names"
    )
    assert answer.text == "hello there"
    asked = server.speech_to_text.requests[-1]
    assert (asked.language, asked.prompt, asked.domain) == ("it", "names", "tester")
    assert server.speech_to_text.heard_seconds[-1] == pytest.approx(1.0, abs=0.02)


async def test_transcription_in_other_formats(openai: AsyncOpenAI) -> None:
    file = ("a.wav", recording(1.5))
    create = openai.audio.transcriptions.create
    verbose = await create(model="whisper-1", file=file, response_format="verbose_json")
    assert (verbose.text, verbose.duration, verbose.language) == ("hello there", 1.5, "en")
    assert verbose.segments is not None
    assert [(each.start, each.end) for each in verbose.segments] == [(0.0, 1.5)]
    assert await create(model="whisper-1", file=file, response_format="text") == "hello there\n"
    srt = await create(model="whisper-1", file=file, response_format="srt")
    assert srt == "1\n00:00:00,000 --> 00:00:01,500\nhello there\n"
    vtt = await create(model="whisper-1", file=file, response_format="vtt")
    assert vtt.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n")


async def test_transcription_as_events(openai: AsyncOpenAI) -> None:
    stream = await openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", recording(1.0)), stream=True)
    events = [event async for event in stream]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "hello there"
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == "hello there"


async def test_transcription_whose_words_change_ends_with_the_right_ones() -> None:
    class Changing(ScriptedSpeechToText):
        async def transcribe(self, audio: Any, options: Any) -> Any:
            yield Transcript("hello", is_final=False)
            yield Transcript("hallo welt", is_final=True)

    async with full_server(speech_to_text=Changing()) as server, client_of(server) as client:
        stream = await client.audio.transcriptions.create(model="m", file=("a.wav", recording()), stream=True)
        events = [event async for event in stream]
    assert [event.type for event in events] == ["transcript.text.delta", "transcript.text.done"]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == "hallo welt"


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"response_format": "diarized_json"}, "response_format"), ({"language": "italian"}, "language")],
)
async def test_transcription_refuses_what_it_cannot_do(
    server: FullServer, openai: AsyncOpenAI, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(BadRequestError) as refusal:
        await openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", recording()), **fields)
    assert refusal.value.param == param
    assert server.speech_to_text.requests == []


# --- chat completions ---


async def test_chat(openai: AsyncOpenAI, server: FullServer) -> None:
    answer = await openai.chat.completions.create(
        model="other", messages=[{"role": "user", "content": "hi"}], max_completion_tokens=50, temperature=0.5
    )
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "other"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    messages, options = server.language_model.requests[-1]
    assert [(each.role, each.text) for each in messages] == [("system", "You are other."), ("user", "hi")]
    assert (options.max_output_tokens, options.temperature) == (50, 0.5)
    assert_described("post", "/v1/chat/completions", 200, answer.model_dump(exclude_unset=True))


async def test_chat_with_instructions_of_the_clients_own(openai: AsyncOpenAI, server: FullServer) -> None:
    conversation: Any = [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]
    await openai.chat.completions.create(model="unknown", messages=conversation)
    messages, _ = server.language_model.requests[-1]
    assert [each.role for each in messages] == ["system", "user", "assistant", "tool"]
    assert messages[0].text == "Be brief."
    assert messages[1].images == ("data:image/png;base64,AA==",)
    assert messages[2].tool_calls == (ToolCall("c1", "weather", "{}"),)
    assert (messages[3].call_id, messages[3].text) == ("c1", "sunny")


@pytest.mark.parametrize("with_usage", [True, False])
async def test_chat_as_events(openai: AsyncOpenAI, with_usage: bool) -> None:
    stream = await openai.chat.completions.create(
        model="tester",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": with_usage},
    )
    chunks = [chunk async for chunk in stream]
    said = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in said) == TEXT
    assert [choice.delta.role for choice in said] == ["assistant"] + [None] * (len(said) - 1)
    assert [choice.finish_reason for choice in said] == [None] * (len(said) - 1) + ["stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert (chunks[-1].usage is not None) == with_usage
    assert bool(chunks[-1].choices) != with_usage


async def test_chat_that_calls_a_function() -> None:
    model = ScriptedLanguageModel(ToolCall("call_1", "weather", '{"city": "Rome"}'))
    async with full_server(language_model=model) as server, client_of(server) as client:
        question: Any = {"model": "tester", "messages": [{"role": "user", "content": "hi"}], "tools": [WEATHER]}
        named: Any = {"type": "function", "function": {"name": "weather"}}
        answer = await client.chat.completions.create(**question, tool_choice=named)
        (call,) = answer.choices[0].message.tool_calls or []
        assert call.type == "function"
        assert (call.id, call.function.name, call.function.arguments) == ("call_1", "weather", '{"city": "Rome"}')
        assert answer.choices[0].finish_reason == "tool_calls"
        assert answer.choices[0].message.content is None
        _, options = model.requests[-1]
        assert options.tool_choice == NamedTool("weather")
        assert [tool.name for tool in options.tools] == ["weather"]
        stream = await client.chat.completions.create(**question, stream=True)
        deltas = [chunk.choices[0].delta async for chunk in stream]
        pieces = [piece for delta in deltas for piece in delta.tool_calls or []]
        assert (pieces[0].id, pieces[0].function and pieces[0].function.name) == ("call_1", "weather")
        arguments = "".join(piece.function.arguments or "" for piece in pieces if piece.function)
        assert arguments == '{"city": "Rome"}'


async def test_chat_with_a_choice_that_is_no_tool(openai: AsyncOpenAI) -> None:
    choice: Any = {"type": "function", "function": {"name": "unknown"}}
    with pytest.raises(BadRequestError) as refusal:
        await openai.chat.completions.create(
            model="tester", messages=[{"role": "user", "content": "hi"}], tool_choice=choice
        )
    assert refusal.value.param == "tool_choice"


async def test_chat_that_fails_on_the_way_ends_with_the_error() -> None:
    class Breaking(ScriptedLanguageModel):
        async def complete(self, messages: Any, options: Any) -> Any:
            async for delta in super().complete(messages, options):
                yield delta
                raise ProviderUnavailable("The model died.")

    async with full_server(language_model=Breaking(TEXT)) as server:
        body = {"messages": [{"role": "user", "content": "hi"}], "stream": True}
        async with server.http.post("/v1/chat/completions", json=body) as answer:
            lines = [line for line in (await answer.text()).split("\n\n") if line]
    assert json.loads(lines[-1][6:])["error"]["message"] == "The model died."


# --- client secrets ---


async def test_a_client_secret_opens_a_session_with_what_it_carries(openai: AsyncOpenAI, server: FullServer) -> None:
    secret = await openai.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 60},
        session={"type": "realtime", "model": "other", "instructions": "From the secret."},
    )
    assert secret.value.startswith("ek_")
    assert secret.session.type == "realtime"
    assert secret.session.instructions == "From the secret."
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=secret.value, max_retries=0) as browser:
        async with browser.realtime.connect(model="gpt-realtime") as connection:
            created = await connection.recv()
            assert created.type == "session.created"
            assert created.session.type == "realtime"
            assert created.session.instructions == "From the secret."
        with pytest.raises(AuthenticationError):
            await browser.models.list()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 5}}, "expires_after.seconds"),
        ({"expires_after": {"seconds": 7201}}, "expires_after.seconds"),
        ({"session": []}, "session"),
        ({"session": {"model": 5}}, "session.model"),
        ({"session": {"type": "other"}}, "session.type"),
        ({"session": {"type": "realtime", "output_modalities": ["smell"]}}, "session.output_modalities"),
    ],
)
async def test_a_client_secret_for_nonsense_is_refused(server: FullServer, body: Any, param: str) -> None:
    async with server.http.post("/v1/realtime/client_secrets", json=body, headers=server.headers) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["param"].startswith(param)


async def test_a_client_secret_needs_no_body(server: FullServer) -> None:
    async with server.http.post("/v1/realtime/client_secrets", headers=server.headers) as answer:
        assert answer.status == 200
        body = await answer.json()
    assert_described("post", "/v1/realtime/client_secrets", 200, body)
    assert body["session"]["instructions"] == "You are tester."
