"""One conversation with a voice server over a WebSocket."""

import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from urllib.parse import quote, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake, InvalidStatus

from voice_client.errors import ConnectionFailed
from voice_client.events import RATE, Event, Samples, SessionStarted
from voice_client.wire import read_message, write_audio

_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_WAITING_MESSAGES = 256
_MAX_HELD_BYTES = 10 * RATE * 2
"""Ten seconds of what was said before the connection was open; of more, the oldest is lost."""


class VoiceClient:
    """A conversation, from `async with` to its end."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        api_key: str | None = None,
        *,
        assistant: str = "galion",
        session: Mapping[str, object] | None = None,
        greeting: bool = True,
    ) -> None:
        """`session`: what of the session is to differ from the server's own, as `session.update` has it.

        `greeting`: the assistant may speak first, if it has a greeting.
        """
        self.url = url
        self._socket_url = _socket_url(url, assistant, greeting=greeting)
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._session = {"type": "realtime", "audio": {"input": {"transcription": {}}}, **(session or {})}
        self._socket: ClientConnection | None = None
        self._held: deque[bytes] | None = deque()
        """What was said before the connection was open; None once all of it has been sent."""

    async def __aenter__(self) -> "VoiceClient":
        """Connect. Raises ConnectionFailed."""
        try:
            # Speech gains nothing from compression, and each frame would pay for it.
            self._socket = await connect(
                self._socket_url,
                additional_headers=self._headers,
                compression=None,
                max_size=_MAX_MESSAGE_BYTES,
                max_queue=_WAITING_MESSAGES,
            )
        except InvalidStatus as error:
            raise ConnectionFailed(_refusal(error)) from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f"No voice server answers at {self.url} ({reason}); start one with `voice-server serve`."
            raise ConnectionFailed(message) from error
        await self._send({"type": "session.update", "session": self._session})
        await self._send_held()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Hang up."""
        if self._socket is not None:
            await self._socket.close()

    async def send_audio(self, samples: Samples) -> None:
        """The microphone went on: int16, shape (n,), 24 kHz. Waits while the connection is slower than the speech.

        May be called before the connection is open: the last ten seconds are held, and sent first.
        """
        frame = write_audio(samples)
        if self._held is None:
            await self._send_frame(frame)
            return
        self._held.append(frame)
        while sum(map(len, self._held)) > _MAX_HELD_BYTES:
            self._held.popleft()

    async def commit(self) -> None:
        """The user's turn is over; needed only where turn detection is off."""
        await self._send({"type": "input_audio_buffer.commit"})

    async def send_text(self, text: str) -> None:
        """Say something in writing and ask for the answer."""
        content = [{"type": "input_text", "text": text}]
        await self._send(
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
        )
        await self.request_reply()

    async def request_reply(self) -> None:
        """Ask for an answer now."""
        await self._send({"type": "response.create"})

    async def cancel_reply(self) -> None:
        """Stop the answer."""
        await self._send({"type": "response.cancel"})

    async def report_playback(self, item_id: str, heard_ms: float, *, playing: bool) -> None:
        """Tell how much of an answer the loudspeaker has played: what was not heard is not remembered as said."""
        await self._send({"type": "voice.playback", "item_id": item_id, "heard_ms": heard_ms, "playing": playing})

    async def events(self) -> AsyncGenerator[Event, None]:
        """What the server tells, for as long as it is iterated. Raises ConnectionFailed when the server hangs up."""
        socket = self._connected()
        while True:
            try:
                message = await socket.recv()
            except ConnectionClosed as error:
                raise _lost(error) from error
            event = read_message(message)
            if event is not None:
                yield event

    async def started(self) -> SessionStarted:
        """Wait for the first event. Raises ConnectionFailed."""
        try:
            event = read_message(await self._connected().recv())
        except ConnectionClosed as error:
            raise _lost(error) from error
        if not isinstance(event, SessionStarted):
            raise ConnectionFailed(f"{self.url} does not speak OpenAI Realtime: its first message was another.")
        return event

    async def _send_held(self) -> None:
        """Faster than it was said. What is said meanwhile is held as well, so that all stays in order."""
        while self._held:
            await self._send_frame(self._held.popleft())
        self._held = None

    async def _send(self, message: Mapping[str, object]) -> None:
        await self._send_frame(json.dumps(message))

    async def _send_frame(self, frame: str | bytes) -> None:
        try:
            await self._connected().send(frame)
        except ConnectionClosed as error:
            raise _lost(error) from error

    def _connected(self) -> ClientConnection:
        if self._socket is None:
            raise ConnectionFailed("Not connected: use `async with VoiceClient(...)`.")
        return self._socket


def _socket_url(url: str, assistant: str, *, greeting: bool) -> str:
    parts = urlsplit(url if "://" in url else f"http://{url}")
    schemes = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
    if parts.scheme not in schemes or not parts.hostname:
        raise ConnectionFailed(f"{url} is not the address of a server; write one such as http://127.0.0.1:8080.")
    path = parts.path.rstrip("/").removesuffix("/v1/realtime").removesuffix("/v1")
    query = f"model={quote(assistant)}&extensions=1" + ("" if greeting else "&greeting=0")
    return urlunsplit((schemes[parts.scheme], parts.netloc, f"{path}/v1/realtime", query, ""))


def _refusal(error: InvalidStatus) -> str:
    """The server's own sentence, if it gave one."""
    body = error.response.body or b""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = body.decode(errors="replace").strip()[:200] or error.response.reason_phrase
    return f"The server refused the connection ({error.response.status_code}): {message}"


def _lost(error: ConnectionClosed) -> ConnectionFailed:
    if isinstance(error, ConnectionClosedOK) and error.rcvd is not None:
        return ConnectionFailed(f"The server ended the conversation: {error.rcvd.reason or 'it is shutting down'}.")
    return ConnectionFailed("The connection to the server was lost.")
