"""OpenAI's realtime socket, as far as transcription goes (`/v1/realtime?intent=transcription`)."""

import asyncio
import base64
import re
import secrets
import time
from typing import Any

import aiohttp.web
import numpy as np
import orjson

from benchmarks.emulators.answers import AnswersInOrder
from benchmarks.emulators.faults import DRIP_SECONDS, GARBAGE, FaultKind, cut_off, hang
from benchmarks.emulators.scene import Exchange, Scene

RATE = 24_000
BYTES_PER_SECOND = 2 * RATE
"""24 kHz, int16."""
SHORTEST_COMMIT_SECONDS = 0.1
WORD_SECONDS = 0.4
"""So much audio is enough for a word."""
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class RealtimeTranscription:
    """Opens a session for each socket."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def socket(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        """`GET /v1/realtime`."""
        exchange = self._scene.begin(request, "openai", "transcription")
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        status = 401 if not self._scene.accepts(key) else await self._scene.refusal(exchange)
        if status is not None:
            error = {"message": "Incorrect API key provided.", "type": "invalid_request_error", "code": None}
            return aiohttp.web.json_response({"error": error}, status=status)
        socket = aiohttp.web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        try:
            await _Session(self._scene, exchange, socket).run()
        except ConnectionAbortedError:
            cut_off(request)
        return socket


class _Session:
    def __init__(self, scene: Scene, exchange: Exchange, socket: aiohttp.web.WebSocketResponse) -> None:
        self._scene = scene
        self._exchange = exchange
        self._socket = socket
        self._id = f"sess_{secrets.token_hex(10)}"
        self._settings: dict[str, Any] = {"type": "transcription", "audio": {"input": {}}}
        self._audio = bytearray()
        self._item_id = f"item_{secrets.token_hex(10)}"
        self._has_begun = False
        self._answers = AnswersInOrder()

    async def run(self) -> None:
        if self._exchange.fault is FaultKind.HALF_OPEN:
            await hang()
        if self._exchange.fault is FaultKind.GARBAGE:
            await self._socket.send_str(GARBAGE.decode("latin-1"))
            return
        await self._send("session.created", session=self._session())
        async with self._answers:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._receive(orjson.loads(message.data))

    async def _receive(self, event: dict[str, Any]) -> None:
        match event.get("type"):
            case "session.update" if event.get("session", {}).get("type") != "transcription":
                await self._refuse("Passing a realtime session update event to a transcription session is not allowed.")
            case "session.update":
                self._settings |= event["session"]
                await self._send("session.updated", session=self._session())
            case "input_audio_buffer.append":
                self._audio += base64.b64decode(event["audio"], validate=True)
                await self._begin()
            case "input_audio_buffer.clear":
                self._audio.clear()
                await self._send("input_audio_buffer.cleared")
            case "input_audio_buffer.commit":
                await self._commit()
            case unknown:
                await self._refuse(f"Invalid value: '{unknown}'.")

    async def _begin(self) -> None:
        """An empty delta when there is enough audio for a word: what was said is decided by the whole of it."""
        if self._exchange.fault is FaultKind.EMPTY or self._has_begun:
            return
        if len(self._audio) >= WORD_SECONDS * BYTES_PER_SECOND:
            self._has_begun = True
            await self._delta(self._item_id, "")
            await self._strike()

    async def _strike(self) -> None:
        if self._exchange.fault is FaultKind.DRIP:
            await asyncio.sleep(DRIP_SECONDS)
        if self._exchange.fault is FaultKind.HANG_MIDWAY:
            await hang()
        if self._exchange.fault is FaultKind.CLOSE_MIDWAY:
            raise ConnectionAbortedError

    async def _commit(self) -> None:
        seconds = len(self._audio) / BYTES_PER_SECOND
        if seconds < SHORTEST_COMMIT_SECONDS:
            await self._refuse(
                f"Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer "
                f"only has {seconds * 1000:.2f}ms of audio.",
                "input_audio_buffer_commit_empty",
            )
            return
        asked, heard = time.monotonic(), np.frombuffer(bytes(self._audio), np.int16)
        self._exchange.audio_bytes += heard.nbytes
        item_id, self._item_id = self._item_id, f"item_{secrets.token_hex(10)}"
        self._audio, self._has_begun = bytearray(), False
        await self._send("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        if self._exchange.fault is FaultKind.EMPTY:
            await self._socket.close()
            return
        text = self._scene.transcript(self._exchange, heard, RATE)
        self._exchange.text.append(text)
        self._answers.add(
            self._scene.delays(self._exchange).transcript, lambda: self._answer(item_id, text, asked, seconds)
        )

    async def _answer(self, item_id: str, text: str, asked: float, seconds: float) -> None:
        for word in re.findall(r"\s*\S+", text):
            await self._delta(item_id, word)
            await self._strike()
        usage = {"type": "duration", "seconds": seconds}
        await self._send(f"{TRANSCRIPTION}.completed", item_id=item_id, content_index=0, transcript=text, usage=usage)
        self._exchange.note_transcript(asked)

    async def _delta(self, item_id: str, text: str) -> None:
        await self._send(f"{TRANSCRIPTION}.delta", item_id=item_id, content_index=0, delta=text)

    async def _refuse(self, message: str, code: str = "invalid_value") -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": None, "event_id": None}
        await self._send("error", error=error)

    async def _send(self, kind: str, **fields: Any) -> None:
        event = {"type": kind, "event_id": f"event_{secrets.token_hex(10)}", **fields}
        await self._socket.send_str(orjson.dumps(event).decode())

    def _session(self) -> dict[str, Any]:
        return {"object": "realtime.transcription_session", "id": self._id, **self._settings}
