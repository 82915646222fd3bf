"""One WebSocket at `/v1/realtime`: frames in, frames out. What they mean is in `wire`, what they do in `pipeline`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from pipeline.errors import PipelineError, RequestError
from pipeline.events import Input, Output, ReplyAudio, RequestFailed, SettingsApplied
from pipeline.items import new_id
from pipeline.session import Session
from pipeline.settings import SessionSettings
from voice_server.conversations.facts import is_promise
from voice_server.http.errors import ApiError
from voice_server.storage.shared.interfaces import Fenced
from voice_server.wire.connection import Connection, Frame
from voice_server.wire.fields import Fields
from voice_server.wire.limits import MAX_MESSAGE_BYTES
from voice_server.wire.session_config import SessionConfig, SessionType, start_session

SUBPROTOCOL = "realtime"
HEARTBEAT_SECONDS = 20.0
"""Between two pings; a client that does not answer within half of it is gone."""
SEND_SECONDS = 10.0
"""How long one frame may wait for a client that does not read."""
CLOSE_SECONDS = 2.0
"""How long to wait for the client's half of the closing handshake."""
SESSION_SECONDS = 3600.0

_log = structlog.get_logger(__name__)


class Principal(Protocol):
    """Who opens a session."""

    @property
    def name(self) -> str:
        """Stable, and tells nothing."""

    @property
    def tenant_id(self) -> UUID:
        """In whose rooms they are."""

    @property
    def session_config(self) -> Mapping[str, object] | None:
        """The session object that came with the key."""


class NewSession(Protocol):
    """Makes the conversation behind a socket."""

    def __call__(self, session_id: str, settings: SessionSettings, assistant_name: str, /, *, greets: bool) -> Session:
        """`greets`: whether the assistant may speak first, if it has a greeting."""
        ...


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


class Record(Observer, Protocol):
    """Keeps one conversation. What the client may rely on is sent when it is safe."""

    def configured(self, config: SessionConfig) -> None:
        """From now on, this is the session as the client knows it."""
        ...

    async def safe(self) -> bool:
        """Wait until everything so far is safe; False: it cannot be kept at present. Raises Fenced."""
        ...


class Unobserved:
    """Nobody watches."""

    def entered(self, event: Input) -> None:
        """See Observer."""

    def left(self, output: Output) -> None:
        """See Observer."""

    def ended(self, close_code: int) -> None:
        """See Observer."""


class Unrecorded(Unobserved):
    """Nothing is kept."""

    def configured(self, config: SessionConfig) -> None:
        """See Record."""

    async def safe(self) -> bool:
        """See Record."""
        return True


@dataclass(frozen=True, slots=True)
class End:
    """Why a conversation is over."""

    close_code: int
    error: PipelineError | None = None
    """What the client is told first."""
    reads: bool = True
    """False: the client has stopped reading, so nothing more can be told."""


CLIENT_LEFT = End(WSCloseCode.OK)
CLIENT_TOO_SLOW = End(WSCloseCode.POLICY_VIOLATION, reads=False)
SHUT_DOWN = End(WSCloseCode.GOING_AWAY)
EXPIRED = End(
    WSCloseCode.GOING_AWAY,
    RequestError("session_expired", "The session has reached its maximum duration of 60 minutes. Open a new one."),
)
FAILED = End(
    WSCloseCode.INTERNAL_ERROR,
    PipelineError("internal_error", "The server failed, and this session ends. Open a new one.", retryable=True),
)

MOVED = End(
    WSCloseCode.GOING_AWAY,
    RequestError("session_moved", "This session is carried on over another connection; this one ends."),
)
UNSAFE = PipelineError(
    "storage_unavailable",
    "What is said now may not be kept: the storage does not answer. The conversation goes on.",
    retryable=True,
)
MAX_FRAMES = 256
"""That are sent together, because what they tell was written down together."""


