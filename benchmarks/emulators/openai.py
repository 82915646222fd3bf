"""OpenAI's API: transcriptions, chat completions, speech and models. The realtime socket is in a file of its own."""

import asyncio
import io
import itertools
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import aiohttp.web
import av
import orjson
import soundfile

from benchmarks.emulators import openai_realtime, tones
from benchmarks.emulators.faults import afflict, cut_off
from benchmarks.emulators.scene import Exchange, Scene
from benchmarks.emulators.script import ScriptedCall

MODELS = (
    "gpt-transcribe", "gpt-live-transcribe", "gpt-4o-transcribe", "whisper-1", "gpt-4.1-mini", "gpt-4o-mini-tts"
)  # fmt: skip
SPEECH_PIECE_SECONDS = 0.1
MEDIA_TYPES = {"pcm": "audio/pcm", "wav": "audio/wav", "mp3": "audio/mpeg"}
REASONS = {401: "invalid_api_key", 429: "rate_limit_exceeded", 500: "server_error", 404: "model_not_found"}
MESSAGES = {
    400: "The request makes no sense.",
    401: "Incorrect API key provided.",
    404: "The model does not exist or you do not have access to it.",
    429: "Rate limit reached for requests.",
    500: "The server had an error while processing your request.",
}
CLAUSE_ENDS = (",", ".", "!", "?", ";", ":")
MAX_REQUEST_BYTES = 25 * 1024 * 1024


def application(scene: Scene) -> aiohttp.web.Application:
    """All routes."""
    api = _Api(scene)
    app = aiohttp.web.Application(client_max_size=MAX_REQUEST_BYTES)
    app.add_routes(
        [
            aiohttp.web.get("/v1/models", api.models),
            aiohttp.web.post("/v1/audio/transcriptions", api.transcriptions),
            aiohttp.web.post("/v1/chat/completions", api.completions),
            aiohttp.web.post("/v1/audio/speech", api.speech),
            aiohttp.web.get("/v1/realtime", openai_realtime.RealtimeTranscription(scene).socket),
            aiohttp.web.get("/emulator/log", scene.log),
            aiohttp.web.post("/emulator/scene", scene.change),
        ]
    )
    return app


