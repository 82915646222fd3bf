"""One spoken turn as one request."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import av
import pytest
from aiohttp import FormData

from pipeline.errors import ProviderTimeout, ProviderUnavailable, UnsupportedLanguage
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from tests.voice_server.described import assert_described
from tests.voice_server.full_server import FullServer, full_server, recording
from voice_server.audio_files import decode


@pytest.fixture
async def server() -> AsyncIterator[FullServer]:
    async with full_server() as running:
        yield running


def converted(container: str, codec: str, rate: int) -> bytes:
    """The recording as another kind of file."""
    written = io.BytesIO()
    with av.open(io.BytesIO(recording()), "r") as source, av.open(written, "w", format=container) as file:
        track: Any = file.add_stream(codec, rate=rate, layout="mono")
        for frame in source.decode(audio=0):
            file.mux(track.encode(frame))
        file.mux(track.encode(None))
    return written.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("webm", "libopus", 48_000),
        ("mp4", "aac", 16_000),
        ("ogg", "libopus", 48_000),
        ("mp3", "libmp3lame", 16_000),
        ("flac", "flac", 16_000),
        ("wav", "pcm_s16le", 16_000),
    ],
)
async def test_a_recording_is_answered(server: FullServer, container: str, codec: str, rate: int) -> None:
    status, answer = await server.chat(converted(container, codec, rate))
    assert status == 200
    assert_described("post", "/api/v1/voice/chat", 200, answer)
    assert answer["transcription"] == "hello there"
    assert answer["text_response"] == "Good morning. How are you?"
    assert server.speech_to_text.heard_seconds[-1] == pytest.approx(0.5, abs=0.15)
    async with server.http.get(answer["audio_url"]) as audio:
        assert (audio.status, audio.content_type) == (200, "audio/mpeg")
        expected = len("Good morning. How are you?") * 0.002
        assert len(decode(await audio.read(), 10)) / 16_000 == pytest.approx(expected, abs=0.12)


async def test_a_conversation_goes_on(server: FullServer) -> None:
    _, first = await server.chat(recording())
    _, second = await server.chat(recording(), conversation_id=first["conversation_id"])
    assert second["conversation_id"] == first["conversation_id"]
    assert second["audio_url"] != first["audio_url"]
    messages, _ = server.language_model.requests[-1]
    assert [(message.role, message.text) for message in messages] == [
        ("system", "You are tester."),
        ("user", "hello there"),
        ("assistant", "Good morning. How are you?"),
        ("user", "hello there"),
    ]


async def test_another_assistant_and_language(server: FullServer) -> None:
    status, answer = await server.chat(recording(), assistant="other", language="it")
    assert status == 200
    assert server.language_model.requests[-1][0][0].text == "You are other."
    assert server.speech_to_text.requests[-1].language == "it"
    assert server.text_to_speech.requests[-1].language == "it"
    status, error = await server.chat(recording(), assistant="tester", conversation_id=answer["conversation_id"])
    assert (status, error["error"]["param"]) == (400, "assistant")


async def test_requests_of_one_conversation_are_answered_one_after_the_other(server: FullServer) -> None:
    _, first = await server.chat(recording())
    answers = await asyncio.gather(
        *(server.chat(recording(), conversation_id=first["conversation_id"]) for _ in range(3))
    )
    assert [status for status, _ in answers] == [200] * 3
    assert [len(messages) for messages, _ in server.language_model.requests] == [2, 4, 6, 8]


@pytest.mark.parametrize(
    ("audio", "fields", "status", "code", "param"),
    [
        (b"", {}, 400, "empty_audio", "audio"),
        (b"no audio", {}, 415, "invalid_audio", "audio"),
        (recording(2.5), {}, 413, "audio_too_long", "audio"),
        (b"\x00" * 200_000, {}, 413, "request_too_large", "audio"),
        (recording(), {"conversation_id": "conv_unknown"}, 404, "conversation_not_found", "conversation_id"),
        (recording(), {"conversation_id": "c" * 65}, 400, "invalid_value", "conversation_id"),
        (recording(), {"assistant": "nobody"}, 400, "assistant_not_found", "assistant"),
        (recording(), {"language": "italian"}, 400, "invalid_value", "language"),
    ],
)
async def test_what_cannot_be_answered(
    audio: bytes, fields: dict[str, str], status: int, code: str, param: str
) -> None:
    async with full_server(max_upload_bytes=100_000, max_upload_seconds=2) as server:
        answered, body = await server.chat(audio, **fields)
        assert (answered, body["error"]["code"], body["error"]["param"]) == (status, code, param)
        assert body["error"]["message"].endswith(".")
        assert server.language_model.requests == []


async def test_a_form_without_a_recording(server: FullServer) -> None:
    form = FormData({"conversation_id": "x"})
    form.add_field("sound", b"x", filename="x.wav")
    async with server.http.post("/api/v1/voice/chat", data=form) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["param"] == "audio"


async def test_a_recording_in_another_field_is_named(server: FullServer) -> None:
    form = FormData()
    form.add_field("file", b"\xff\x00", filename="x.wav")
    async with server.http.post("/api/v1/voice/chat", data=form) as answer:
        assert answer.status == 400
        error = (await answer.json())["error"]
    assert (error["code"], error["param"]) == ("missing_required_parameter", "audio")
    assert "in the field file" in error["message"]


async def test_a_broken_form(server: FullServer) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    nameless = b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n"
    headless = b'--x\r\nContent-Dispo"audio"\r\n\r\nabc\r\n--x--\r\n'
    for data in (b"", b"--x\r\n", b"nonsense", nameless, headless):
        async with server.http.post("/api/v1/voice/chat", data=data, headers=headers) as answer:
            assert answer.status == 400, data
    async with server.http.post(
        "/api/v1/voice/chat", data=b"x", headers={"Content-Type": "multipart/form-data"}
    ) as answer:
        assert answer.status == 400


async def test_nothing_was_said() -> None:
    async with full_server(speech_to_text=ScriptedSpeechToText("")) as server:
        status, body = await server.chat(recording())
        assert (status, body["error"]["code"]) == (422, "no_speech")


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (ProviderUnavailable("It is down."), 502),
        (ProviderTimeout("It took too long."), 504),
        (UnsupportedLanguage("It knows English only."), 400),
    ],
)
@pytest.mark.parametrize("stage", ["stt", "llm", "tts"])
async def test_a_provider_fails(failure: ProviderUnavailable, status: int, stage: str) -> None:
    async with full_server(
        speech_to_text=ScriptedSpeechToText(failure) if stage == "stt" else None,
        language_model=ScriptedLanguageModel(failure) if stage == "llm" else None,
        text_to_speech=ScriptedTextToSpeech(error=failure) if stage == "tts" else None,
    ) as server:
        answered, body = await server.chat(recording())
        assert (answered, body["error"]["message"]) == (status, failure.message)


async def test_a_conversation_belongs_to_the_key_that_began_it() -> None:
    async with full_server(api_keys=("key-of-ada", "key-of-eve")) as server:
        server.headers["Authorization"] = "Bearer key-of-ada"
        _, begun = await server.chat(recording())
        server.headers["Authorization"] = "Bearer key-of-eve"
        status, body = await server.chat(recording(), conversation_id=begun["conversation_id"])
        assert (status, body["error"]["code"]) == (404, "conversation_not_found")
        async with server.http.get(begun["audio_url"]) as audio:
            assert audio.status == 200
