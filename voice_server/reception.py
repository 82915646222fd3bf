"""Receives whoever comes to talk: which tenant's assistant is meant, whether there is room for one more, who it is and
what is known of them, and whether what is said may be kept. All of it is settled before the conversation begins.

`received` puts itself in front of the handlers of conversations; what it has found out holds for the request.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation
from pipeline.items import new_id
from pipeline.session import Session
from pipeline.settings import SessionSettings
from voice_server.auth import CustomerIdentity, Principal
from voice_server.call import Observer, Record, Unrecorded
from voice_server.conversations.entry import conversation_id_of
from voice_server.conversations.history import History
from voice_server.conversations.recorder import Recorder
from voice_server.customers.customers import Customers
from voice_server.customers.identities import by_strength, identities_of
from voice_server.customers.tokens import CustomerTokens
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.memory.recall import OPENING_SECONDS, Known, Recall, Recollection
from voice_server.phrases import Speaker
from voice_server.privacy.consents import Consents
from voice_server.resumption.tickets import Terms, Ticket
from voice_server.sessions import Equipment, Sessions
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.telemetry import Telemetry
from voice_server.tenants.assistant import TenantAssistant, base_of, tenant_assistant
from voice_server.tenants.chains import Chains
from voice_server.tenants.config import Quotas, TenantConfig
from voice_server.tenants.configs import TenantConfigs
from voice_server.tenants.quotas import SessionQuotas
from voice_server.wire.session_config import SessionConfig

LOOK_SECONDS = 0.5
"""Between two looks whether a conversation has been written down, whose customer was known late."""
MAX_LOOKS = 20
LATE_SECONDS = 15.0
"""How long it may take after the end of a conversation to learn whose it was."""

CUSTOMER_HEADER = "X-Customer-Token"
"""In which a tenant's own site says who is there; browsers, whose WebSockets have no headers, say it in the query."""

