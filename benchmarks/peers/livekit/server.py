"""A LiveKit voice agent behind a WebSocket: `server.py BASE_URL KEY VARIANT`, run by LiveKit's own environment.

Each connection is one conversation: an `AgentSession` in this process, in no room. Binary messages are audio in both
directions, int16, mono, 24 kHz. Text messages are `{"type": "session", "id": …}` with the `X-Session-Id` of this
conversation's requests, `{"type": "clear"}` (what was sent and not yet played is void) and `{"type": "reply_done"}`.
The audio is sent as the track of a room queues it: in real time, in pieces of 50 ms, 0.2 s ahead.

VARIANT `default` is what LiveKit does when nothing is said and its cloud is not used: the bundled Silero voice activity
with 0.25 s of silence, the bundled end-of-turn model `v1-mini`, 0.3 s to the end of a turn or, where the model thinks
that more is coming, 2.5 s; the language model is asked before that; interruptions of at least 0.5 s, and none while the
first 3 s of speech warm up an echo canceller. `vad` is the same without the end-of-turn model: 0.5 s of silence end a
turn. `tuned` has 0.1 s in place of the 0.25 s and the 0.5 s (with the model, less than 0.25 s is refused) and no
warm-up.
"""

# Its packages are in its own environment, where the types are checked in full.
# mypy: disable-error-code="import-not-found, misc"

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import aiohttp.web
from livekit import rtc
from livekit.agents import (
    NOT_GIVEN,
    Agent,
    AgentSession,
    EndpointingOptions,
    NotGivenOr,
    TurnHandlingOptions,
    inference,
    vad,
)
from livekit.agents.voice import io
from livekit.plugins.openai import LLM, STT, TTS

HERTZ = 24_000
PIECE_BYTES = HERTZ // 20 * 2
LEAD_SECONDS = 0.2
MODEL = "gpt-4.1-mini"
INSTRUCTIONS = "You are a helpful voice assistant."
TUNED_SECONDS = 0.1


@dataclass
class Variant:
    """What is said to an `AgentSession`; what is not given is LiveKit's own choice."""

    voice_activity: NotGivenOr[vad.VAD] = NOT_GIVEN
    turn_handling: TurnHandlingOptions = field(default_factory=TurnHandlingOptions)
    aec_warmup_seconds: NotGivenOr[float | None] = NOT_GIVEN


def variant(name: str) -> Variant:
    """Raises ValueError for a name that there is not."""
    if name == "default":
        return Variant()
    if name == "vad":
        return Variant(turn_handling=TurnHandlingOptions(turn_detection="vad"))
    if name == "tuned":
        endpointing = EndpointingOptions(min_delay=TUNED_SECONDS)
        voice_activity = inference.VAD(min_silence_duration=TUNED_SECONDS)
        return Variant(voice_activity, TurnHandlingOptions(turn_detection="vad", endpointing=endpointing), None)
    raise ValueError(f"There is no variant {name!r}; it is default, vad or tuned.")


class Microphone(io.AudioInput):
    """What comes over the socket."""

    def __init__(self) -> None:
        super().__init__(label="socket")
        self.frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        return await self.frames.get()


