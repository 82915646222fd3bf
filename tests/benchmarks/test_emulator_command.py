"""`python -m benchmarks.emulators`."""

import asyncio
import sys
from pathlib import Path

import orjson
import pytest

from benchmarks.emulators.__main__ import read_script
from benchmarks.emulators.faults import Fault, FaultKind
from benchmarks.emulators.script import ScriptedCall
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.interfaces import CompletionOptions, ModelMessage, TextDelta, VoiceOptions
from pipeline.providers.openai.client import client
from pipeline.providers.openai.language_model import OpenAILanguageModel
from tests.contracts.stages import given


async def test_both_vendors_answer_on_the_addresses_that_it_prints(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_bytes(orjson.dumps({"replies": {"*": ["Hello from the script."]}}))
    command = [sys.executable, "-m", "benchmarks.emulators", "--profile", "zero", "--script", str(script)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        lines = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
        urls = dict(line.split("=", 1) for line in lines)
        async with client("sk-test", urls["OPENAI_BASE_URL"]) as connection:
            reply = OpenAILanguageModel(connection).complete([ModelMessage("user", "Hi.")], CompletionOptions("s"))
            assert "".join([d.text async for d in reply if isinstance(d, TextDelta)]) == "Hello from the script."
        voice = ElevenLabsTextToSpeech("test", urls["ELEVENLABS_BASE_URL"])
        speech = [chunk async for chunk in voice.speak(given(["Hello."]), VoiceOptions("s"))]
        assert "".join(piece.text for chunk in speech for piece in chunk.spoken) == "Hello."
    finally:
        process.terminate()
        await process.wait()


def test_a_script_with_a_call_of_a_function(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    replies = ["Let me see.", {"name": "weather", "arguments": {"place": "Graz"}}]
    path.write_bytes(orjson.dumps({"transcripts": {"s": ["How is it?"]}, "replies": {"s": replies}}))
    script = read_script(path)
    assert script.transcript("s", 1.0) == "How is it?"
    assert [script.reply("s", ""), script.reply("s", "")] == [
        "Let me see.",
        ScriptedCall("weather", '{"place":"Graz"}'),
    ]
    assert script.transcript("other", 1.0) == "I spoke for 1000 milliseconds."


def test_faults_from_the_command_line() -> None:
    assert Fault.parse("hang-midway") == Fault(FaultKind.HANG_MIDWAY)
    assert Fault.parse("500:speech::2") == Fault(FaultKind.SERVER_ERROR, "speech", None, 2)
    with pytest.raises(ValueError, match="no-such-fault"):
        Fault.parse("no-such-fault")
