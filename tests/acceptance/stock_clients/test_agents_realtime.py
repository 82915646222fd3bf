"""OpenAI's Agents SDK for JavaScript as the client, unchanged, in Node."""

import asyncio
import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from pipeline.providers.interfaces import ToolCall
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from tests.voice_server.wire.served import served

HERE = Path(__file__).parent / "agents_realtime"
KEY = "sk-test-1234567890"
INSTALL_SECONDS = 300
CHECK_SECONDS = 60

pytestmark = pytest.mark.timeout(INSTALL_SECONDS + CHECK_SECONDS)


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The folder in which the SDK is installed; once for each lock file."""
    if _program("npm") is None or _program("node") is None:
        if os.environ.get("CI"):
            pytest.fail("node and npm are needed to run the Agents SDK, and were not found on the PATH.")
        pytest.skip("node and npm were not found on the PATH")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = HERE.parents[3] / ".cache" / f"agents-realtime-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / "installed").exists():
        _install(folder)
    shutil.copy(HERE / "check.mjs", folder)
    return folder


@pytest.mark.parametrize("scenario", ["spoken", "text", "tool", "bargeIn"])
async def test_the_sdk_works_unchanged(sdk: Path, scenario: str) -> None:
    weather = ToolCall("call_1", "get_weather", '{"city": "Ulm"}')
    model = ScriptedLanguageModel(weather, "Eighteen degrees.") if scenario == "tool" else None
    voice = ScriptedTextToSpeech(seconds_per_character=0.5) if scenario == "bargeIn" else None
    async with served(keys=[KEY], model=model, voice=voice) as server:
        url = str(server.client.make_url("/v1/realtime")).replace("http://", "ws://")
        status, output = await _run(sdk, CHECK_SECONDS, "node", "check.mjs", url, KEY, scenario)
    assert status == 0, output
    assert output.count(f"ok {scenario}") == output.count("\n") > 1, output


def _install(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    status, output = asyncio.run(_run(folder, INSTALL_SECONDS, "npm", "ci", "--ignore-scripts"))
    assert status == 0, output
    (folder / "installed").touch()


async def _run(folder: Path, seconds: float, program: str, *arguments: str) -> tuple[int | None, str]:
    path = _program(program)
    assert path is not None
    # npm is itself a script that looks for node on the PATH.
    environment = {**os.environ, "PATH": f"{Path(path).parent}{os.pathsep}{os.environ['PATH']}"}
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None, f"{program} did not end within {seconds} s"
    return process.returncode, output.decode(errors="replace")


def _program(name: str) -> str | None:
    """From the PATH, or beside this Python: some wheels bring Node along."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