class VoiceSocket:
    """The endpoint."""

    def __init__(
        self,
        *,
        authenticate: Callable[[web.Request], Awaitable[Principal]],
        find_assistant: Callable[[str | None], tuple[str, SessionSettings]],
        new_session: NewSession,
        observe: Callable[[SessionConfig], Observer] = lambda _: Unobserved(),
        record: Callable[[SessionConfig, Principal], Record] = lambda *_: Unrecorded(),
        admit: Callable[[], AbstractContextManager[object]] = nullcontext,
        session_seconds: float = SESSION_SECONDS,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        """`authenticate` and `admit` raise ApiError, the first also StorageUnavailable. `find_assistant`: the name
        asked for, to a known one.
        """
        self._authenticate = authenticate
        self._find_assistant = find_assistant
        self._new_session = new_session
        self._observe = observe
        self._record = record
        self._admit = admit
        self._session_seconds = session_seconds
        self._send_seconds = send_seconds
        self._open: set[asyncio.Task[object]] = set()
        self._shutting_down = asyncio.Event()

    def routes(self) -> Sequence[web.RouteDef]:
        """With and without `/v1`, because some clients append `/realtime` to a bare host."""
        return [web.get("/v1/realtime", self.open), web.get("/realtime", self.open)]

    async def shut_down(self, _app: web.Application) -> None:
        """Tell all clients to come back later; for `Application.on_shutdown`."""
        self._shutting_down.set()
        if self._open:
            await asyncio.wait(self._open, timeout=4 * CLOSE_SECONDS)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Hold one conversation. Whatever is wrong with the request is answered before the upgrade."""
        principal = await self._authenticate(request)
        _check(request)
        config = self._configure(request, principal)
        socket = web.WebSocketResponse(
            protocols=[SUBPROTOCOL] if _offered_protocols(request) else [],
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=MAX_MESSAGE_BYTES,
            timeout=CLOSE_SECONDS,
            # What is sent is mostly audio, which does not shrink; deflating it would only cost time.
            compress=False,
        )
        with self._admit():
            await socket.prepare(request)
            conversation = asyncio.current_task()
            assert conversation is not None
            self._open.add(conversation)
            try:
                await self._converse(request, socket, config, self._record(config, principal))
            finally:
                self._open.discard(conversation)
        return socket

    def _configure(self, request: web.Request, principal: Principal) -> SessionConfig:
        attached = dict(principal.session_config or {})
        model = request.query.get("model") or attached.get("model")
        name, settings = self._find_assistant(model if isinstance(model, str) else None)
        # Only the extensions have messages for them.
        extended = _has_extensions(request)
        settings = replace(settings, reports_playback=extended, ducks=extended)
        expires_at = int(time.time() + self._session_seconds)
        transcribes = request.query.get("intent") == "transcription"
        session_type: SessionType = "transcription" if transcribes else "realtime"
        config = start_session(new_id("sess"), name, settings, expires_at, session_type)
        if not attached:
            return config
        try:
            return config.updated(Fields({"type": session_type, **attached}, "session"))
        except RequestError as error:
            raise ApiError(400, error.code, error.message, param=error.param) from error

    async def _converse(
        self, request: web.Request, socket: web.WebSocketResponse, config: SessionConfig, record: Record
    ) -> None:
        log = _log.bind(session=config.session_id, assistant=config.model)
        log.info("session opened", type=config.type)
        connection = Connection(config, with_extensions=_has_extensions(request))
        observer = self._observe(config)
        end = CLIENT_LEFT
        try:
            new_session = partial(
                self._new_session,
                config.session_id,
                config.settings,
                config.model,
                greets=_wants_greeting(request),
            )
            end = await self._hold(socket, connection, new_session, observer, record, log)
            await self._close(request, socket, connection, end)
        finally:
            # Also if the task is cancelled, as it may be when the client is gone.
            observer.ended(int(end.close_code))
            record.ended(int(end.close_code))
            log.info("session closed", close_code=int(end.close_code))

    async def _hold(
        self,
        socket: web.WebSocketResponse,
        connection: Connection,
        new_session: Callable[[], Session],
        observer: Observer,
        record: Record,
        log: structlog.stdlib.BoundLogger,
    ) -> End:
        try:
            session = new_session()
            async with asyncio.timeout(self._session_seconds), session:
                return await self._exchange(socket, connection, session, observer, record)
        except TimeoutError:
            return EXPIRED
        except Exception:
            log.exception("session failed")
            return FAILED

    async def _exchange(
        self,
        socket: web.WebSocketResponse,
        connection: Connection,
        session: Session,
        observer: Observer,
        record: Record,
    ) -> End:
        """Receive and send until one of both is over, or the server shuts down."""
        async with asyncio.TaskGroup() as tasks:
            loops = {
                tasks.create_task(_receive(socket, connection, session, observer, record)),
                tasks.create_task(self._send(socket, connection, session, observer, record)),
                tasks.create_task(self._shut_down()),
            }
            done, others = await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
            for task in others:
                task.cancel()
        # aiohttp lets all who wait for a slow client wait for one future: if one of them gives up, all are cancelled.
        return next((task.result() for task in done if not task.cancelled()), CLIENT_TOO_SLOW)

    async def _shut_down(self) -> End:
        await self._shutting_down.wait()
        return SHUT_DOWN

    async def _send(
        self,
        socket: web.WebSocketResponse,
        connection: Connection,
        session: Session,
        observer: Observer,
        record: Record,
    ) -> End:
        try:
            await self._send_frames(socket, [connection.greeting()])
            await self._send_outputs(socket, connection, session, observer, record)
        except Fenced:
            return MOVED
        except ConnectionError:
            return CLIENT_LEFT
        except TimeoutError:
            return CLIENT_TOO_SLOW
        except PipelineError as error:
            if error.code != "client_too_slow":
                raise
            return CLIENT_TOO_SLOW
        return CLIENT_LEFT

    async def _send_outputs(
        self,
        socket: web.WebSocketResponse,
        connection: Connection,
        session: Session,
        observer: Observer,
        record: Record,
    ) -> None:
        frames: list[Frame] = []
        promises = is_told = False
        async with aclosing(session.outputs()) as outputs:
            async for output in outputs:
                observer.left(output)
                record.left(output)
                frames += connection.send(output)
                if isinstance(output, SettingsApplied):
                    record.configured(connection.config)
                promises = promises or is_promise(output)
                if promises and len(frames) < MAX_FRAMES and _follows(session):
                    # What belongs together is written down together, and waited for once.
                    continue
                if promises and not await record.safe() and not is_told:
                    frames.insert(0, connection.trouble(UNSAFE))
                    is_told = True
                await self._send_frames(socket, frames)
                frames, promises = [], False

    async def _send_frames(self, socket: web.WebSocketResponse, frames: Sequence[Frame]) -> None:
        """Raises TimeoutError if the client does not read."""
        async with asyncio.timeout(self._send_seconds):
            for frame in frames:
                if isinstance(frame, bytes):
                    await socket.send_bytes(frame)
                else:
                    await socket.send_str(frame)

    async def _close(
        self, request: web.Request, socket: web.WebSocketResponse, connection: Connection, end: End
    ) -> None:
        if end.error is not None and not socket.closed:
            try:
                await self._send_frames(socket, [connection.farewell(end.error)])
            except (ConnectionError, TimeoutError):
                end = CLIENT_TOO_SLOW
        try:
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await socket.close(code=end.close_code, drain=end.reads)
        except TimeoutError:
            end = CLIENT_TOO_SLOW
        if not end.reads and request.transport is not None:
            # An orderly end would wait for ever for the client to read what it was sent before.
            request.transport.abort()


async def _receive(
    socket: web.WebSocketResponse, connection: Connection, session: Session, observer: Observer, record: Record
) -> End:
    async for message in socket:
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            break
        for index, event in enumerate(connection.receive(message.data)):
            if index:
                # Much at once, such as minutes of audio: other conversations have their turn in between.
                await asyncio.sleep(0)
            if isinstance(event, RequestFailed):
                # Not answered here, so that answers come in the order of the requests.
                session.outbox.put(event)
            else:
                observer.entered(event)
                record.entered(event)
                session.receive(event)
    return End(socket.close_code or WSCloseCode.OK)


def _follows(session: Session) -> bool:
    """Whether another fact can be sent at once. Audio goes by itself: it may have to be taken back until it leaves."""
    following = session.outbox.next
    return following is not None and not isinstance(following, ReplyAudio)


def _has_extensions(request: web.Request) -> bool:
    return request.query.get("extensions") == "1"


def _wants_greeting(request: web.Request) -> bool:
    return request.query.get("greeting") != "0"


def _check(request: web.Request) -> None:
    """Raises ApiError for what this endpoint does not do."""
    if "realtime=v1" in request.headers.get("OpenAI-Beta", ""):
        message = "The beta of the Realtime API is not supported. Use the GA shape: leave the header OpenAI-Beta out."
        raise ApiError(400, "beta_api_shape_disabled", message, param="OpenAI-Beta")
    if "call_id" in request.query:
        message = "There are no WebRTC or SIP calls here to be joined. Open a session without call_id."
        raise ApiError(404, "call_not_found", message, param="call_id")
    if request.headers.get("Upgrade", "").lower() != "websocket":
        message = "This is a WebSocket endpoint. Connect to it with ws:// or wss://."
        raise ApiError(426, "upgrade_required", message, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    protocols = _offered_protocols(request)
    if protocols and SUBPROTOCOL not in protocols:
        message = f"Of the WebSocket subprotocols only '{SUBPROTOCOL}' is spoken here. Offer it beside the others."
        raise ApiError(400, "invalid_subprotocol", message, param="Sec-WebSocket-Protocol")


def _offered_protocols(request: web.Request) -> list[str]:
    headers = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [protocol.strip() for header in headers for protocol in header.split(",")]
