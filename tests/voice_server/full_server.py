"""The whole server on a free port, with an assistant and providers that follow a script."""

import io
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import soundfile
from aiohttp import ClientSession, FormData, web

from pipeline.providers.health import ProviderHealth
from pipeline.providers.interfaces import LanguageModel, SpeechToText, TextToSpeech
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from tests.services.storage import storage_of_this_test
from voice_server.accounts.passwords import PasswordHashes
from voice_server.app import open_app
from voice_server.assistants.assistant import Assistant
from voice_server.assistants.catalog import Catalog
from voice_server.settings import ServerSettings
from voice_server.stages import Stages
from voice_server.storage.opened import Storage

KEY = "sk-full-server"
PUBLIC_URL = "http://voice.example"
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
    storage: Storage
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
    stages: Stages | None = None,
    **settings: Any,
) -> AsyncIterator[FullServer]:
    """Serve while the context lasts, over the test's own database. `own_voice`: who prepares phrases. `stages`: instead
    of all that is scripted.

    A second one in the same test is another task over the same database.
    """
    stt = speech_to_text or ScriptedSpeechToText("hello there")
    llm = language_model or ScriptedLanguageModel("Good morning. How are you?")
    tts = text_to_speech or ScriptedTextToSpeech(seconds_per_character=0.002)
    assistants = Catalog(assistant(), (assistant("other"),))
    stages = stages or Stages(
        stt,
        tts,
        {each.name: llm for each in assistants.all()},
        own_voice=own_voice or ScriptedTextToSpeech(),
        health=health,
    )
    async with AsyncExitStack() as opened:
        storage = await opened.enter_async_context(storage_of_this_test())
        app = await opened.enter_async_context(
            open_app(
                replace(SETTINGS, **settings),
                assistants,
                stages,
                storage,
                PUBLIC_URL,
                hashes=PasswordHashes(memory_kib=8, passes=1),
            )
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        opened.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        http = await opened.enter_async_context(ClientSession(url))
        yield FullServer(url, http, stt, llm, tts, app, storage)


def recording(seconds: float = 0.5, kind: str = "WAV") -> bytes:
    """A file with a tone in it."""
    written = io.BytesIO()
    samples = (np.sin(np.arange(int(seconds * 16_000)) * 0.2) * 12_000).astype(np.int16)
    soundfile.write(written, samples, 16_000, format=kind)
    return written.getvalue()
