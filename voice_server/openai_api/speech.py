"""`POST /v1/audio/speech`: text becomes an audio file that is sent while it is still being spoken."""

import base64
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Literal

import structlog
from aiohttp import web
from pydantic import Field

from pipeline.audio import OUTPUT_RATE, Samples
from pipeline.errors import PipelineError, ProviderUnavailable
from pipeline.providers.interfaces import TextToSpeech, VoiceOptions
from pipeline.sentences import ClauseSplitter
from voice_server.audio_files import CONTENT_TYPES, AudioEncoder, AudioKind
from voice_server.auth import principal_of
from voice_server.http.bodies import Body, read_body
from voice_server.http.request_id import request_id_of
from voice_server.openai_api.event_stream import EventStream
from voice_server.tenants.served import Serving

_log = structlog.get_logger(__name__)

_PIECE = OUTPUT_RATE // 5
"""Samples that are encoded at once: encoders must not hold the event loop for long."""


class NamedVoice(Body):
    """A voice by its id."""

    id: str


class SpeechBody(Body):
    """What to say, and how."""

    input: Annotated[str, Field(min_length=1, max_length=4096, description="The text to say.")]
    model: Annotated[str, Field(description="Any name; the server's own voice provider speaks.")] = "tts-1"
    voice: Annotated[str | NamedVoice | None, Field(description="A voice of the provider's; unknown: its own.")] = None
    response_format: AudioKind = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"
    language: Annotated[str | None, Field(min_length=2, max_length=2, description="ISO 639-1; not OpenAI's.")] = None


class Speech:
    """The endpoint."""

    def __init__(self, serving: Serving, language: str) -> None:
        self._serving = serving
        self._language = language

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.post("/v1/audio/speech", self.speak)]

    async def speak(self, request: web.Request) -> web.StreamResponse:
        """Say the text."""
        body = await read_body(request, SpeechBody)
        options = VoiceOptions(
            session_id=request_id_of(request),
            voice=body.voice.id if isinstance(body.voice, NamedVoice) else body.voice,
            language=body.language or self._language,
            speed=body.speed,
        )
        async with (
            self._serving.serve(principal_of(request)) as served,
            contextlib.aclosing(_encode(served.stages.text_to_speech, body, options)) as file,
        ):
            if body.stream_format == "sse":
                return await _send_events(request, file, len(body.input))
            return await _send_file(request, file, body.response_format)


async def _encode(voice: TextToSpeech, body: SpeechBody, options: VoiceOptions) -> AsyncGenerator[bytes, None]:
    encoder = AudioEncoder(body.response_format)
    is_silent = True
    with contextlib.closing(encoder):
        async with contextlib.aclosing(voice.speak(_clauses(body.input), options)) as speech:
            async for chunk in speech:
                is_silent = is_silent and not len(chunk.samples)
                for piece in _pieces(chunk.samples):
                    if encoded := encoder.push(piece):
                        yield encoded
        if is_silent:
            raise ProviderUnavailable("The voice gave no sound for this text.")
        yield encoder.finish()


async def _clauses(text: str) -> AsyncIterator[str]:
    splitter = ClauseSplitter()
    for clause in splitter.push(text):
        yield clause
    if rest := splitter.finish():
        yield rest


def _pieces(samples: Samples) -> list[Samples]:
    return [samples[start : start + _PIECE] for start in range(0, len(samples), _PIECE)]


async def _send_file(request: web.Request, file: AsyncGenerator[bytes, None], kind: AudioKind) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPES[kind]})
    try:
        async for encoded in file:
            if not response.prepared:
                await response.prepare(request)
            await response.write(encoded)
    except PipelineError as error:
        if not response.prepared or request.transport is None:
            raise
        # The status has left already: only a broken connection still tells the client that the file is not whole.
        _log.warning("speech broke off", code=error.code, reason=error.message)
        request.transport.abort()
        return response
    await response.write_eof()
    return response


async def _send_events(request: web.Request, file: AsyncGenerator[bytes, None], characters: int) -> web.StreamResponse:
    events = EventStream(request)
    try:
        async for encoded in file:
            await events.send({"type": "speech.audio.delta", "audio": base64.b64encode(encoded).decode()})
    except PipelineError as error:
        return await events.fail(error)
    # Tokens are not known of every provider; characters of the text are what can be told truthfully.
    usage = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters}
    await events.send({"type": "speech.audio.done", "usage": usage})
    return await events.finish(done=False)
