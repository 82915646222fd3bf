"""OpenAI's Agents SDK for JavaScript as the client, unchanged, in Node."""

import shutil
from pathlib import Path

import pytest

from pipeline.providers.interfaces import ToolCall
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from tests.acceptance.stock_clients import node
from tests.voice_server.wire.served import served

KEY = "sk-test-1234567890"
CHECK_SECONDS = 60

pytestmark = pytest.mark.timeout(node.INSTALL_SECONDS + CHECK_SECONDS)


@pytest.mark.parametrize("scenario", ["spoken", "text", "tool", "bargeIn"])
async def test_the_sdk_works_unchanged(sdk: Path, scenario: str) -> None:
    weather = ToolCall("call_1", "get_weather", '{"city": "Ulm"}')
    model = ScriptedLanguageModel(weather, "Eighteen degrees.") if scenario == "tool" else None
    voice = ScriptedTextToSpeech(seconds_per_character=0.5) if scenario == "bargeIn" else None
    shutil.copy(node.HERE / "check.mjs", sdk)
    async with served(keys=[KEY], model=model, voice=voice) as server:
        url = str(server.client.make_url("/v1/realtime")).replace("http://", "ws://")
        status, output = await node.run(sdk, CHECK_SECONDS, "node", "check.mjs", url, KEY, scenario)
    assert status == 0, output
    assert output.count(f"ok {scenario}") == output.count("\n") > 1, output
