"""The endpoint `/v1/realtime`: who may open a conversation, how it begins or goes on, and its end with the server's."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn, Protocol
from uuid import UUID

import structlog
from aiohttp import WSCloseCode, web

from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation
from pipeline.errors import RequestError
from pipeline.items import new_id
from pipeline.session import Session
from pipeline.settings import SessionSettings
from voice_server.call import (
    CLIENT_GONE,
    CLOSE_SECONDS,
    HUNG_UP,
    MOVED,
    SEND_SECONDS,
    Call,
    Observer,
    Record,
    Unobserved,
    Unrecorded,
)
from voice_server.conversations.entry import conversation_id_of
from voice_server.http.errors import ApiError
from voice_server.resumption.tickets import Ticket
from voice_server.resumption.wish import Resumed, Wish
from voice_server.wire.connection import Connection, Frame
from voice_server.wire.fields import Fields
from voice_server.wire.limits import MAX_MESSAGE_BYTES
from voice_server.wire.session_config import SessionConfig, SessionType, start_session

SUBPROTOCOL = "realtime"
HEARTBEAT_SECONDS = 20.0
"""Between two pings; a client that does not answer within half of it is gone."""
SESSION_SECONDS = 3600.0
MAX_DIGITS = 15
"""Of a number in the query."""

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

    def __call__(
        self,
        session_id: str,
        settings: SessionSettings,
        assistant_name: str,
        /,
        *,
        greets: bool,
        conversation: Conversation | None,
        unfinished: Unfinished | None,
    ) -> Session:
        """`greets`: whether the assistant may speak first, if it has a greeting. `conversation` and `unfinished`: what
        an earlier session left.
        """
        ...


class Resumptions(Protocol):
    """Lets clients come back to a conversation whose socket they lost."""

    async def offer(self, ticket: Ticket) -> str:
        """The message that gives the client its token, as soon as there is one."""
        ...

    async def moved(self, ticket: Ticket) -> None:
        """Wait until another task has the session."""
        ...

    async def find(self, token: str, owner: str) -> Ticket:
        """What a token stands for. Raises ApiError 409 if it is nothing to go on with, and StorageUnavailable."""
        ...

    async def redeem(self, wish: Wish, owner: str, let_go: Callable[[str], Awaitable[None]]) -> Resumed:
        """Take the session over. Raises ApiError 409 if that cannot be, and StorageUnavailable."""
        ...

    def ended(self, ticket: Ticket, *, was_lost: bool) -> Coroutine[None, None, None]:
        """The socket is closed; lost: without the client's wish."""
        ...


