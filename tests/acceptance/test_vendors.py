"""With keys set, the same command uses OpenAI and ElevenLabs: here their emulators, on real sockets."""

import asyncio
from collections.abc import Callable

import pytest

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.faults import Fault, FaultKind, Faults
from benchmarks.emulators.scene import Exchange, Scene
from benchmarks.emulators.script import ANY, Script
from benchmarks.emulators.server import Server
from tests.acceptance.command import ROOT, Command, address_of

QUESTION = str(ROOT / "tests" / "speech" / "square_root_slt.flac")
SCRIPT = Script(transcripts={ANY: ["What is the square root of 144?"]}, replies={ANY: ["It is twelve. Anything else?"]})


async def talked(command: Command, scene: Scene, **settings: str) -> str:
    """What `talk` says of one spoken question to a server that was started with keys."""
    async with Server(openai.application(scene)) as first, Server(elevenlabs.application(scene)) as second:
        keys = {
            "OPENAI_API_KEY": "sk-emulated",
            "OPENAI_BASE_URL": f"{first.url}/v1",
            "ELEVENLABS_API_KEY": "el-emulated",
            "ELEVENLABS_BASE_URL": second.url,
        }
        # The emulators answer on this loop, so what waits for the processes waits elsewhere.
        started = command.start("serve", PORT="0", **keys, **settings)
        address, _ = await asyncio.to_thread(address_of, started)
        ended = await asyncio.to_thread(command.run, "talk", QUESTION, "--url", address)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"OPENAI_STT_MODEL": "whisper-1", "TTS": "openai"},
        {"OPENAI_STT_MODEL": "gpt-live-transcribe"},
        {"STT": "elevenlabs"},
    ],
    ids=["default", "whisper-1 and OpenAI's voice", "OpenAI's realtime socket", "ElevenLabs hears and speaks"],
)
async def test_a_spoken_question_is_answered(command: Command, settings: dict[str, str]) -> None:
    scene = Scene(SCRIPT)
    said = await talked(command, scene, **settings)
    assert "You        What is the square root of 144?" in said
    assert "Assistant  It is twelve. Anything else?" in said
    vendor_of = vendors(scene)
    assert vendor_of("transcription") == settings.get("STT", "openai")
    assert vendor_of("completion") == "openai"
    assert vendor_of("speech") == settings.get("TTS", "elevenlabs")
    # Apart from conversations, the server opens connections ahead and has its phrases spoken.
    asked = {exchange.session_id[:5] for exchange in scene.exchanges if exchange.request != "models"}
    assert asked == {"sess_", "phras"}


async def test_a_vendor_that_fails_is_replaced_by_what_is_embedded(command: Command) -> None:
    scene = Scene(SCRIPT, faults=Faults(Fault(FaultKind.SERVER_ERROR, request="transcription")))
    said = await talked(command, scene)
    assert "You        what is the square root of one hundred and forty four" in said
    # On a busy machine it is long enough until then for "One moment, please."
    assert "It is twelve. Anything else?" in said


def vendors(scene: Scene) -> Callable[[str], str]:
    """Who answered the requests of a kind; it was one vendor, and to the end."""

    def vendor_of(request: str) -> str:
        found: list[Exchange] = [exchange for exchange in scene.exchanges if exchange.request == request]
        assert found
        assert all(exchange.finished for exchange in found)
        names = {exchange.vendor for exchange in found}
        assert len(names) == 1
        return names.pop()

    return vendor_of
