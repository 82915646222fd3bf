"""The composition root: the only place that knows all the parts, and puts them together."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from socket import gethostname
from uuid import UUID

from aiohttp import web

from pipeline.items import new_id
from pipeline.rehearsal import rehearse
from voice_server.about import About
from voice_server.accounts.passwords import PasswordHashes
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Authenticator, known_principal
from voice_server.background import running
from voice_server.conversations.answers import ObjectRecordings
from voice_server.conversations.held import HeldConversations
from voice_server.conversations.history import History
from voice_server.conversations.recorder import Recorder
from voice_server.customers.customers import Customers
from voice_server.customers.tokens import CustomerTokens
from voice_server.event_loop_lag import RecentLag, late_wakes
from voice_server.ground import Ground, open_ground
from voice_server.health import Health
from voice_server.http.admission import Admission
from voice_server.http.errors import answer_errors
from voice_server.http.origins import Origins
from voice_server.http.request_id import add_request_id, name_requests
from voice_server.http.uploads import Uploads
from voice_server.memory.memories import Memories
from voice_server.memory.recall import Recall
from voice_server.memory.remembering import MayRemember
from voice_server.metrics import Metrics, MetricsPage
from voice_server.openai_api.chat_completions import ChatCompletions
from voice_server.openai_api.models import Models
from voice_server.openai_api.speech import Speech
from voice_server.openai_api.transcriptions import Transcriptions
from voice_server.openai_api.unsupported import unsupported_routes
from voice_server.openapi.docs import Docs
from voice_server.page import Page, add_security_headers
from voice_server.parts import (
    Part,
    accounts_part,
    built_privacy,
    client_secrets_part,
    customers_part,
    history_of,
    history_part,
    objects_part,
    privacy_part,
    tenants_part,
)
from voice_server.phrases import Phrasebook, Speaker
from voice_server.privacy.consents import Consents
from voice_server.privacy.service import PrivacyService
from voice_server.privacy.signals import heeding
from voice_server.reception import Reception
from voice_server.resumption.resumption import Resumption
from voice_server.resumption.tickets import Tickets
from voice_server.server_roles import answered
from voice_server.sessions import Sessions
from voice_server.settings import ServerSettings
from voice_server.stages import Stages
from voice_server.storage.opened import Storage
from voice_server.tenants.secrets import TenantSecrets
from voice_server.tenants.served import Serving
from voice_server.voice_chat import VoiceChat
from voice_server.voice_socket import VoiceSocket

_FORM_BYTES = 1 << 20
"""What a request may have besides its recording."""


@asynccontextmanager
async def open_app(
    settings: ServerSettings,
    assistants: Catalog,
    stages: Stages,
    storage: Storage,
    public_url: str,
    *,
    hashes: PasswordHashes | None = None,
) -> AsyncIterator[web.Application]:
    """The whole server on providers and storage that are open; it works while the context lasts.

    `public_url`: where browsers reach it. `hashes`: of passwords; None for those that cost what they should.
    Raises OSError if a folder that the settings name cannot be written to.
    """
    async with AsyncExitStack() as resources:
        ground = await open_ground(settings, assistants, stages, storage, public_url, hashes, resources)
        health = Health(ground.admission)
        talks = _talks(ground)
        parts = [*_parts_of_talks(ground, talks), *_other_parts(ground, talks, health)]
        origins = Origins(settings.allowed_origins, loopback_only=settings.is_loopback)
        app = web.Application(
            client_max_size=settings.max_upload_bytes + _FORM_BYTES,
            middlewares=[name_requests, answer_errors, origins.middleware(), heeding(talks.privacy.consents)],
        )
        app.on_response_prepare.extend((add_request_id, add_security_headers, origins.add_headers))
        app.on_startup.append(health.opened)
        app.on_shutdown.extend((health.stopping, talks.realtime.shut_down))
        rehearse()
        for part in parts:
            app.add_routes(answered(part.routes, settings.roles))
            for collect in part.metrics:
                ground.metrics.add(collect)
            for name, work in part.work.items() if part.worked_by in {None, *settings.roles} else ():
                await resources.enter_async_context(running(name, work))
        yield app


@dataclass(frozen=True, slots=True)
class _Talks:
    """Conversations, and who knows what of whoever holds them."""

    realtime: VoiceSocket
    voice_chat: VoiceChat
    reception: Reception
    serving: Serving
    phrasebook: Phrasebook
    recordings: ObjectRecordings
    tickets: Tickets
    history: History
    customers: Customers
    memories: Memories
    may_remember: MayRemember
    privacy: PrivacyService


def _talks(ground: Ground) -> _Talks:
    settings, storage, stages = ground.settings, ground.storage, ground.stages

    async def end_live(conversation_ids: Sequence[str]) -> None:
        await reception.end(conversation_ids)

    privacy = built_privacy(settings, storage, ground.accounts, ground.public_url, end_live)
    may_remember = partial(_may_remember, privacy.consents)
    customers, memories = Customers(storage.database), Memories(storage.database)
    phrasebook = Phrasebook(stages.own_voice, stages.text_to_speech, _speakers(settings, ground.assistants))
    sessions = Sessions(ground.assistants, stages, phrasebook, settings.language, settings.llm_deadline_seconds)
    tickets = Tickets(storage.database, new_id(gethostname()), Reception.terms)
    recorder, history = Recorder(ground.log), history_of(storage)
    reception = Reception(
        sessions=sessions,
        configs=ground.configs,
        chains=ground.chains,
        find_ticket=tickets.find,
        quotas=ground.quotas,
        customers=customers,
        recall=Recall(customers, memories, may_remember),
        tokens=CustomerTokens(TenantSecrets(storage.database, storage.sealed).open),
        consents=privacy.consents,
        history=history,
        recorder=recorder,
        telemetry=ground.telemetry,
    )
    recordings = ObjectRecordings(storage.objects, storage.database)
    return _Talks(
        realtime=_realtime(ground, reception, Resumption(tickets, ground.archive, ground.log, recorder)),
        voice_chat=_voice_chat(ground, reception, recordings),
        reception=reception,
        serving=Serving(sessions, stages, ground.configs, ground.chains),
        phrasebook=phrasebook,
        recordings=recordings,
        tickets=tickets,
        history=history,
        customers=customers,
        memories=memories,
        may_remember=may_remember,
        privacy=privacy,
    )


def _realtime(ground: Ground, reception: Reception, resumption: Resumption) -> VoiceSocket:
    return VoiceSocket(
        authenticate=reception.visitor,
        find_assistant=reception.find_assistant,
        new_session=reception.new_session,
        observe=reception.observe,
        record=reception.record,
        resumption=resumption,
        admit=ground.admission.conversation,
        drain_seconds=ground.settings.drain_seconds,
    )


def _voice_chat(ground: Ground, reception: Reception, recordings: ObjectRecordings) -> VoiceChat:
    return VoiceChat(
        uploads=ground.uploads,
        conversations=HeldConversations(ground.archive, ground.storage.shared.leases),
        recordings=recordings,
        admission=ground.admission,
        find_assistant=reception.find_assistant,
        new_session=reception.new_session,
    )


def _parts_of_talks(ground: Ground, talks: _Talks) -> list[Part]:
    authenticator, storage, phrasebook = ground.authenticator, ground.storage, talks.phrasebook
    return [
        _conversations_part(talks.realtime, talks.voice_chat, talks.reception, authenticator),
        Part(work={"phrases": phrasebook.prepare, "phrases of tenants": phrasebook.prepare_guests}, worked_by="voice"),
        Part(work={"resuming": talks.tickets.sweep}),
        history_part(talks.history, authenticator, ground.log),
        objects_part(storage, talks.recordings),
        customers_part(
            storage, authenticator, talks.customers, talks.memories, talks.may_remember, talks.serving.reader
        ),
        privacy_part(ground.settings, storage, talks.privacy, authenticator),
    ]


def _other_parts(ground: Ground, talks: _Talks, health: Health) -> list[Part]:
    authenticator, assistants, configs = ground.authenticator, ground.assistants, ground.configs
    serving = talks.serving
    about = About(ground.settings, assistants, authenticator, configs, ground.chains)
    return [
        Part([*Page().routes(), *Docs().routes(), *about.routes()]),
        _watched(ground.settings, ground.admission, ground.metrics, authenticator, health),
        _openai_part(ground.settings, assistants, serving, authenticator, ground.uploads),
        client_secrets_part(ground.client_secrets, authenticator, serving.assistant),
        accounts_part(ground.accounts, authenticator),
        tenants_part(
            ground.storage,
            authenticator,
            ground.api_keys,
            assistants,
            ground.quotas,
            configs,
            ground.chains,
            ground.accounts.invitations,
        ),
    ]


def _conversations_part(
    realtime: VoiceSocket, voice_chat: VoiceChat, reception: Reception, authenticator: Authenticator
) -> Part:
    """What the server is for."""
    sockets = reception.received(realtime.routes(), authenticator.authorize_session)
    requests = reception.received(voice_chat.routes(), known_principal, keeps=True)
    return Part([*sockets, *authenticator.protect(requests, "sessions")])


async def _may_remember(consents: Consents, tenant_id: UUID, customer_id: UUID) -> bool:
    return await consents.may(tenant_id, "memory", customer_id=customer_id)


def _watched(
    settings: ServerSettings, admission: Admission, metrics: Metrics, authenticator: Authenticator, health: Health
) -> Part:
    """How the server is, and how late its event loop."""
    page = MetricsPage(metrics.registry, authenticator, settings.metrics_token)
    watch = partial(_watch_event_loop, admission, metrics)
    return Part([*health.routes(), *page.routes()], {"event loop lag": watch})


def _openai_part(
    settings: ServerSettings, assistants: Catalog, serving: Serving, authenticator: Authenticator, uploads: Uploads
) -> Part:
    """The recogniser, the model and the voice alone, as OpenAI's API has them."""
    language = settings.language or assistants.default.language
    names = [assistant.name for assistant in assistants.all()]
    models = Models(names, int(time.time()), serving.own_assistant)
    of_speech = (
        *Speech(serving, language).routes(),
        *Transcriptions(serving, uploads, language, assistants.default.name).routes(),
        *ChatCompletions(serving).routes(),
    )
    return Part(
        [
            *authenticator.protect(models.routes()),
            *authenticator.protect(of_speech, "speech"),
            *unsupported_routes(),
        ]
    )


def _speakers(settings: ServerSettings, assistants: Catalog) -> dict[str, Speaker]:
    return {
        assistant.name: Speaker(
            voice=assistant.voice,
            language=settings.language or assistant.language,
            greeting=settings.greeting or assistant.greeting,
        )
        for assistant in assistants.all()
    }


async def _watch_event_loop(admission: Admission, metrics: Metrics) -> None:
    loop = asyncio.get_running_loop()
    lag = RecentLag()
    async with aclosing(late_wakes()) as wakes:
        async for late_seconds in wakes:
            recent_seconds = lag.add(loop.time(), late_seconds)
            metrics.note_lag(late_seconds, recent_seconds)
            admission.note_lag(loop.time(), recent_seconds)
