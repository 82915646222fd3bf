"""One call: a conversation over one WebSocket, from the first frame to the last."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from pipeline.errors import PipelineError, RequestError
from pipeline.events import Input, Output, ReplyAudio, ReplyFinished, RequestFailed, SettingsApplied
from pipeline.session import Session
from voice_server.conversations.facts import is_promise
from voice_server.storage.shared.interfaces import Fenced
from voice_server.wire import extensions
from voice_server.wire.connection import Connection, Frame
from voice_server.wire.session_config import SessionConfig

SEND_SECONDS = 10.0
"""How long one frame may wait for a client that does not read."""
CLOSE_SECONDS = 2.0
"""How long to wait for the client's half of the closing handshake."""
MAX_FRAMES = 256
"""That are sent together, because what they tell was written down together."""
QUIET_SECONDS = 15.0
"""How long a client that shall go elsewhere is waited for to say or hear nothing."""
LOOK_SECONDS = 0.05
_MESSAGES = (WSMsgType.TEXT, WSMsgType.BINARY)
HUNG_UP = (WSCloseCode.OK, WSCloseCode.POLICY_VIOLATION, 1005)
"""Close codes of clients that do not come back; 1005: none was given."""


class Observer(Protocol):
    """Watches one conversation, from the only place that everything of it passes. It must not await, nor raise."""

    def entered(self, event: Input) -> None:
        """The client sent this; the session has not seen it yet."""
        ...

    def left(self, output: Output) -> None:
        """The session gave this; it has not been sent yet."""
        ...

    def ended(self, close_code: int) -> None:
        """Nothing more comes. The code is the WebSocket's."""
        ...


class Record(Protocol):
    """Keeps one conversation. What the client may rely on is sent when it is safe."""

    def configured(self, config: SessionConfig) -> int:
        """From now on, this is the session as the client knows it; gives the number of this in the log."""
        ...

    def entered(self, event: Input) -> None:
        """See Observer."""
        ...

    def left(self, output: Output) -> int:
        """See Observer; gives the number of this in the log, 0 if there is none."""
        ...

    def told(self, events: int) -> None:
        """A reply is over, and the client was told so many events in all: from here, another server may go on."""
        ...

    def ended(self, close_code: int) -> None:
        """See Observer."""
        ...

    async def safe(self, number: int) -> bool:
        """Wait until everything up to this is safe; False: it cannot be kept at present. Raises Fenced."""
        ...


class Unobserved:
    """Nobody watches."""

    def entered(self, event: Input) -> None:
        """See Observer."""

    def left(self, output: Output) -> None:
        """See Observer."""

    def ended(self, close_code: int) -> None:
        """See Observer."""


class Unrecorded:
    """Nothing is kept."""

    def configured(self, config: SessionConfig) -> int:  # noqa: ARG002 -- nobody counts
        """See Record."""
        return 0

    def entered(self, event: Input) -> None:
        """See Record."""

    def left(self, output: Output) -> int:  # noqa: ARG002 -- nobody counts
        """See Record."""
        return 0

    def told(self, events: int) -> None:
        """See Record."""

    def ended(self, close_code: int) -> None:
        """See Record."""

    async def safe(self, number: int) -> bool:  # noqa: ARG002
        """See Record."""
        return True


@dataclass(frozen=True, slots=True)
class End:
    """Why a call is over."""

    close_code: int
    error: PipelineError | None = None
    """What the client is told first."""
    reads: bool = True
    """False: the client has stopped reading, so nothing more can be told."""
    is_lost: bool = False
    """Whether the client may come back to the conversation."""


