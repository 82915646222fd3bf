"""The composition root: the only place that knows all the parts, and puts them together."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from functools import partial

from aiohttp import web

from pipeline.rehearsal import rehearse
from voice_server.about import About
from voice_server.access.client_secrets import ClientSecretStore
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Authenticator, Credentials
from voice_server.background import running
from voice_server.event_loop_lag import RecentLag, late_wakes
from voice_server.health import Health
from voice_server.http.admission import Admission
from voice_server.http.errors import answer_errors
from voice_server.http.origins import Origins
from voice_server.http.request_id import add_request_id, name_requests
from voice_server.http.uploads import Uploads
from voice_server.metrics import Metrics, MetricsPage
from voice_server.openai_api.chat_completions import ChatCompletions, Writer
from voice_server.openai_api.client_secrets import ClientSecrets
from voice_server.openai_api.models import Models
from voice_server.openai_api.speech import Speech
from voice_server.openai_api.transcriptions import Transcriptions
from voice_server.openai_api.unsupported import unsupported_routes
from voice_server.openapi.docs import Docs
from voice_server.page import Page, add_security_headers
from voice_server.phrases import Phrasebook, Speaker
from voice_server.provider_metrics import provider_metrics
from voice_server.sessions import Sessions
from voice_server.settings import ServerSettings
from voice_server.stages import Stages
from voice_server.storage.folder import FolderRecordings
from voice_server.storage.memory import MemoryConversations, MemoryRecordings
from voice_server.telemetry import Telemetry
from voice_server.voice_chat import RecordedAnswers, VoiceChat
from voice_server.voice_socket import VoiceSocket

_FORM_BYTES = 1 << 20
"""What a request may have besides its recording."""


def build_app(
    settings: ServerSettings,
    assistants: Catalog,
    stages: Stages,
    *,
    credentials: Sequence[Credentials] = (),
    client_secrets: ClientSecretStore | None = None,
) -> web.Application:
    """The whole server on providers that are open. `credentials`: keys besides those of the settings."""
    authenticator = Authenticator(settings.api_keys, credentials=credentials, client_secrets=client_secrets)
    admission = Admission(settings.max_sessions, settings.max_event_loop_lag_ms / 1000)
    phrasebook = Phrasebook(stages.own_voice, stages.text_to_speech, _speakers(settings, assistants))
    sessions = Sessions(assistants, stages, phrasebook, settings.language, settings.llm_deadline_seconds)
    metrics = Metrics([assistant.name for assistant in assistants.all()], admission)
    metrics.add(lambda: provider_metrics(stages.health()))
    telemetry = Telemetry(settings, stages, metrics)
    language = settings.language or assistants.default.language
    uploads = Uploads(settings.max_upload_bytes, settings.max_upload_seconds)
    recordings = MemoryRecordings() if settings.data_dir is None else FolderRecordings(settings.data_dir / "recordings")
    origins = Origins(settings.allowed_origins, loopback_only=settings.is_loopback)
    health = Health(admission)
    socket = VoiceSocket(
        authenticate=authenticator.authorize_session,
        find_assistant=sessions.find_assistant,
        new_session=sessions.new_session,
        observe=telemetry.observer,
        admit=admission.conversation,
    )
    metrics_page = MetricsPage(metrics.registry, authenticator, settings.metrics_token)
    voice_chat = VoiceChat(
        uploads=uploads,
        conversations=MemoryConversations(),
        recordings=recordings,
        admission=admission,
        find_assistant=sessions.find_assistant,
        new_session=sessions.new_session,
    )

    def writer_of(model: str) -> Writer:
        assistant = assistants.get(model)
        return Writer(assistant.name, assistant.instructions, stages.language_models[assistant.name])

    app = web.Application(
        client_max_size=settings.max_upload_bytes + _FORM_BYTES,
        middlewares=[name_requests, answer_errors, origins.middleware()],
    )
    for public in (
        Page(),
        Docs(),
        health,
        About(settings, assistants),
        RecordedAnswers(recordings),
        socket,
        metrics_page,
    ):
        app.add_routes(public.routes())
    models = Models([assistant.name for assistant in assistants.all()], created=int(time.time()))
    app.add_routes(authenticator.protect(models.routes()))
    for of_speech in (
        Speech(stages.text_to_speech, language),
        Transcriptions(stages.speech_to_text, uploads, language, assistants.default.name),
        ChatCompletions(writer_of),
    ):
        app.add_routes(authenticator.protect(of_speech.routes(), "speech"))
    app.add_routes(authenticator.protect(voice_chat.routes(), "sessions"))
    if client_secrets is not None:
        secrets = ClientSecrets(client_secrets, sessions.find_assistant)
        app.add_routes(authenticator.protect(secrets.routes(), "sessions"))
    app.add_routes(unsupported_routes())

    async def opened(_app: web.Application) -> AsyncIterator[None]:
        await recordings.open()
        rehearse()
        async with (
            telemetry,
            running("event loop lag", partial(_watch_event_loop, admission, metrics)),
            running("phrases", phrasebook.prepare),
        ):
            health.opened()
            yield

    app.cleanup_ctx.append(opened)
    app.on_response_prepare.extend((add_request_id, add_security_headers, origins.add_headers))
    app.on_shutdown.extend((health.stopping, socket.shut_down))
    return app


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
