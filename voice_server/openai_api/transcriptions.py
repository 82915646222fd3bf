"""`POST /v1/audio/transcriptions`: a recording becomes text."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Annotated, Literal

import numpy as np
from aiohttp import web
from pydantic import Field

from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, AudioFrame, Samples
from pipeline.errors import PipelineError
from pipeline.providers.interfaces import Transcript, TranscriptionOptions
from voice_server.auth import principal_of
from voice_server.http.bodies import Body, check_fields
from voice_server.http.request_id import request_id_of
from voice_server.http.uploads import Uploads
from voice_server.openai_api.event_stream import EventStream
from voice_server.tenants.served import Serving

Format = Literal["json", "text", "verbose_json", "srt", "vtt"]


class TranscriptionForm(Body):
    """The fields of the form beside `file`."""

    model: Annotated[str, Field(description="Any name; the server's own recogniser listens.")] = "whisper-1"
    language: Annotated[str | None, Field(min_length=2, max_length=2, description="ISO 639-1.")] = None
    prompt: Annotated[str, Field(description="Words that came before, or names that are likely.")] = ""
    response_format: Format = "json"
    stream: bool = False


class Transcriptions:
    """The endpoint."""

    def __init__(self, serving: Serving, uploads: Uploads, language: str, domain: str) -> None:
        """`domain` is the assistant whose vocabulary the recogniser should expect, beside everything else."""
        self._serving = serving
        self._uploads = uploads
        self._language = language
        self._domain = domain

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.post("/v1/audio/transcriptions", self.transcribe)]

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        """Write down what is said in the file."""
        upload = await self._uploads.read(request, "file")
        form = check_fields(upload.fields, TranscriptionForm)
        samples = await self._uploads.decode(upload, "file")
        options = TranscriptionOptions(
            session_id=request_id_of(request),
            language=form.language or self._language,
            prompt=form.prompt,
            domain=self._domain,
        )
        async with (
            self._serving.serve(principal_of(request)) as served,
            contextlib.aclosing(served.stages.speech_to_text.transcribe(_frames(samples), options)) as transcripts,
        ):
            if form.stream:
                return await _send_events(request, transcripts)
            text = ""
            async for transcript in transcripts:
                text = transcript.text
        return _answer(text, form.response_format, options.language, len(samples) / INPUT_RATE)


async def _frames(samples: Samples) -> AsyncIterator[AudioFrame]:
    padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
    for start in range(0, len(padded), FRAME_SAMPLES):
        yield AudioFrame(padded[start : start + FRAME_SAMPLES], is_speech=True)


async def _send_events(request: web.Request, transcripts: AsyncGenerator[Transcript, None]) -> web.StreamResponse:
    """Deltas only add to what was sent; words that changed meanwhile are right in the text of the last event."""
    events = EventStream(request)
    sent = text = ""
    try:
        async for transcript in transcripts:
            text = transcript.text
            if text.startswith(sent) and text != sent:
                await events.send({"type": "transcript.text.delta", "delta": text.removeprefix(sent)})
                sent = text
    except PipelineError as error:
        return await events.fail(error)
    await events.send({"type": "transcript.text.done", "text": text})
    return await events.finish(done=True)


def _answer(text: str, response_format: Format, language: str | None, seconds: float) -> web.Response:
    match response_format:
        case "json":
            return web.json_response({"text": text, "usage": {"type": "duration", "seconds": round(seconds)}})
        case "text":
            return web.Response(text=text + "\n")
        case "verbose_json":
            return web.json_response(_verbose(text, language, seconds))
        case "srt":
            cue = f"1\n{_clock(0, ',')} --> {_clock(seconds, ',')}\n{text}\n"
            return web.Response(text=cue, content_type="application/x-subrip")
        case "vtt":
            cue = f"WEBVTT\n\n{_clock(0, '.')} --> {_clock(seconds, '.')}\n{text}\n"
            return web.Response(text=cue, content_type="text/vtt")


def _verbose(text: str, language: str | None, seconds: float) -> Mapping[str, object]:
    """One segment, from the first to the last sample: the recognisers tell no times within an utterance."""
    segment = {"id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": text, "tokens": [], "temperature": 0.0}
    unknown = {"avg_logprob": 0.0, "compression_ratio": 1.0, "no_speech_prob": 0.0 if text else 1.0}
    return {
        "task": "transcribe",
        "language": language or "",
        "duration": seconds,
        "text": text,
        "segments": [segment | unknown] if text else [],
        "usage": {"type": "duration", "seconds": round(seconds)},
    }


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"
