"""The whole server on a free port, with an assistant and providers that follow a script."""

import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import soundfile
from aiohttp import ClientSession, FormData, web

from pipeline.providers.health import ProviderHealth
from pipeline.providers.interfaces import LanguageModel, SpeechToText, TextToSpeech
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from tests.voice_server.secrets_in_memory import SecretsInMemory
from voice_server.access.client_secrets import ClientSecretStore
from voice_server.app import build_app
from voice_server.assistants.assistant import Assistant
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Credentials
from voice_server.settings import ServerSettings
from voice_server.stages import Stages

KEY = "sk-full-server"
SETTINGS = ServerSettings(port=0, stt=("embedded",), llm=("embedded",), tts=("embedded",))


def assistant(name: str = "tester") -> Assistant:
    """An assistant without tools."""
    return Assistant(
        name=name,
        title=name.title(),
        description="Answers tests.",
        examples=("What is a test?",),
        instructions=f"You are {name}.",
        language="en",
        voice=None,
        greeting=None,
        tools=(),
        vocabulary=lambda: ["hello"],
        pronunciations={},
        offline_model=ScriptedLanguageModel(),
    )


@dataclass
class FullServer:
    """A server that is listening, and who answers behind it."""

    url: str
    http: ClientSession
    speech_to_text: Any
    language_model: Any
    text_to_speech: Any
    app: web.Application
    headers: dict[str, str] = field(default_factory=dict)

    async def chat(self, audio: bytes, **fields: str) -> tuple[int, dict[str, Any]]:
        """Send a recording to `/api/v1/voice/chat`."""
        form = FormData(fields)
        form.add_field("audio", audio, filename="audio", content_type="application/octet-stream")
        async with self.http.post("/api/v1/voice/chat", data=form, headers=self.headers) as answer:
            return answer.status, await answer.json()


@asynccontextmanager
async def full_server(
    *,
    speech_to_text: SpeechToText | None = None,
    language_model: LanguageModel | None = None,
    text_to_speech: TextToSpeech | None = None,
    own_voice: TextToSpeech | None = None,
    health: Callable[[], Sequence[ProviderHealth]] = tuple,
    credentials: Sequence[Credentials] = (),
    client_secrets: ClientSecretStore | None = None,
    **settings: Any,
) -> AsyncIterator[FullServer]:
    """Serve while the context lasts. `own_voice`: who prepares phrases."""
    stt = speech_to_text or ScriptedSpeechToText("hello there")
    llm = language_model or ScriptedLanguageModel("Good morning. How are you?")
    tts = text_to_speech or ScriptedTextToSpeech(seconds_per_character=0.002)
    assistants = Catalog(assistant(), (assistant("other"),))
    stages = Stages(
        stt,
        tts,
        {each.name: llm for each in assistants.all()},
        own_voice=own_voice or ScriptedTextToSpeech(),
        health=health,
    )
    app = build_app(
        replace(SETTINGS, **settings),
        assistants,
        stages,
        credentials=credentials,
        client_secrets=client_secrets or SecretsInMemory(),
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with ClientSession(url) as http:
            yield FullServer(url, http, stt, llm, tts, app)
    finally:
        await runner.cleanup()


def recording(seconds: float = 0.5, kind: str = "WAV") -> bytes:
    """A file with a tone in it."""
    written = io.BytesIO()
    samples = (np.sin(np.arange(int(seconds * 16_000)) * 0.2) * 12_000).astype(np.int16)
    soundfile.write(written, samples, 16_000, format=kind)
    return written.getvalue()
