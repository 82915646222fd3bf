"""ElevenLabs' API: speech over HTTP and over a socket, and realtime transcription."""

import asyncio
import base64
import contextlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp.web
import numpy as np
import orjson

from benchmarks.emulators import tones
from benchmarks.emulators.answers import AnswersInOrder
from benchmarks.emulators.faults import DRIP_SECONDS, GARBAGE, FaultKind, afflict, cut_off, hang
from benchmarks.emulators.scene import Exchange, Scene

VOICES = {"21m00Tcm4TlvDq8ikWAM": "Rachel", "EXAVITQu4vr4xnSDxMaL": "Sarah", "pNInz6obpgDQGcFmaJgB": "Adam"}
CHUNK_SECONDS = 0.2
SHORTEST_COMMIT_SECONDS = 0.3
PARTIAL_SECONDS = 0.4
"""So much more audio is answered with another partial transcript."""
RATE = 16_000
BYTES_PER_SECOND = 2 * RATE
"""16 kHz, int16."""
POLICY_VIOLATION = 1008
DETAILS = {
    401: ("invalid_api_key", "Invalid API key"),
    404: ("voice_not_found", "A voice with that voice_id was not found."),
    429: ("too_many_concurrent_requests", "Too many concurrent requests for your plan."),
    500: ("internal_server_error", "Something went wrong."),
}


def application(scene: Scene) -> aiohttp.web.Application:
    """All routes."""
    api = _Api(scene)
    app = aiohttp.web.Application()
    app.add_routes(
        [
            aiohttp.web.get("/v1/voices", api.voices),
            aiohttp.web.post("/v1/text-to-speech/{voice}/stream", api.speech),
            aiohttp.web.get("/v1/text-to-speech/{voice}/stream-input", api.speech_socket),
            aiohttp.web.get("/v1/speech-to-text/realtime", api.transcription_socket),
            aiohttp.web.get("/emulator/log", scene.log),
        ]
    )
    return app


def refused(status: int) -> aiohttp.web.Response:
    """An error as the API words it."""
    reason, message = DETAILS[status]
    headers = {"Retry-After": "1"} if status == 429 else {}
    detail = {"status": reason, "message": message}
    return aiohttp.web.json_response({"detail": detail}, status=status, headers=headers)