class Loudspeaker(io.AudioOutput):
    """Sends to the socket as the audio is played there; it can pause and be cleared."""

    def __init__(self, socket: aiohttp.web.WebSocketResponse) -> None:
        super().__init__(label="socket", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=HERTZ)
        self._socket = socket
        self._waiting: deque[bytes] = deque()
        self._rest = b""
        self._notes: deque[str] = deque()
        """Messages that go out before any more audio."""
        self._is_whole = False
        """Nothing more comes of this segment."""
        self._is_paused = False
        self._played_seconds = 0.0
        """Of this segment, what lies in the client's buffer included."""
        self._ends_at: float | None = None
        """When the client has played what it was sent, None before the first piece."""
        self._changed = asyncio.Event()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self._is_whole = False
        self._rest += bytes(frame.data)
        while len(self._rest) >= PIECE_BYTES:
            self._waiting.append(self._rest[:PIECE_BYTES])
            self._rest = self._rest[PIECE_BYTES:]
        self._changed.set()

    def flush(self) -> None:
        super().flush()
        if self._rest:
            self._waiting.append(self._rest)
            self._rest = b""
        self._is_whole = True
        self._changed.set()

    def clear_buffer(self) -> None:
        if self._ends_at is None and not self._waiting and not self._rest:
            return
        self._void()
        self._finish(interrupted=True)

    def pause(self) -> None:
        super().pause()
        self._is_paused = True
        self._void()

    def resume(self) -> None:
        super().resume()
        self._is_paused = False
        self._changed.set()

    async def play(self) -> None:
        """Send what there is, when it is time, until the client goes away."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self._step()

    async def _step(self) -> None:
        if self._notes:
            await self._socket.send_str(self._notes.popleft())
        elif (seconds := self._seconds_to_wait()) is None or seconds > 0:
            await self._wait(seconds)
        elif self._waiting:
            await self._send(self._waiting.popleft())
        else:
            self._notes.append(json.dumps({"type": "reply_done"}))
            self._finish(interrupted=False)

    def _seconds_to_wait(self) -> float | None:
        """Until a piece is to be sent or the segment is over; None: until something happens."""
        left = 0.0 if self._ends_at is None else self._ends_at - time.monotonic()
        if self._is_paused:
            return None
        if self._waiting:
            return left - LEAD_SECONDS
        return left if self._is_whole and self._ends_at is not None else None

    async def _wait(self, seconds: float | None) -> None:
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    async def _send(self, piece: bytes) -> None:
        now, seconds = time.monotonic(), len(piece) / 2 / HERTZ
        if self._ends_at is None:
            self.on_playback_started(created_at=time.time())
        self._ends_at = max(self._ends_at or now, now) + seconds
        self._played_seconds += seconds
        await self._socket.send_bytes(piece)

    def _void(self) -> None:
        """Silence the client; what it has not played is lost."""
        if self._ends_at is not None:
            self._played_seconds -= max(0.0, self._ends_at - time.monotonic())
            self._ends_at = time.monotonic()
        self._notes.append(json.dumps({"type": "clear"}))
        self._changed.set()

    def _finish(self, *, interrupted: bool) -> None:
        position = max(0.0, self._played_seconds)
        self._waiting.clear()
        self._rest = b""
        self._is_whole = False
        self._played_seconds, self._ends_at = 0.0, None
        self.on_playback_finished(playback_position=position, interrupted=interrupted)


class Conversations:
    """Holds one conversation per connection."""

    def __init__(self, base_url: str, key: str, variant_name: str) -> None:
        self._base_url = base_url
        self._key = key
        self._variant = variant_name

    async def converse(self, request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        """Until the client goes away."""
        socket = aiohttp.web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        session_id = secrets.token_hex(8)
        microphone, loudspeaker = Microphone(), Loudspeaker(socket)
        playing = asyncio.create_task(loudspeaker.play())
        session = self._session(session_id)
        try:
            session.input.audio, session.output.audio = microphone, loudspeaker
            await session.start(Agent(instructions=INSTRUCTIONS), record=False)
            await socket.send_json({"type": "session", "id": session_id})
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    microphone.frames.put_nowait(rtc.AudioFrame(message.data, HERTZ, 1, len(message.data) // 2))
        finally:
            await session.aclose()
            playing.cancel()
        return socket

    def _session(self, session_id: str) -> "AgentSession[None]":
        to_vendor: dict[str, Any] = {"base_url": self._base_url, "api_key": self._key}
        services = STT(**to_vendor), LLM(model=MODEL, **to_vendor), TTS(response_format="pcm", **to_vendor)
        for service in services:
            # No constructor of all three takes headers.
            service._client = service._client.with_options(default_headers={"X-Session-Id": session_id})
        hearing, model, voice = services
        chosen = variant(self._variant)
        return AgentSession[None](
            stt=hearing,
            llm=model,
            tts=voice,
            vad=chosen.voice_activity,
            turn_handling=chosen.turn_handling,
            aec_warmup_duration=chosen.aec_warmup_seconds,
        )


async def serve(base_url: str, key: str, variant_name: str) -> None:
    """Serve on a free port, and say which, until cancelled."""
    variant(variant_name)
    app = aiohttp.web.Application()
    app.router.add_get("/", Conversations(base_url, key, variant_name).converse)
    runner = aiohttp.web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"ws://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(*sys.argv[1:4]))
