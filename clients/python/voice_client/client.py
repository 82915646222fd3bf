"""One conversation with a voice server, over one WebSocket after the other if need be."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from types import TracebackType

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from voice_client.clock import Clock, RealTime
from voice_client.connection import Address, close_code, first_message, lost
from voice_client.errors import ConnectionFailed
from voice_client.events import (
    ConnectionLost,
    ConnectionResumed,
    ConversationRestarted,
    Event,
    Samples,
    ServerError,
    SessionStarted,
)
from voice_client.kept_audio import KeptAudio
from voice_client.requests import Requests, new_id
from voice_client.resumption import Resumption, delays, is_resumable
from voice_client.wire import Beginning, read_beginning, read_event, read_fields, read_frame, readable, write_audio

_HEARTBEAT_SECONDS = 4.0
_END_OF_REPLAY_SECONDS = 1.0
"""Of silence, should less come again than the server announced."""
_OPENING_SECONDS = 8.0
_COMES_BACK = 4000
_NOT_RESUMABLE = 409
_TRY_AGAIN = frozenset({None, 408, 425, 429, 500, 502, 503, 504})


class VoiceClient:
    """A conversation, from `async with` to its end.

    A lost connection is opened again by whoever iterates `events()`; until then, and meanwhile, everything may be
    called as always, and nothing that is said is lost.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        api_key: str | None = None,
        *,
        assistant: str = "galion",
        session: Mapping[str, object] | None = None,
        greeting: bool = True,
        heartbeat_seconds: float = _HEARTBEAT_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        """`session`: what of the session is to differ from the server's own, as `session.update` has it.

        `greeting`: the assistant may speak first, if it has a greeting.
        `heartbeat_seconds`: a server that does not answer for twice as long is lost.
        `clock`: for the waits between attempts to connect.
        """
        self._address = Address(url, api_key, assistant, greeting=greeting, heartbeat_seconds=heartbeat_seconds)
        self.url = url
        self._session = {"type": "realtime", "audio": {"input": {"transcription": {}}}, **(session or {})}
        self._clock = clock or RealTime()
        self._socket: ClientConnection | None = None
        self._left: ClientConnection | None = None
        """A connection that another one has replaced; its server closes it."""
        self._is_live = False
        """Whether what is said is sent. If not, it is kept."""
        self._asked_to_move = False
        """Whether it was this client that had another server take the conversation over."""
        self._replay = 0
        """Missed events that are still to come; what was asked meanwhile may have been answered by them."""
        self._audio = KeptAudio()
        self._audio_turn = asyncio.Lock()
        self._requests = Requests()
        self._resumption = Resumption()
        self._playback: Mapping[str, object] | None = None
        """What was last reported."""

    async def __aenter__(self) -> "VoiceClient":
        """Connect. Raises ConnectionFailed."""
        self._socket = await self._address.open({})
        self._audio.begin()
        self._is_live = True
        await self._request({"type": "session.update", "session": self._session})
        await self._send_audio()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Hang up."""
        self._is_live = False
        for socket in (self._socket, self._left):
            if socket is not None:
                await socket.close()

    async def send_audio(self, samples: Samples) -> None:
        """The microphone went on: int16, shape (n,), 24 kHz. Waits while the connection is slower than the speech.

        May be called before the connection is open, and while it is lost: the last ten seconds, or the last minute,
        are kept and then sent first.
        """
        self._audio.add(samples)
        await self._send_audio()

    async def commit(self) -> None:
        """The user's turn is over; needed only where turn detection is off."""
        await self._request({"type": "input_audio_buffer.commit"})

    async def send_text(self, text: str) -> None:
        """Say something in writing and ask for the answer."""
        content = [{"type": "input_text", "text": text}]
        # With an id of its own it can be sent twice and is said once.
        item = {"id": new_id("item"), "type": "message", "role": "user", "content": content}
        await self._request({"type": "conversation.item.create", "item": item})
        await self.request_reply()

    async def request_reply(self) -> None:
        """Ask for an answer now."""
        await self._request({"type": "response.create"})

    async def cancel_reply(self) -> None:
        """Stop the answer."""
        await self._request({"type": "response.cancel"})

    async def report_playback(self, item_id: str, heard_ms: float, *, playing: bool) -> None:
        """Tell how much of an answer the loudspeaker has played: what was not heard is not remembered as said."""
        self._connected()
        self._playback = {"type": "voice.playback", "item_id": item_id, "heard_ms": heard_ms, "playing": playing}
        if self._may_ask:
            await self._send(json.dumps(self._playback))

    async def events(self) -> AsyncGenerator[Event, None]:
        """What the server tells, for as long as it is iterated.

        When the connection is lost, it is opened again. Raises ConnectionFailed when the server hangs up, offers no
        resumption, or cannot be reached for as long as it would have remembered the conversation.
        """
        while True:
            try:
                message = await self._next_message()
            except ConnectionClosed as error:
                if not (self._resumption.is_possible and is_resumable(close_code(error))):
                    raise lost(error) from error
                self._lose()
                yield ConnectionLost(str(lost(error)))
                yield await self._reconnect()
                continue
            if message is not None and (event := await self._receive(message)) is not None:
                yield event

    async def started(self) -> SessionStarted:
        """Wait for the first event. Raises ConnectionFailed."""
        event = await self._receive(await first_message(self._connected()))
        if not isinstance(event, SessionStarted):
            raise ConnectionFailed(f"{self.url} does not speak OpenAI Realtime: its first message was another.")
        return event

    async def _next_message(self) -> str | bytes | None:
        """None: no more of what was missed seems to come."""
        if not self._replay:
            return await self._connected().recv()
        try:
            async with asyncio.timeout(_END_OF_REPLAY_SECONDS):
                return await self._connected().recv()
        except TimeoutError:
            await self._end_replay()
            return None

    async def _receive(self, message: str | bytes) -> Event | None:
        with readable():
            if isinstance(message, bytes):
                audio = read_frame(message)
                self._resumption.receive_audio(audio)
                return audio
            fields = read_fields(message)
            if not self._resumption.receive(fields):
                return None
            is_quiet = self._requests.receive(fields)
            event = read_event(fields)
        match fields["type"]:
            case "input_audio_buffer.speech_started":
                self._audio.speech_started()
            case "input_audio_buffer.committed":
                self._audio.commit(fields["item_id"], awaits_words=self._reads_words and not self._user_commits)
            case (
                "conversation.item.input_audio_transcription.completed"
                | "conversation.item.input_audio_transcription.failed"
            ):
                self._audio.understood(fields["item_id"])
            case "voice.draining":
                return await self._move()
            case "error" if (
                isinstance(event, ServerError) and event.code == "session_moved" and not self._asked_to_move
            ):
                # Another client has taken the conversation; to take it back would never end.
                self._resumption.forget()
        if self._replay and fields["type"] != "voice.resume":
            self._replay -= 1
            if not self._replay:
                await self._end_replay()
        return None if is_quiet else event

    async def _reconnect(self) -> ConnectionResumed | ConversationRestarted:
        """Try until there is a conversation again. Raises ConnectionFailed."""
        expires_at = self._resumption.expires_at
        waits = delays()
        while True:
            await self._clock.sleep(next(waits))
            is_expired = self._clock.time() >= expires_at
            if is_expired:
                self._resumption.forget()
            try:
                return await self._go_on()
            except ConnectionFailed as error:
                if error.status == _NOT_RESUMABLE and self._resumption.is_possible:
                    self._resumption.forget()
                    waits = delays()
                elif is_expired or error.status not in _TRY_AGAIN:
                    raise

    async def _go_on(self) -> ConnectionResumed | ConversationRestarted:
        """With the conversation, if the server can; otherwise with another one. Raises ConnectionFailed."""
        async with self._audio_turn:
            # Whoever still sends over the old connection ends first: what counts as sent was sent.
            query = self._resumption.query()
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                socket, beginning = await self._open(query)
        except TimeoutError as error:
            raise ConnectionFailed(f"{self.url} did not answer within {_OPENING_SECONDS:g} seconds.") from error
        self._left, self._socket = self._socket, socket
        self._asked_to_move = False
        if isinstance(beginning.event, SessionStarted):
            await self._restart()
            event: ConnectionResumed | ConversationRestarted = ConversationRestarted(beginning.event.session_id)
        else:
            self._resumption.resumed(beginning.connection, beginning.after)
            self._requests.send_again()
            self._audio.resume(beginning.resend_from)
            event = beginning.event
        self._resumption.receive(beginning.fields)
        await self._go_live(beginning.replayed)
        return event

    async def _open(self, query: Mapping[str, str]) -> tuple[ClientConnection, Beginning]:
        socket = await self._address.open(query, is_restart=not query)
        try:
            return socket, read_beginning(await first_message(socket))
        except BaseException:
            # Not the code of somebody who hangs up: the conversation is to go on.
            await socket.close(_COMES_BACK)
            raise

    async def _restart(self) -> None:
        self._resumption = Resumption()
        self._audio.restart(everything=self._user_commits)
        self._playback = None
        # What is heard first is already heard as this session is to hear it.
        self._requests.restart({"type": "session.update", "session": self._session})
        await self._send(json.dumps(self._requests.next()))

    async def _go_live(self, replayed: int) -> None:
        """Send what was kept: speech at once, but requests when so many events have come that may answer them."""
        self._is_live = True
        self._replay = replayed
        await self._send_audio()
        if not replayed:
            await self._end_replay()

    async def _move(self) -> ConversationRestarted | None:
        """The server will stop: another one takes over while this one is still there."""
        self._is_live = False
        self._asked_to_move = True
        try:
            event = await self._go_on()
        except ConnectionFailed:
            # Until it is gone this connection goes on; what follows then is an ordinary loss.
            await self._go_live(0)
            return None
        return event if isinstance(event, ConversationRestarted) else None

    @property
    def _user_commits(self) -> bool:
        audio = self._session.get("audio")
        turns = audio.get("input") if isinstance(audio, Mapping) else None
        return isinstance(turns, Mapping) and turns.get("turn_detection", turns) is None

    @property
    def _reads_words(self) -> bool:
        audio = self._session.get("audio")
        turns = audio.get("input") if isinstance(audio, Mapping) else None
        return isinstance(turns, Mapping) and turns.get("transcription") is not None

    @property
    def _may_ask(self) -> bool:
        return self._is_live and not self._replay

    def _lose(self) -> None:
        self._is_live = False
        self._replay = 0
        self._resumption.lose(self._clock.time())

    async def _end_replay(self) -> None:
        """What was missed is known: what was not answered by it is asked again."""
        self._replay = 0
        await self._send_requests()
        if self._playback is not None and self._may_ask:
            await self._send(json.dumps(self._playback))

    async def _request(self, message: Mapping[str, object]) -> None:
        self._connected()
        self._requests.add(message)
        await self._send_requests()

    async def _send_requests(self) -> None:
        while self._may_ask and (message := self._requests.next()) is not None:
            await self._send(json.dumps(message))

    async def _send_audio(self) -> None:
        """In order, whoever calls: what is said while this is being sent follows it."""
        async with self._audio_turn:
            while self._is_live and (samples := self._audio.next()) is not None:
                if not await self._send(write_audio(samples)):
                    self._audio.take_back()

    async def _send(self, frame: str | bytes) -> bool:
        """False: the connection is lost, and `events` will open another."""
        socket = self._connected()
        try:
            await socket.send(frame)
        except ConnectionClosed as error:
            if not (self._resumption.is_possible and is_resumable(close_code(error))):
                raise lost(error) from error
            if socket is self._socket:
                self._lose()
            return False
        return True

    def _connected(self) -> ClientConnection:
        if self._socket is None:
            raise ConnectionFailed("Not connected: use `async with VoiceClient(...)`.")
        return self._socket