CLIENT_LEFT = End(WSCloseCode.OK)
CLIENT_GONE = End(WSCloseCode.OK, is_lost=True)
CLIENT_TOO_SLOW = End(WSCloseCode.POLICY_VIOLATION, reads=False, is_lost=True)
SHUT_DOWN = End(WSCloseCode.GOING_AWAY, is_lost=True)
EXPIRED = End(
    WSCloseCode.GOING_AWAY,
    RequestError("session_expired", "The session has reached its maximum duration of 60 minutes. Open a new one."),
)
FAILED = End(
    WSCloseCode.INTERNAL_ERROR,
    PipelineError("internal_error", "The server failed, and this session ends. Open a new one.", retryable=True),
    is_lost=True,
)
MOVED = End(
    WSCloseCode.SERVICE_RESTART,
    RequestError("session_moved", "This session is carried on over another connection; this one ends."),
    is_lost=True,
)
UNSAFE = PipelineError(
    "storage_unavailable",
    "What is said now may not be kept: the storage does not answer. The conversation goes on.",
    retryable=True,
)


@dataclass(slots=True, eq=False)
class Call:
    """What belongs to one socket."""

    socket: web.WebSocketResponse
    connection: Connection
    observer: Observer
    record: Record
    log: structlog.stdlib.BoundLogger
    session_seconds: float
    send_seconds: float = SEND_SECONDS
    has_extensions: bool = False
    first: Sequence[Frame] = ()
    """Frames that come before everything else."""
    noted: int = 0
    """Up to here the log has to be safe before they are sent."""
    offer: Coroutine[None, None, str] | None = None
    """Brings a frame that is sent when it is ready."""
    moved: Callable[[], Awaitable[None]] | None = None
    """Returns when another task has the session; asked when the client was told to go elsewhere."""
    drains: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: the client shall go on elsewhere, as soon as nobody speaks."""
    ends: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: it is over, the server stops."""
    moves: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: it is over, the conversation goes on over another socket."""
    _noted: int = 0
    """The number of what was written down last."""
    _speaking: str = ""
    """The item that was spoken last."""

    async def hold(self, new_session: Callable[[], Session]) -> End:
        """Converse until one side ends it. Closing the socket is left to `close`."""
        try:
            session = new_session()
            async with asyncio.timeout(self.session_seconds), session:
                return await self._exchange(session)
        except TimeoutError:
            return EXPIRED
        except Exception:
            self.log.exception("session failed")
            return FAILED
        finally:
            if self.offer is not None:
                self.offer.close()

    async def close(self, end: End, transport: asyncio.Transport | None) -> None:
        """Tell why, and close the socket; `transport`: below it."""
        if end.error is not None and not self.socket.closed:
            try:
                await self._send_frames([self.connection.farewell(end.error)])
            except (ConnectionError, TimeoutError):
                end = CLIENT_TOO_SLOW
        try:
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await self.socket.close(code=end.close_code, drain=end.reads)
        except TimeoutError:
            end = CLIENT_TOO_SLOW
        if not end.reads and transport is not None:
            # An orderly end would wait for ever for the client to read what it was sent before.
            transport.abort()

    async def _exchange(self, session: Session) -> End:
        """Receive and send until one of both is over, or the server wants it to be."""
        async with asyncio.TaskGroup() as tasks:
            loops = {
                tasks.create_task(self._receive(session)),
                tasks.create_task(self._send(session)),
                tasks.create_task(_after(self.ends, SHUT_DOWN)),
                tasks.create_task(_after(self.moves, MOVED)),
            }
            beside = [tasks.create_task(self._tell_of_draining(session))]
            if self.offer is not None:
                beside.append(tasks.create_task(self._bring(self.offer)))
            done, others = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for task in (*others, *beside):
                task.cancel()
        # aiohttp lets all who wait for a slow client wait for one future: if one of them gives up, all are cancelled.
        return next((task.result() for task in done if not task.cancelled()), CLIENT_TOO_SLOW)

    # --- what comes ---

    async def _receive(self, session: Session) -> End:
        while (message := await self.socket.receive()).type in _MESSAGES:
            for index, event in enumerate(self.connection.receive(message.data, may_wait=session.can_wait)):
                if index:
                    # Much at once, such as minutes of audio: other conversations have their turn in between.
                    await asyncio.sleep(0)
                if isinstance(event, RequestFailed):
                    # Not answered here, so that answers come in the order of the requests.
                    session.outbox.put(event)
                else:
                    self.observer.entered(event)
                    self.record.entered(event)
                    session.receive(event)
        code = self.socket.close_code or WSCloseCode.OK
        return End(code, is_lost=code not in HUNG_UP)

    # --- what leaves ---

    async def _send(self, session: Session) -> End:
        try:
            if self.noted:
                await self.record.safe(self.noted)
            await self._send_frames(self.first)
            await self._send_outputs(session)
        except Fenced:
            return MOVED
        except ConnectionError:
            return CLIENT_GONE
        except TimeoutError:
            return CLIENT_TOO_SLOW
        except PipelineError as error:
            if error.code != "client_too_slow":
                raise
            return CLIENT_TOO_SLOW
        return CLIENT_LEFT

    async def _send_outputs(self, session: Session) -> None:
        frames: list[Frame] = []
        promises, is_told = False, False
        async with aclosing(session.outputs()) as outputs:
            async for output in outputs:
                self.observer.left(output)
                frames += self._frames(output)
                promises = promises or is_promise(output) or self._begins_to_speak(output)
                if promises and len(frames) < MAX_FRAMES and _follows(session):
                    # What belongs together is written down together, and waited for once.
                    continue
                if promises and not await self.record.safe(self._noted) and not is_told:
                    frames.insert(0, self.connection.trouble(UNSAFE))
                    is_told = True
                await self._send_frames(frames)
                frames, promises = [], False

    def _frames(self, output: Output) -> list[Frame]:
        """Write it down; give the frames that tell of it."""
        number = self._noted = self.record.left(output)
        frames = self.connection.send(output, number if self.has_extensions and number else None)
        if isinstance(output, SettingsApplied):
            self._noted = self.record.configured(self.connection.config)
        if isinstance(output, ReplyFinished) and self.has_extensions:
            self.record.told(self.connection.events)
        return frames

    def _begins_to_speak(self, output: Output) -> bool:
        """Whether this is the first that is heard of a reply: whoever goes on with it must know that it was begun."""
        if not isinstance(output, ReplyAudio) or output.item_id == self._speaking:
            return False
        self._speaking = output.item_id
        return True

    async def _send_frames(self, frames: Sequence[Frame]) -> None:
        """Raises TimeoutError if the client does not read."""
        async with asyncio.timeout(self.send_seconds):
            for frame in frames:
                if isinstance(frame, bytes):
                    await self.socket.send_bytes(frame)
                else:
                    await self.socket.send_str(frame)

    # --- going on elsewhere ---

    async def _bring(self, offer: Coroutine[None, None, str]) -> None:
        await self._say(await offer)

    async def _tell_of_draining(self, session: Session) -> None:
        await self.drains.wait()
        if not self.has_extensions:
            return
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                while not session.is_quiet:  # noqa: ASYNC110 -- it is quiet by and by, nothing tells of it
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            # Somebody who never stops speaking is asked in the middle of it; nothing is lost by that.
            self.log.debug("asked to go elsewhere while speaking")
        await self._say(self.connection.tell(extensions.draining_message(QUIET_SECONDS)))
        if self.moved is not None:
            await self.moved()
            self.moves.set()

    async def _say(self, frame: Frame) -> None:
        try:
            await self._send_frames([frame])
        except (ConnectionError, TimeoutError):
            # The loops learn of it themselves.
            return


async def _after(event: asyncio.Event, end: End) -> End:
    await event.wait()
    return end


def _follows(session: Session) -> bool:
    """Whether another fact can be sent at once. Audio goes by itself: it may have to be taken back until it leaves."""
    following = session.outbox.next
    return following is not None and not isinstance(following, ReplyAudio)
