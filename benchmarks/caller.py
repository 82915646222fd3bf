"""One conversation with a target over a real socket, whatever it speaks: audio out, audio and news in."""

import base64
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp
import numpy as np
import orjson

from benchmarks.emulators.tones import Samples
from benchmarks.targets import Endpoint

_FRAME_VERSION = 1


@dataclass(frozen=True, slots=True)
class Sound:
    """Audio of an answer."""

    at: float
    """When it arrived, by the monotonic clock."""
    item: str
    """Which answer the server says it is; "" if it does not say."""
    samples: Samples
    """int16, shape (n,), 24 kHz."""


@dataclass(frozen=True, slots=True)
class News:
    """Anything else."""

    at: float
    name: str
    """session, speech_started, speech_stopped, duck, restore, clear, reply_started, reply_done, turn, error."""
    fields: dict[str, Any] = field(default_factory=dict)


class Caller(Protocol):
    """A conversation while it is entered."""

    async def __aenter__(self) -> Self:
        """Connect. Raises aiohttp.ClientError."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up."""
        ...

    async def send(self, audio: bytes) -> None:
        """20 ms from the microphone: int16, 24 kHz."""
        ...

    async def mark_end(self) -> None:
        """The user has finished speaking; for targets that cannot tell."""
        ...

    async def report(self, item: str, heard_seconds: float, *, playing: bool) -> None:
        """What the loudspeaker has played; for targets that want to know."""
        ...

    def heard(self) -> AsyncGenerator[Sound | News, None]:
        """Everything that arrives, until the target hangs up."""
        ...


class _Socket:
    def __init__(self, http: aiohttp.ClientSession, url: str, key: str) -> None:
        self._http = http
        self._url = url
        self._key = key
        self._open: aiohttp.ClientWebSocketResponse | None = None

    @property
    def socket(self) -> aiohttp.ClientWebSocketResponse:
        assert self._open is not None, "not connected"
        return self._open

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self._key}"}
        self._open = await self._http.ws_connect(self._url, headers=headers, max_msg_size=0, compress=0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.socket.close()


class PcmCaller(_Socket):
    """Plain audio in both directions."""

    async def send(self, audio: bytes) -> None:
        """The bytes as they are."""
        await self.socket.send_bytes(audio)

    async def mark_end(self) -> None:
        """`commit`."""
        await self.socket.send_str('{"type": "commit"}')

    async def report(self, item: str, heard_seconds: float, *, playing: bool) -> None:
        """There is no message for it."""

    async def heard(self) -> AsyncGenerator[Sound | News, None]:
        """Audio without the name of its answer."""
        async for message in self.socket:
            now = time.monotonic()
            if message.type is aiohttp.WSMsgType.BINARY:
                yield Sound(now, "", np.frombuffer(message.data, np.int16))
            elif message.type is aiohttp.WSMsgType.TEXT:
                fields = orjson.loads(message.data)
                yield News(now, fields["type"], fields)


_NEWS = {
    "input_audio_buffer.speech_started": "speech_started",
    "input_audio_buffer.speech_stopped": "speech_stopped",
    "response.created": "reply_started",
    "response.done": "reply_done",
    "voice.duck": "duck",
    "voice.restore": "restore",
    "voice.turn": "turn",
    "error": "error",
}


class RealtimeCaller(_Socket):
    """OpenAI Realtime, with or without the extensions."""

    def __init__(self, http: aiohttp.ClientSession, url: str, key: str, *, extended: bool) -> None:
        super().__init__(http, url, key)
        self._extended = extended

    async def send(self, audio: bytes) -> None:
        """A binary frame, or base64 in JSON."""
        if self._extended:
            await self.socket.send_bytes(audio)
        else:
            encoded = base64.b64encode(audio).decode()
            await self.socket.send_str(f'{{"type":"input_audio_buffer.append","audio":"{encoded}"}}')

    async def mark_end(self) -> None:
        """`input_audio_buffer.commit`."""
        await self.socket.send_str('{"type":"input_audio_buffer.commit"}')

    async def report(self, item: str, heard_seconds: float, *, playing: bool) -> None:
        """`voice.playback`."""
        if self._extended:
            told = {"type": "voice.playback", "item_id": item, "heard_ms": round(heard_seconds * 1000, 1)}
            await self.socket.send_str(orjson.dumps(told | {"playing": playing}).decode())

    async def heard(self) -> AsyncGenerator[Sound | News, None]:
        """Audio and the news that matter here."""
        async for message in self.socket:
            now = time.monotonic()
            if message.type is aiohttp.WSMsgType.BINARY:
                yield _read_frame(now, message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                fields = orjson.loads(message.data)
                if fields["type"] == "response.output_audio.delta":
                    yield Sound(now, fields["item_id"], np.frombuffer(base64.b64decode(fields["delta"]), np.int16))
                elif fields["type"] == "session.created":
                    yield News(now, "session", {"id": fields["session"]["id"]})
                elif name := _NEWS.get(fields["type"]):
                    yield News(now, name, fields)


def _read_frame(now: float, frame: bytes) -> Sound:
    if frame[0] != _FRAME_VERSION:
        raise ValueError("a binary frame of another version")
    end = 2 + frame[1]
    return Sound(now, frame[2:end].decode("ascii"), np.frombuffer(frame, np.int16, offset=end + end % 2))


def caller(http: aiohttp.ClientSession, endpoint: Endpoint) -> Caller:
    """The one that speaks as the target does."""
    if endpoint.wire == "pcm":
        return PcmCaller(http, endpoint.url, endpoint.key)
    return RealtimeCaller(http, endpoint.url, endpoint.key, extended=endpoint.wire == "extended")
