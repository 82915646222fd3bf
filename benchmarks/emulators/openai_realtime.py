"""OpenAI's realtime socket, as far as transcription goes (`/v1/realtime?intent=transcription`)."""

import asyncio
import base64
import re
import secrets
from typing import Any

import aiohttp.web
import orjson

from benchmarks.emulators.faults import DRIP_SECONDS, GARBAGE, FaultKind, cut_off, hang
from benchmarks.emulators.scene import Exchange, Scene

BYTES_PER_SECOND = 48_000
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
        self._bytes = 0
        self._item_id = f"item_{secrets.token_hex(10)}"
        self._has_begun = False

    async def run(self) -> None:
        if self._exchange.fault is FaultKind.GARBAGE:
            await self._socket.send_str(GARBAGE.decode("latin-1"))
            return
        await self._send("session.created", session=self._session())
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
                self._bytes += len(base64.b64decode(event["audio"], validate=True))
                await self._begin()
            case "input_audio_buffer.clear":
                self._bytes = 0
                await self._send("input_audio_buffer.cleared")
            case "input_audio_buffer.commit":
                await self._commit()
            case unknown:
                await self._refuse(f"Invalid value: '{unknown}'.")

    async def _begin(self) -> None:
        """An empty delta when there is enough audio for a word: what was said is decided by the whole of it."""
        if self._exchange.fault is FaultKind.EMPTY or self._has_begun:
            return
        if self._bytes >= WORD_SECONDS * BYTES_PER_SECOND:
            self._has_begun = True
            await self._delta("")
            await self._strike()

    async def _strike(self) -> None:
        if self._exchange.fault is FaultKind.DRIP:
            await asyncio.sleep(DRIP_SECONDS)
        if self._exchange.fault is FaultKind.HANG_MIDWAY:
            await hang()
        if self._exchange.fault is FaultKind.CLOSE_MIDWAY:
            raise ConnectionAbortedError

    async def _commit(self) -> None:
        seconds = self._bytes / BYTES_PER_SECOND
        if seconds < SHORTEST_COMMIT_SECONDS:
            await self._refuse(
                f"Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer "
                f"only has {seconds * 1000:.2f}ms of audio.",
                "input_audio_buffer_commit_empty",
            )
            return
        self._exchange.audio_bytes += self._bytes
        await self._send("input_audio_buffer.committed", item_id=self._item_id, previous_item_id=None)
        if self._exchange.fault is FaultKind.EMPTY:
            await self._socket.close()
            return
        await self._scene.delays(self._exchange).transcript()
        text = self._scene.script.transcript(self._exchange.session_id, seconds)
        self._exchange.text.append(text)
        for word in re.findall(r"\s*\S+", text):
            await self._delta(word)
            await self._strike()
        usage = {"type": "duration", "seconds": seconds}
        await self._send(
            f"{TRANSCRIPTION}.completed", item_id=self._item_id, content_index=0, transcript=text, usage=usage
        )
        self._exchange.finished = True
        self._item_id, self._bytes = f"item_{secrets.token_hex(10)}", 0

    async def _delta(self, text: str) -> None:
        await self._send(f"{TRANSCRIPTION}.delta", item_id=self._item_id, content_index=0, delta=text)

    async def _refuse(self, message: str, code: str = "invalid_value") -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": None, "event_id": None}
        await self._send("error", error=error)

    async def _send(self, kind: str, **fields: Any) -> None:
        event = {"type": kind, "event_id": f"event_{secrets.token_hex(10)}", **fields}
        await self._socket.send_str(orjson.dumps(event).decode())

    def _session(self) -> dict[str, Any]:
        return {"object": "realtime.transcription_session", "id": self._id, **self._settings}
