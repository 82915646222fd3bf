"""The composition root: the only place that knows all the parts, and puts them together."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from uuid import UUID

from aiohttp import web

from pipeline.rehearsal import rehearse
from voice_server.about import About
from voice_server.access.api_keys import ApiKeys
from voice_server.access.client_secrets import StoredClientSecrets
from voice_server.accounts.passwords import PasswordHashes
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Authenticator, known_principal
from voice_server.background import running
from voice_server.conversations.answers import ObjectRecordings
from voice_server.conversations.archive import Archive
from voice_server.conversations.held import HeldConversations
from voice_server.conversations.log import ConversationLog
from voice_server.conversations.recorder import Recorder
from voice_server.conversations.spool import Spool
from voice_server.customers.customers import Customers
from voice_server.ecs import EcsTask
from voice_server.event_loop_lag import RecentLag, late_wakes
from voice_server.health import Health
from voice_server.http.admission import Admission
from voice_server.http.errors import answer_errors
from voice_server.http.origins import Origins
from voice_server.http.request_id import add_request_id, name_requests
from voice_server.http.uploads import Uploads
from voice_server.memory.memories import Memories
from voice_server.memory.recall import Recall
from voice_server.metrics import Metrics, MetricsPage
from voice_server.openai_api.chat_completions import ChatCompletions, Writer
from voice_server.openai_api.models import Models
from voice_server.openai_api.speech import Speech
from voice_server.openai_api.transcriptions import Transcriptions
from voice_server.openai_api.unsupported import unsupported_routes
from voice_server.openapi.docs import Docs
from voice_server.page import Page, add_security_headers
from voice_server.parts import (
    Part,
    Work,
    accounts_part,
    built_privacy,
    client_secrets_part,
    customers_part,
    history_of,
    history_part,
    objects_part,
    opened_accounts,
    privacy_part,
    tenants_part,
)
from voice_server.phrases import Phrasebook, Speaker
from voice_server.privacy.consents import Consents
from voice_server.provider_metrics import provider_metrics
from voice_server.reception import Reception
from voice_server.resumption.resumption import Resumption
from voice_server.resumption.tickets import Tickets
from voice_server.sessions import Sessions
from voice_server.settings import ServerSettings
from voice_server.stages import Stages
from voice_server.storage.opened import Storage
from voice_server.telemetry import Telemetry
from voice_server.tenants.configs import TenantConfigs
from voice_server.tenants.quotas import SessionQuotas
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
        app, work = await _put_together(settings, assistants, stages, storage, public_url, hashes, resources)
        rehearse()
        for name, each in work.items():
            await resources.enter_async_context(running(name, each))
        yield app


async def _put_together(
    settings: ServerSettings,
    assistants: Catalog,
    stages: Stages,
    storage: Storage,
    public_url: str,
    hashes: PasswordHashes | None,
    resources: AsyncExitStack,
) -> tuple[web.Application, Mapping[str, Work]]:
    """The application, and what goes on behind its requests."""
    open_ = resources.enter_async_context
    configs, quotas = TenantConfigs(storage.database), SessionQuotas(storage.database)
    accounts = await open_(opened_accounts(settings, storage, configs, public_url, hashes))
    api_keys, secrets = ApiKeys(storage.database), StoredClientSecrets(storage.database)
    authenticator = Authenticator(settings.api_keys, credentials=(api_keys, accounts.tokens), client_secrets=secrets)
    admission = Admission(settings.max_sessions, settings.max_event_loop_lag_ms / 1000)
    metrics = Metrics([assistant.name for assistant in assistants.all()], admission)
    metrics.add(lambda: provider_metrics(stages.health()))
    telemetry = await open_(Telemetry(settings, stages, metrics))
    archive = Archive(storage.database)
    log = await open_(ConversationLog(archive, Spool(storage.folder / "spool"), storage.live_log))
    phrasebook = Phrasebook(stages.own_voice, stages.text_to_speech, _speakers(settings, assistants))
    sessions = Sessions(assistants, stages, phrasebook, settings.language, settings.llm_deadline_seconds)
    uploads = Uploads(settings.max_upload_bytes, settings.max_upload_seconds)
    recordings = ObjectRecordings(storage.objects, storage.database)
    recorder, tickets = Recorder(log), Tickets(storage.database, socket.gethostname())

    async def end_live(conversation_ids: Sequence[str]) -> None:
        await reception.end(conversation_ids)

    privacy = built_privacy(settings, storage, accounts, public_url, end_live)
    history = history_of(storage)
    customers, memories = Customers(storage.database), Memories(storage.database)
    may_remember = partial(_may_remember, privacy.consents)
    reception = Reception(
        sessions=sessions,
        configs=configs,
        quotas=quotas,
        customers=customers,
        recall=Recall(customers, memories, may_remember),
        consents=privacy.consents,
        history=history,
        recorder=recorder,
        telemetry=telemetry,
    )
    realtime = VoiceSocket(
        authenticate=reception.visitor,
        find_assistant=reception.find_assistant,
        new_session=reception.new_session,
        observe=reception.observe,
        record=reception.record,
        resumption=Resumption(tickets, archive, log, recorder),
        admit=admission.conversation,
        drain_seconds=settings.drain_seconds,
    )
    voice_chat = VoiceChat(
        uploads=uploads,
        conversations=HeldConversations(archive, storage.shared.leases),
        recordings=recordings,
        admission=admission,
        find_assistant=reception.find_assistant,
        new_session=reception.new_session,
    )
    health = Health(admission)

    def drain() -> None:
        health.drain()
        realtime.drain()

    parts = (
        Part(work={"ECS": EcsTask(os.environ, lambda: admission.count, drain).watch}),
        _watched(settings, admission, metrics, authenticator, health),
        Part(About(settings, assistants).routes()),
        Part([*Page().routes(), *Docs().routes()]),
        _conversations_part(realtime, voice_chat, reception, authenticator),
        _openai_part(settings, assistants, stages, authenticator, uploads),
        client_secrets_part(secrets, authenticator, sessions.find_assistant),
        accounts_part(accounts, authenticator),
        tenants_part(storage, authenticator, api_keys, assistants, quotas),
        history_part(history, authenticator, log),
        objects_part(storage, recordings),
        customers_part(storage, authenticator, customers, memories, may_remember),
        privacy_part(settings, storage, privacy, authenticator),
        Part(
            work={
                "phrases": phrasebook.prepare,
                "phrases of tenants": phrasebook.prepare_guests,
                "resuming": tickets.sweep,
            }
        ),
    )
    origins = Origins(settings.allowed_origins, loopback_only=settings.is_loopback)
    app = web.Application(
        client_max_size=settings.max_upload_bytes + _FORM_BYTES,
        middlewares=[name_requests, answer_errors, origins.middleware()],
    )
    for part in parts:
        app.add_routes(part.routes)
        for collect in part.metrics:
            metrics.add(collect)
    app.on_response_prepare.extend((add_request_id, add_security_headers, origins.add_headers))
    app.on_startup.append(health.opened)
    app.on_shutdown.extend((health.stopping, realtime.shut_down))
    return app, {name: work for part in parts for name, work in part.work.items()}


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
    settings: ServerSettings, assistants: Catalog, stages: Stages, authenticator: Authenticator, uploads: Uploads
) -> Part:
    """The recogniser, the model and the voice alone, as OpenAI's API has them."""
    language = settings.language or assistants.default.language

    def writer_of(model: str) -> Writer:
        assistant = assistants.get(model)
        return Writer(assistant.name, assistant.instructions, stages.language_models[assistant.name])

    models = Models([assistant.name for assistant in assistants.all()], created=int(time.time()))
    of_speech = (
        *Speech(stages.text_to_speech, language).routes(),
        *Transcriptions(stages.speech_to_text, uploads, language, assistants.default.name).routes(),
        *ChatCompletions(writer_of).routes(),
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
