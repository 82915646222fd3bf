"""From settings to providers: which are opened, in which order, and what happens when the first is not there."""

import asyncio
import socket
import sys
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import CompletionOptions, TextDelta
from pipeline.providers.scripted import ScriptedLanguageModel
from tests.voice_server.full_server import SETTINGS, assistant
from voice_server.assistants.catalog import Catalog
from voice_server.stages import open_stages

REAL = replace(
    SETTINGS,
    stt=("openai", "elevenlabs"),
    llm=("openai", "embedded"),
    tts=("elevenlabs", "openai"),
    openai_api_key="sk-1",
    elevenlabs_api_key="el-1",
)
OFFLINE = replace(assistant(), offline_model=ScriptedLanguageModel("I compute it myself."))


def unused_address() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


async def test_providers_are_opened_in_the_order_of_the_settings() -> None:
    async with open_stages(REAL, Catalog(OFFLINE)) as stages:
        assert stages.speech_to_text.name == "openai, elevenlabs"
        assert stages.text_to_speech.name == "elevenlabs, openai"
        assert stages.language_models["tester"].name == "openai, scripted"


@pytest.mark.parametrize(("model", "name"), [("gpt-transcribe", "openai"), ("gpt-live-transcribe", "openai-realtime")])
async def test_the_model_decides_how_openai_transcribes(model: str, name: str) -> None:
    settings = replace(REAL, stt=("openai",), openai_stt_model=model)
    async with open_stages(settings, Catalog(OFFLINE)) as stages:
        assert stages.speech_to_text.name == name


async def test_an_assistant_answers_by_itself_when_its_model_cannot_be_reached() -> None:
    settings = replace(REAL, openai_base_url=unused_address())
    async with open_stages(settings, Catalog(OFFLINE)) as stages:
        stream = stages.language_models["tester"].complete([], CompletionOptions("s"))
        async with asyncio.timeout(20), aclosing(stream) as deltas:
            text = [delta.text async for delta in deltas if isinstance(delta, TextDelta)]
    assert "".join(text) == "I compute it myself."


async def test_a_missing_package_of_the_embedded_providers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pipeline.providers.embedded.speech_to_text", None)
    with pytest.raises(ProviderUnavailable, match=r"voice-server\[embedded\]"):
        await open_and_close(replace(REAL, stt=("embedded",)))


async def open_and_close(settings: Any) -> None:
    async with open_stages(settings, Catalog(OFFLINE)):
        pass