def refused(status: int) -> aiohttp.web.Response:
    """An error as the API words it."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": MESSAGES[status], "type": kind, "param": None, "code": REASONS.get(status)}
    headers = {"Retry-After": "1"} if status == 429 else {}
    return aiohttp.web.json_response({"error": error}, status=status, headers=headers)


def event(data: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + orjson.dumps(data) + b"\n\n"


class _Api:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def models(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        exchange = self._scene.begin(request, "openai", "models")
        if (status := await self._status(request, exchange, None)) is not None:
            return refused(status)
        exchange.note_end()
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "emulator"} for name in MODELS]
        return aiohttp.web.json_response({"object": "list", "data": models})

    async def transcriptions(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        exchange = self._scene.begin(request, "openai", "transcription")
        form = await request.post()
        upload = form.get("file")
        if not isinstance(upload, aiohttp.web.FileField):
            return refused(400)
        with upload.file:
            recording = io.BytesIO(upload.file.read())
        if (status := await self._status(request, exchange, str(form.get("model")))) is not None:
            return refused(status)
        exchange.note_asked()
        audio, rate = await asyncio.to_thread(soundfile.read, recording, dtype="int16")
        exchange.audio_bytes = audio.nbytes
        text = self._scene.transcript(exchange, audio if audio.ndim == 1 else audio[:, 0], rate)
        exchange.text.append(text)
        await self._scene.delays(exchange).transcript()
        if form.get("stream") == "true" and form.get("model") != "whisper-1":
            return await self._send(request, exchange, "text/event-stream", _transcript_events(text))
        body, media_type = _transcript(text, str(form.get("response_format") or "json"), len(audio) / rate)
        return await self._send(request, exchange, media_type, _halves(body))

    async def completions(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        exchange = self._scene.begin(request, "openai", "completion")
        asked: dict[str, Any] = orjson.loads(await request.read())
        if (status := await self._status(request, exchange, asked.get("model"))) is not None:
            return refused(status)
        heard = _last_text(asked["messages"])
        exchange.text.append(heard)
        exchange.note_asked()
        line = self._scene.answer(exchange, asked["messages"])
        exchange.said = line if isinstance(line, str) else ""
        if isinstance(line, ScriptedCall) and not asked.get("tools"):
            line = f"I would call {line.name}."
        usage = _usage(asked["messages"], line)
        if asked.get("stream"):
            wants_usage = bool((asked.get("stream_options") or {}).get("include_usage"))
            chunks = self._completion_events(exchange, asked["model"], line, usage if wants_usage else None)
            return await self._send(request, exchange, "text/event-stream", chunks)
        await self._scene.delays(exchange).first_token()
        body = orjson.dumps(_completion(asked["model"], line, usage))
        return await self._send(request, exchange, "application/json", _halves(body))

    async def _completion_events(
        self, exchange: Exchange, model: str, line: str | ScriptedCall, usage: dict[str, Any] | None
    ) -> AsyncIterator[bytes]:
        delays = self._scene.delays(exchange)
        head: dict[str, Any] = {"id": f"chatcmpl-{secrets.token_hex(8)}", "object": "chat.completion.chunk"}
        head |= {"created": int(time.time()), "model": model}
        await delays.first_token()
        exchange.note_first()
        for delta in _deltas(line):
            choice = {"index": 0, "delta": delta, "finish_reason": None}
            yield event(head | {"choices": [choice]})
            if content := delta.get("content"):
                exchange.tokens += 1
                if content.rstrip().endswith(CLAUSE_ENDS):
                    exchange.note_clause()
                await delays.token()
        reason = "tool_calls" if isinstance(line, ScriptedCall) else "stop"
        yield event(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        if usage is not None:
            yield event(head | {"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    async def speech(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        exchange = self._scene.begin(request, "openai", "speech")
        asked: dict[str, Any] = orjson.loads(await request.read())
        if (status := await self._status(request, exchange, asked.get("model"))) is not None:
            return refused(status)
        encoding = asked.get("response_format", "mp3")
        if not asked.get("input") or encoding not in MEDIA_TYPES:
            return refused(400)
        exchange.note_asked()
        exchange.text.append(asked["input"])
        spoken = tones.speech(asked["input"], asked.get("speed", 1.0)).samples
        audio = spoken.tobytes() if encoding == "pcm" else await asyncio.to_thread(encoded, spoken, encoding)
        pieces = self._speech_pieces(exchange, audio, len(spoken) / tones.RATE)
        return await self._send(request, exchange, MEDIA_TYPES[encoding], pieces)

    async def _speech_pieces(self, exchange: Exchange, audio: bytes, seconds: float) -> AsyncIterator[bytes]:
        delays = self._scene.delays(exchange)
        await delays.first_audio()
        count = max(2, round(seconds / SPEECH_PIECE_SECONDS))
        size = len(audio) // count + 1
        for start in range(0, len(audio), size):
            if start:
                await delays.speech(seconds / count)
            exchange.note_first()
            exchange.audio_bytes += len(audio[start : start + size])
            yield audio[start : start + size]

    async def _status(self, request: aiohttp.web.Request, exchange: Exchange, model: str | None) -> int | None:
        if not self._scene.accepts(request.headers.get("Authorization", "").removeprefix("Bearer ")):
            return 401
        if model == "unknown":
            return 404
        return await self._scene.refusal(exchange)

    async def _send(
        self, request: aiohttp.web.Request, exchange: Exchange, media_type: str, pieces: AsyncIterator[bytes]
    ) -> aiohttp.web.StreamResponse:
        response = aiohttp.web.StreamResponse(headers={"Content-Type": media_type, "x-request-id": "emulated"})
        await response.prepare(request)
        try:
            async for piece in afflict(pieces, exchange.fault):
                exchange.note_first()
                await response.write(piece)
        except ConnectionAbortedError:
            cut_off(request)
            return response
        await response.write_eof()
        exchange.note_end()
        return response


def encoded(samples: tones.Samples, encoding: str) -> bytes:
    """Speech as a WAV or MP3 file."""
    file = io.BytesIO()
    if encoding == "wav":
        soundfile.write(file, samples, tones.RATE, format="WAV", subtype="PCM_16")
        return file.getvalue()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=tones.RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = tones.RATE
        for packet in itertools.chain(stream.encode(frame), stream.encode(None)):
            container.mux(packet)
    return file.getvalue()


async def _halves(body: bytes) -> AsyncIterator[bytes]:
    middle = len(body) // 2
    yield body[:middle]
    yield body[middle:]


def _transcript(text: str, encoding: str, seconds: float) -> tuple[bytes, str]:
    if encoding == "text":
        return f"{text}\n".encode(), "text/plain"
    plain: dict[str, Any] = {"text": text, "usage": {"type": "duration", "seconds": round(seconds)}}
    if encoding == "verbose_json":
        plain |= {"task": "transcribe", "language": "english", "duration": seconds, "segments": []}
    return orjson.dumps(plain), "application/json"


async def _transcript_events(text: str) -> AsyncIterator[bytes]:
    for word in words(text):
        yield event({"type": "transcript.text.delta", "delta": word})
    usage = {"type": "tokens", "input_tokens": 1, "output_tokens": len(words(text)), "total_tokens": 1}
    yield event({"type": "transcript.text.done", "text": text, "usage": usage})
    yield b"data: [DONE]\n\n"


def words(text: str) -> list[str]:
    """A text cut so that it can be streamed: all pieces together are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


def _deltas(line: str | ScriptedCall) -> Iterable[dict[str, Any]]:
    if isinstance(line, str):
        yield {"role": "assistant", "content": ""}
        yield from ({"content": word} for word in words(line))
        return
    function = {"name": line.name, "arguments": ""}
    call = {"index": 0, "id": f"call_{secrets.token_hex(8)}", "type": "function", "function": function}
    yield {"role": "assistant", "content": None, "tool_calls": [call]}
    middle = len(line.arguments) // 2
    for piece in (line.arguments[:middle], line.arguments[middle:]):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def _completion(model: str, line: str | ScriptedCall, usage: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": line if isinstance(line, str) else None}
    if isinstance(line, ScriptedCall):
        function = {"name": line.name, "arguments": line.arguments}
        message["tool_calls"] = [{"id": f"call_{secrets.token_hex(8)}", "type": "function", "function": function}]
    reason = "stop" if isinstance(line, str) else "tool_calls"
    head: dict[str, Any] = {
        "id": f"chatcmpl-{secrets.token_hex(8)}",
        "object": "chat.completion",
        "created": int(time.time()),
    }
    return head | {
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": usage,
    }


def _last_text(messages: list[dict[str, Any]]) -> str:
    content = messages[-1].get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part["text"] if part["type"] == "text" else "(a picture)" for part in content)


def _usage(messages: list[dict[str, Any]], line: str | ScriptedCall) -> dict[str, Any]:
    heard = sum(len(words(_last_text([message]))) for message in messages)
    said = len(words(line)) if isinstance(line, str) else len(words(line.arguments))
    return {
        "prompt_tokens": heard,
        "completion_tokens": said,
        "total_tokens": heard + said,
        "prompt_tokens_details": {"cached_tokens": 0},
    }