@dataclass(frozen=True, slots=True)
class Opening:
    """What a call begins with."""

    config: SessionConfig
    connection: Connection
    record: Record
    frames: Sequence[Frame]
    ticket: Ticket | None
    """None: the client cannot come back."""
    noted: int = 0
    """Up to here the log has to be safe before the frames are sent."""
    conversation: Conversation | None = None
    """None: it begins now."""
    unfinished: Unfinished | None = None


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
        resumption: Resumptions | None = None,
        admit: Callable[[], AbstractContextManager[object]] = nullcontext,
        session_seconds: float = SESSION_SECONDS,
        send_seconds: float = SEND_SECONDS,
        drain_seconds: float = 0.0,
    ) -> None:
        """`authenticate` and `admit` raise ApiError, the first also StorageUnavailable. `find_assistant`: the name
        asked for, to a known one. `resumption`: None, where nothing is recorded to be gone on with. `drain_seconds`:
        how long a server that stops waits until its clients went on elsewhere.
        """
        self._authenticate = authenticate
        self._find_assistant = find_assistant
        self._new_session = new_session
        self._observe = observe
        self._record = record
        self._resumption = resumption
        self._admit = admit
        self._session_seconds = session_seconds
        self._send_seconds = send_seconds
        self._drain_seconds = drain_seconds
        self._calls: dict[str, tuple[Call, asyncio.Event]] = {}
        """By the session's id; the event is set when nothing more of it is written down."""
        self._open: set[asyncio.Task[object]] = set()
        self._left: set[asyncio.Task[None]] = set()
        """What ended calls leave to be done."""
        self._drains = asyncio.Event()
        self._ends = asyncio.Event()

    def routes(self) -> Sequence[web.RouteDef]:
        """With and without `/v1`, because some clients append `/realtime` to a bare host."""
        return [web.get("/v1/realtime", self.open), web.get("/realtime", self.open)]

    def drain(self) -> None:
        """Have all clients go on elsewhere, as soon as nobody speaks, and let nobody in."""
        self._drains.set()

    async def shut_down(self, _app: web.Application) -> None:
        """Have all clients go on elsewhere, or come back later; for `Application.on_shutdown`."""
        if self._drain_seconds and self._open:
            self.drain()
            await asyncio.wait(self._open, timeout=self._drain_seconds)
        self._ends.set()
        if self._open:
            await asyncio.wait(self._open, timeout=4 * CLOSE_SECONDS)
        if self._left:
            await asyncio.wait(self._left, timeout=CLOSE_SECONDS)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """Hold one conversation. Whatever is wrong with the request is answered before the upgrade."""
        principal = await self._authenticate(request)
        _check(request)
        if not _is_upgrade(request):
            await self._tell_without_upgrade(request, principal)
        if self._drains.is_set() or self._ends.is_set():
            message = "This server is being replaced; connect again."
            raise ApiError(503, "server_stopping", message, headers={"Retry-After": "1"})
        wish = _wish(request)
        config = None if wish else self._configure(request, principal)
        with self._admit():
            if wish:
                opening = await self._resume(wish, principal)
            else:
                assert config is not None
                opening = self._begin(request, config, principal)
            socket = web.WebSocketResponse(
                protocols=[SUBPROTOCOL] if _offered_protocols(request) else [],
                heartbeat=HEARTBEAT_SECONDS,
                max_msg_size=MAX_MESSAGE_BYTES,
                timeout=CLOSE_SECONDS,
                # What is sent is mostly audio, which does not shrink; deflating it would only cost time.
                compress=False,
            )
            try:
                await socket.prepare(request)
            except BaseException:
                opening.record.ended(WSCloseCode.ABNORMAL_CLOSURE)
                raise
            await self._converse(request, socket, opening)
        return socket

    async def _converse(self, request: web.Request, socket: web.WebSocketResponse, opening: Opening) -> None:
        config, record, ticket = opening.config, opening.record, opening.ticket
        log = _log.bind(session=config.session_id, assistant=config.model)
        log.info("session resumed" if opening.conversation else "session opened", type=config.type)
        call = Call(
            socket=socket,
            connection=opening.connection,
            observer=self._observe(config),
            record=record,
            log=log,
            session_seconds=self._session_seconds,
            send_seconds=self._send_seconds,
            has_extensions=_has_extensions(request),
            first=opening.frames,
            noted=opening.noted,
            offer=self._resumption.offer(ticket) if self._resumption and ticket and not opening.conversation else None,
            moved=partial(self._resumption.moved, ticket) if self._resumption and ticket else None,
            drains=self._drains,
            ends=self._ends,
        )
        new_session = partial(
            self._new_session,
            config.session_id,
            config.settings,
            config.model,
            greets=_wants_greeting(request),
            conversation=opening.conversation,
            unfinished=opening.unfinished,
        )
        task, is_written = asyncio.current_task(), asyncio.Event()
        assert task is not None
        self._open.add(task)
        self._calls[config.session_id] = call, is_written
        end = CLIENT_GONE
        try:
            try:
                end = await call.hold(new_session)
            finally:
                # Also if the task is cancelled, as it may be when the client is gone.
                call.observer.ended(int(end.close_code))
                record.ended(int(end.close_code))
                is_written.set()
                if self._resumption and ticket and end is not MOVED:
                    was_lost = end.is_lost and socket.close_code not in HUNG_UP
                    self._leave(self._resumption.ended(ticket, was_lost=was_lost))
                log.info("session closed", close_code=int(end.close_code))
            await call.close(end, request.transport)
        finally:
            self._open.discard(task)
            if self._calls.get(config.session_id, (None, None))[0] is call:
                del self._calls[config.session_id]

    def _leave(self, work: Coroutine[None, None, None]) -> None:
        """Have it done, whatever becomes of the socket; the server waits for it before it stops."""
        task = asyncio.create_task(work)
        self._left.add(task)
        task.add_done_callback(self._left.discard)

    # --- a conversation that begins ---

    def _begin(self, request: web.Request, config: SessionConfig, principal: Principal) -> Opening:
        extended = _has_extensions(request)
        connection = Connection(config, with_extensions=extended)
        conversation_id = conversation_id_of(config.session_id)
        record = self._record(config, principal)
        ticket = None
        if extended and not isinstance(record, Unrecorded):
            ticket = Ticket(config.session_id, principal.tenant_id, conversation_id, principal.name)
        return Opening(config, connection, record, [connection.greeting()], ticket)

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

    # --- a conversation that goes on ---

    async def _resume(self, wish: Wish, principal: Principal) -> Opening:
        """Raises ApiError, and StorageUnavailable."""
        if self._resumption is None:
            raise _not_kept()
        resumed = await self._resumption.redeem(wish, principal.name, self._let_go)
        return Opening(
            config=resumed.config,
            connection=resumed.connection,
            record=resumed.record,
            frames=resumed.frames,
            ticket=resumed.ticket,
            noted=resumed.noted,
            conversation=resumed.conversation,
            unfinished=resumed.unfinished,
        )

    async def _tell_without_upgrade(self, request: web.Request, principal: Principal) -> NoReturn:
        """Raises ApiError: why a browser, which is not told, was or would be refused; 426 if that is all."""
        if wish := _wish(request):
            if self._resumption is None:
                raise _not_kept()
            await self._resumption.find(wish.token, principal.name)
        message = "This is a WebSocket endpoint. Connect to it with ws:// or wss://."
        raise ApiError(426, "upgrade_required", message, headers={"Upgrade": "websocket", "Connection": "Upgrade"})

    async def _let_go(self, session_id: str) -> None:
        """End a call of this process whose session goes on over another socket."""
        call, is_written = self._calls.get(session_id, (None, None))
        if call is not None and is_written is not None:
            call.moves.set()
            await is_written.wait()