Who = Callable[[web.Request], Awaitable[Principal]]
FindTicket = Callable[[str], Awaitable[Ticket | None]]
"""What a token for going on stands for. Raises StorageUnavailable."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """Somebody who has come to talk."""

    principal: Principal
    config: TenantConfig
    """The tenant's, as the conversation began with it."""
    equipment: Equipment | None
    """The tenant's own; None: the server's."""
    terms: Terms
    """What this conversation goes on under, wherever it does."""
    known: Known | None
    """None: it is nobody who can be recognised, or it was not known in time."""
    may_keep: bool
    limit: asyncio.Timeout
    """Ends the visit."""
    conversation_id: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Known when the conversation begins."""

    @property
    def name(self) -> str:
        """See voice_socket.Principal."""
        return self.principal.name

    @property
    def tenant_id(self) -> UUID:
        """See voice_socket.Principal."""
        return self.principal.tenant_id

    @property
    def session_config(self) -> Mapping[str, object] | None:
        """See voice_socket.Principal."""
        return self.principal.session_config


_visit: ContextVar[Visit] = ContextVar("visit")


class Reception:
    """See above. Its methods are what conversations ask of the rest of the server."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        configs: TenantConfigs,
        chains: Chains,
        find_ticket: FindTicket,
        quotas: SessionQuotas,
        customers: Customers,
        recall: Recall,
        tokens: CustomerTokens,
        consents: Consents,
        history: History,
        recorder: Recorder,
        telemetry: Telemetry,
    ) -> None:
        self._sessions = sessions
        self._configs = configs
        self._chains = chains
        self._find_ticket = find_ticket
        self._quotas = quotas
        self._customers = customers
        self._recall = recall
        self._tokens = tokens
        self._consents = consents
        self._history = history
        self._recorder = recorder
        self._telemetry = telemetry
        self._live: dict[str, Visit] = {}
        """By the conversation's id."""

    def received(self, routes: Iterable[web.RouteDef], who: Who, *, keeps: bool = False) -> list[web.RouteDef]:
        """The same routes, for visitors. `who` raises ApiError, StorageUnavailable. `keeps`: these cannot but keep
        what is said, and are closed to those who do not want it kept.
        """

        def receives(handler: Handler) -> Handler:
            async def receive(request: web.Request) -> web.StreamResponse:
                async with self._visit(request, await who(request)) as visit:
                    if keeps and not visit.may_keep:
                        raise _not_kept()
                    return await handler(request)

            return receive

        return [
            web.RouteDef(route.method, route.path, receives(cast("Handler", route.handler)), route.kwargs)
            for route in routes
        ]

    @staticmethod
    async def visitor(_request: web.Request) -> Visit:
        """Who sent this request to a route that receives."""
        return _visit.get()

    def find_assistant(self, name: str | None) -> tuple[str, SessionSettings]:
        """The tenant's own assistant, else the server's of this name; and how conversations with it begin."""
        found = self._found(name)
        known = _visit.get().known
        if known is None or not known.briefing:
            return found.name, found.settings
        instructions = f"{found.settings.instructions}\n\n{known.briefing}"
        return found.name, replace(found.settings, instructions=instructions)

    def new_session(
        self,
        session_id: str,
        settings: SessionSettings,
        assistant_name: str,
        *,
        greets: bool = False,
        conversation: Conversation | None = None,
        unfinished: Unfinished | None = None,
    ) -> Session:
        """See Sessions, of which this is the tenant's side."""
        visit, found = _visit.get(), self._found(assistant_name)
        self._begins(visit, conversation_id_of(session_id))
        base, _ = self._sessions.find_assistant(base_of(visit.config, assistant_name))
        own = visit.config.assistant
        voice, language = found.settings.voice, found.settings.language or "en"
        speaker = None if own is None else Speaker(voice, language, found.greeting)
        return self._sessions.new_session(
            session_id,
            settings,
            base,
            greets=greets,
            conversation=conversation,
            unfinished=unfinished,
            tools=found.tools,
            speaker=speaker,
            equipment=visit.equipment,
        )

    @staticmethod
    def terms() -> Terms:
        """What the conversation of this request goes on under, if its client comes back."""
        return _visit.get().terms

    def observe(self, config: SessionConfig) -> Observer:
        """Who watches this conversation, under the name of the server's assistant."""
        visit = _visit.get()
        base, _ = self._sessions.find_assistant(base_of(visit.config, config.model))
        return self._telemetry.observer(config, base, visit.equipment.stages if visit.equipment else None)

    def record(self, config: SessionConfig, _principal: object) -> Record:
        """The record of a conversation that begins, if it may be kept."""
        visit = _visit.get()
        if not visit.may_keep:
            return Unrecorded()
        return self._recorder.record(
            config, visit.principal, customer_id=None if visit.known is None else visit.known.customer_id
        )

    async def end(self, conversation_ids: Sequence[str]) -> None:
        """End those of these conversations that are held here: what was said in them is being erased."""
        for each in conversation_ids:
            if visit := self._live.get(each):
                visit.limit.reschedule(asyncio.get_running_loop().time())

    def _found(self, name: str | None) -> TenantAssistant:
        config = _visit.get().config
        base, settings = self._sessions.find_assistant(base_of(config, name))
        return tenant_assistant(config, self._sessions.assistant(base), settings)

    def _begins(self, visit: Visit, conversation_id: str) -> None:
        self._live[conversation_id] = visit
        if not visit.conversation_id.done():
            visit.conversation_id.set_result(conversation_id)

    @asynccontextmanager
    async def _visit(self, request: web.Request, principal: Principal) -> AsyncIterator[Visit]:
        """Everything that must be known, for as long as the handler runs."""
        async with AsyncExitStack() as stack:
            identities, name = await self._identities(request, principal)
            recalling = self._recall.of(principal.tenant_id, identities, name=name)
            recollection = await stack.enter_async_context(recalling)
            config, limits, terms, goes_on = await self._terms(request, principal)
            equipment = await stack.enter_async_context(self._chains.hold(principal.tenant_id, config.providers))
            known = await recollection.within(OPENING_SECONDS)
            may_keep = await self._may_keep(request, principal, known)
            quota = self._quotas.session(principal.tenant_id, terms.place, limits, goes_on=goes_on)
            await stack.enter_async_context(quota)
            limit = asyncio.timeout(None)
            visit = Visit(principal, config, equipment, terms, known, may_keep, limit)
            if known is None and identities:
                await stack.enter_async_context(self._learning_late(request, visit, recollection))
            token = _visit.set(visit)
            try:
                async with limit:
                    yield visit
            except TimeoutError:
                if not limit.expired():
                    raise
                # Nothing can be said any more: it may be a WebSocket by now.
                if request.transport is not None:
                    request.transport.abort()
                raise ConnectionResetError("The conversation was ended.") from None
            finally:
                _visit.reset(token)
                if visit.conversation_id.done() and self._live.get(visit.conversation_id.result()) is visit:
                    del self._live[visit.conversation_id.result()]

    async def _terms(self, request: web.Request, principal: Principal) -> tuple[TenantConfig, Quotas, Terms, bool]:
        """The configuration, the quotas, the terms, and whether it is a conversation that goes on: that one keeps the
        version that it began with, and its place among those of the tenant. Raises ApiError, StorageUnavailable.
        """
        tenant_id = principal.tenant_id
        version, config = await self._configs.current(tenant_id)
        token = request.query.get("resume")
        ticket = await self._find_ticket(token) if token else None
        if ticket is None or ticket.terms is None or (ticket.tenant_id, ticket.owner) != (tenant_id, principal.name):
            return config, config.limits, Terms(version, new_id("visit")), False
        began_with = await self._configs.at(tenant_id, ticket.terms.version)
        return began_with, config.limits, ticket.terms, True

    async def _identities(
        self, request: web.Request, principal: Principal
    ) -> tuple[Sequence[CustomerIdentity], str | None]:
        """By what they can be recognised, and how the tenant's own site calls them. Raises ApiError."""
        token = request.headers.get(CUSTOMER_HEADER) or request.query.get("customer_token")
        if not token:
            return identities_of(principal), None
        said = await self._tokens.read(principal.tenant_id, token)
        return by_strength([*identities_of(principal), *said.identities]), said.name

    async def _may_keep(self, request: web.Request, principal: Principal, known: Known | None) -> bool:
        customer_id = None if known is None else known.customer_id
        try:
            await self._consents.take_signal(principal, request.headers, request_id_of(request), customer_id)
        except StorageUnavailable as error:
            _log.warning("a browser's opt-out was not written down; it says so again", reason=str(error))
        return await self._consents.may_keep(principal, customer_id)

    @asynccontextmanager
    async def _learning_late(
        self, request: web.Request, visit: Visit, recollection: Recollection
    ) -> AsyncIterator[None]:
        """Learn who it is while they talk already; it is waited for, because they may have refused to be kept."""
        learns = asyncio.create_task(self._learn_late(visit, recollection, request_id_of(request)))
        try:
            yield
        finally:
            if visit.conversation_id.done():
                await asyncio.wait([learns], timeout=LATE_SECONDS)
            learns.cancel()
            await asyncio.wait([learns])
            if not learns.cancelled() and (error := learns.exception()) is not None:
                _log.error("who spoke was not written down", exc_info=error)

    async def _learn_late(self, visit: Visit, recollection: Recollection, request_id: str) -> None:
        """The history learns whose it is, though that was not known when the conversation began, or forgets it."""
        known = await recollection.arrived()
        if known is None or not visit.may_keep:
            return
        may_keep = await self._consents.may_keep(visit.principal, known.customer_id)
        conversation_id = await visit.conversation_id
        for _ in range(MAX_LOOKS):
            if may_keep:
                is_done = await self._customers.attach(visit.tenant_id, conversation_id, known.customer_id)
            else:
                is_done = await self._history.delete(visit.principal, conversation_id, request_id)
            if is_done:
                return
            await asyncio.sleep(LOOK_SECONDS)


def _not_kept() -> ApiError:
    message = (
        "A conversation that is held request by request has to be kept in between, and you have asked for nothing to "
        "be kept; allow it, or talk over /v1/realtime."
    )
    return ApiError(403, "not_kept", message)