class _Api:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def voices(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        exchange = self._scene.begin(request, "elevenlabs", "voices")
        if (status := await self._status(request, exchange)) is not None:
            return refused(status)
        exchange.note_end()
        voices = [{"voice_id": key, "name": name, "category": "premade"} for key, name in VOICES.items()]
        return aiohttp.web.json_response({"voices": voices})

    async def speech(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        exchange = self._scene.begin(request, "elevenlabs", "speech")
        if (status := await self._status(request, exchange)) is not None:
            return refused(status)
        if request.match_info["voice"] not in VOICES:
            return refused(404)
        asked: dict[str, Any] = orjson.loads(await request.read())
        exchange.note_asked()
        exchange.text.append(asked["text"])
        response = aiohttp.web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        try:
            async for piece in afflict(self._pieces(exchange, asked["text"]), exchange.fault):
                await response.write(piece)
        except ConnectionAbortedError:
            cut_off(request)
            return response
        await response.write_eof()
        exchange.note_end()
        return response

    async def _pieces(self, exchange: Exchange, text: str) -> AsyncIterator[bytes]:
        delays = self._scene.delays(exchange)
        await delays.first_audio()
        for chunk in _chunks(tones.speech(text)):
            exchange.note_first()
            exchange.audio_bytes += chunk.samples.nbytes
            yield chunk.samples.tobytes()
            await delays.speech(len(chunk.samples) / tones.RATE)

    async def speech_socket(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        exchange = self._scene.begin(request, "elevenlabs", "speech")
        if (status := await self._scene.refusal(exchange)) is not None:
            return refused(status)
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        try:
            # The vendor accepts the socket first and says afterwards what is wrong.
            if not self._scene.accepts(request.headers.get("xi-api-key", "")):
                await _refuse_socket(socket, "invalid_api_key", "Invalid API key")
            elif request.match_info["voice"] not in VOICES:
                voice = request.match_info["voice"]
                message = f"A voice with voice_id {voice} does not exist."
                await _refuse_socket(socket, "voice_id_does_not_exist", message)
            else:
                await _SpeechSession(self._scene, exchange, socket, request).run()
        except ConnectionError:
            cut_off(request)
        return socket

    async def transcription_socket(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        exchange = self._scene.begin(request, "elevenlabs", "transcription")
        if (status := await self._status(request, exchange)) is not None:
            return refused(status)
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        try:
            await _TranscriptionSession(self._scene, exchange, socket).run()
        except ConnectionAbortedError:
            cut_off(request)
        return socket

    async def _status(self, request: aiohttp.web.Request, exchange: Exchange) -> int | None:
        if not self._scene.accepts(request.headers.get("xi-api-key", "")):
            return 401
        return await self._scene.refusal(exchange)


async def _refuse_socket(socket: aiohttp.web.WebSocketResponse, reason: str, message: str) -> None:
    error = {"message": message, "error": reason, "code": POLICY_VIOLATION}
    await socket.send_str(orjson.dumps(error).decode())
    await socket.close(code=POLICY_VIOLATION, message=message.encode())


class _SpeechSession:
    """One `stream-input` socket: reads text and makes speech at the same time."""

    def __init__(
        self,
        scene: Scene,
        exchange: Exchange,
        socket: aiohttp.web.WebSocketResponse,
        request: aiohttp.web.Request,
    ) -> None:
        self._request = request
        self._exchange = exchange
        self._socket = socket
        self._delays = scene.delays(exchange)
        self._aligned = request.query.get("sync_alignment") == "true"
        self._timeout_seconds = float(request.query.get("inactivity_timeout", 20))
        self._texts: asyncio.Queue[str | None] = asyncio.Queue()
        self._speed = 1.0
        self._chunks_sent = 0

    async def run(self) -> None:
        if self._exchange.fault is FaultKind.HALF_OPEN:
            await hang()
        async with asyncio.TaskGroup() as group:
            speaking = group.create_task(self._speak())
            if not await self._listen():
                speaking.cancel()

    async def _listen(self) -> bool:
        """Read until the client has written everything; False if it goes away before."""
        written = ""
        while True:
            try:
                message = await self._socket.receive(timeout=self._timeout_seconds)
            except TimeoutError:
                await _refuse_socket(self._socket, "input_timeout_exceeded", "Have not received a new text input.")
                return False
            if message.type is not aiohttp.WSMsgType.TEXT:
                return False
            asked: dict[str, Any] = orjson.loads(message.data)
            self._speed = (asked.get("voice_settings") or {}).get("speed", self._speed)
            written += asked["text"]
            if written.strip() and (asked.get("flush") or not asked["text"]):
                self._exchange.note_asked()
                self._exchange.text.append(written)
                self._texts.put_nowait(written)
                written = ""
            if not asked["text"]:
                self._texts.put_nowait(None)
                return True

    async def _speak(self) -> None:
        # A client that goes away is noticed by the listening half.
        with contextlib.suppress(ConnectionError):
            while (text := await self._texts.get()) is not None:
                if self._exchange.fault is not FaultKind.EMPTY:
                    await self._say(text)
            await self._socket.send_str(orjson.dumps({"audio": None, "isFinal": True}).decode())
            self._exchange.note_end()
            await self._socket.close()

    async def _say(self, text: str) -> None:
        await self._delays.first_audio()
        for chunk in _chunks(tones.speech(text, self._speed)):
            await self._strike()
            first = chunk.start_seconds == 0
            await self._send(chunk.samples, chunk.alignment if self._aligned or first else None)
            await self._delays.speech(len(chunk.samples) / tones.RATE)

    async def _strike(self) -> None:
        """Raises ConnectionError if the fault ends the socket here."""
        fault = self._exchange.fault
        if fault is FaultKind.GARBAGE:
            await self._socket.send_bytes(GARBAGE)
        elif fault is FaultKind.DRIP:
            await asyncio.sleep(DRIP_SECONDS)
        elif self._chunks_sent and fault is FaultKind.HANG_MIDWAY:
            await hang()
        elif self._chunks_sent and fault is FaultKind.CLOSE_MIDWAY:
            cut_off(self._request)
            raise ConnectionAbortedError

    async def _send(self, samples: tones.Samples, alignment: dict[str, Any] | None) -> None:
        audio = base64.b64encode(samples.tobytes()).decode()
        message = {"audio": audio, "isFinal": None, "normalizedAlignment": alignment, "alignment": alignment}
        self._exchange.note_first()
        self._exchange.audio_bytes += samples.nbytes
        self._chunks_sent += 1
        await self._socket.send_str(orjson.dumps(message).decode())


class _Chunk:
    """A stretch of speech with the characters that begin in it."""

    def __init__(self, samples: tones.Samples, start_seconds: float) -> None:
        self.samples = samples
        self.start_seconds = start_seconds
        self.alignment: dict[str, list[Any]] = {"chars": [], "charStartTimesMs": [], "charDurationsMs": []}

    def add(self, character: str, start_seconds: float, duration_seconds: float) -> None:
        """Note a character. Times in the message count from the beginning of its chunk."""
        self.alignment["chars"].append(character)
        self.alignment["charStartTimesMs"].append(round((start_seconds - self.start_seconds) * 1000))
        self.alignment["charDurationsMs"].append(round(duration_seconds * 1000))


def _chunks(spoken: tones.TonedSpeech) -> Sequence[_Chunk]:
    size = round(CHUNK_SECONDS * tones.RATE)
    starts = range(0, len(spoken.samples), size)
    chunks = [_Chunk(spoken.samples[start : start + size], start / tones.RATE) for start in starts]
    for word in spoken.words:
        step = (word.end_seconds - word.start_seconds) / len(word.text)
        for index, character in enumerate(word.text):
            begin = word.start_seconds + index * step
            chunks[min(int(begin / CHUNK_SECONDS), len(chunks) - 1)].add(character, begin, step)
    return chunks


class _TranscriptionSession:
    """One realtime transcription socket with `commit_strategy=manual`."""

    def __init__(self, scene: Scene, exchange: Exchange, socket: aiohttp.web.WebSocketResponse) -> None:
        self._scene = scene
        self._exchange = exchange
        self._socket = socket
        self._audio = bytearray()
        self._shown_bytes = 0
        self._answers = AnswersInOrder()

    async def run(self) -> None:
        if self._exchange.fault is FaultKind.HALF_OPEN:
            await hang()
        if self._exchange.fault is FaultKind.GARBAGE:
            await self._socket.send_str(GARBAGE.decode("latin-1"))
            return
        session = {"sample_rate": 16000, "audio_format": "pcm_16000", "model_id": "scribe_v2_realtime"}
        await self._send("session_started", session_id=secrets.token_hex(8), config=session)
        async with self._answers:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._receive(orjson.loads(message.data))

    async def _receive(self, asked: dict[str, Any]) -> None:
        if asked.get("message_type") != "input_audio_chunk":
            await self._send("input_error", error="Unknown message type.")
            return
        self._audio += base64.b64decode(asked["audio_base_64"], validate=True)
        if asked.get("commit"):
            await self._commit()
        elif len(self._audio) - self._shown_bytes >= PARTIAL_SECONDS * BYTES_PER_SECOND:
            self._shown_bytes = len(self._audio)
            await self._partial("…")

    async def _commit(self) -> None:
        seconds = len(self._audio) / BYTES_PER_SECOND
        if seconds < SHORTEST_COMMIT_SECONDS:
            error = f"Commit request ignored: only {seconds:.2f}s of uncommitted audio."
            await self._send("commit_throttled", error=error)
            return
        asked, heard = time.monotonic(), np.frombuffer(bytes(self._audio), np.int16)
        self._exchange.audio_bytes += heard.nbytes
        self._audio, self._shown_bytes = bytearray(), 0
        if self._exchange.fault is FaultKind.EMPTY:
            await self._socket.close()
            return
        text = self._scene.transcript(self._exchange, heard, RATE)
        self._exchange.text.append(text)
        self._answers.add(self._scene.delays(self._exchange).transcript, lambda: self._answer(text, asked))

    async def _answer(self, text: str, asked: float) -> None:
        for end in re.finditer(r"\S+", text):
            await self._partial(text[: end.end()])
        await self._send("committed_transcript", text=text)
        self._exchange.note_transcript(asked)

    async def _partial(self, text: str) -> None:
        if self._exchange.fault is FaultKind.EMPTY:
            return
        await self._send("partial_transcript", text=text)
        if self._exchange.fault is FaultKind.DRIP:
            await asyncio.sleep(DRIP_SECONDS)
        if self._exchange.fault is FaultKind.HANG_MIDWAY:
            await hang()
        if self._exchange.fault is FaultKind.CLOSE_MIDWAY:
            raise ConnectionAbortedError

    async def _send(self, kind: str, **fields: Any) -> None:
        await self._socket.send_str(orjson.dumps({"message_type": kind, **fields}).decode())