def _not_kept() -> ApiError:
    message = "Conversations are not kept here, so none can be resumed. Open a new session."
    return ApiError(409, "session_not_resumable", message, param="resume")


def _wish(request: web.Request) -> Wish | None:
    """What a client that comes back asks for. Raises ApiError 400."""
    token = request.query.get("resume")
    if not token:
        return None
    if not _has_extensions(request):
        message = "Resuming needs the extensions: add extensions=1 to the query."
        raise ApiError(400, "invalid_value", message, param="resume")
    after, received = (_number(request, name) for name in ("after", "received_ms"))
    connection = _number(request, "connection") or None
    return Wish(token, after, request.query.get("item"), received / 1000, connection)


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS:
        raise ApiError(400, "invalid_value", f"{name} must be a whole number, 0 or more.", param=name)
    return int(text)


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
    protocols = _offered_protocols(request)
    if protocols and SUBPROTOCOL not in protocols:
        message = f"Of the WebSocket subprotocols only '{SUBPROTOCOL}' is spoken here. Offer it beside the others."
        raise ApiError(400, "invalid_subprotocol", message, param="Sec-WebSocket-Protocol")


def _is_upgrade(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _offered_protocols(request: web.Request) -> list[str]:
    headers = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [protocol.strip() for header in headers for protocol in header.split(",")]
