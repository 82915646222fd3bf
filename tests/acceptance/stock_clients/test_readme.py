"""The README's examples, as they stand there, against a server as `make run` starts it."""

import asyncio
import re
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.acceptance.command import ROOT
from tests.acceptance.stock_clients import node

README = (ROOT / "README.md").read_text()
QUESTION = ROOT / "tests" / "speech" / "molar_mass_slt.flac"
ANSWER = "Glucose has a molar mass of about 180.16 grams per mole."
SECONDS = 60

pytestmark = pytest.mark.timeout(node.INSTALL_SECONDS + SECONDS)


def example(language: str, address: str) -> str:
    """The code block of that language, pointed at another address."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 1
    assert "127.0.0.1:8080" in blocks[0]
    return str(blocks[0]).replace("127.0.0.1:8080", address.removeprefix("http://").rstrip("/"))


def write_question(folder: Path) -> None:
    """As the examples want it: 24 kHz, 16 bit, mono."""
    samples, rate = soundfile.read(QUESTION, dtype="float32")
    at = np.arange(int(len(samples) * 24_000 / rate)) * rate / 24_000
    resampled = np.interp(at, np.arange(len(samples)), samples)
    soundfile.write(folder / "question.wav", resampled, 24_000, subtype="PCM_16")


def loudest(samples: np.ndarray) -> int:
    return int(np.abs(samples.astype(np.int32)).max(initial=0))


async def test_the_python_example(embedded_server: str, tmp_path: Path) -> None:
    write_question(tmp_path)
    (tmp_path / "example.py").write_text(example("python", embedded_server))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "example.py", cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(SECONDS):
        output, _ = await process.communicate()
    assert output.decode().strip() == ANSWER
    with wave.open(str(tmp_path / "answer.wav")) as answer:
        assert (answer.getframerate(), answer.getnchannels()) == (24_000, 1)
        samples = np.frombuffer(answer.readframes(-1), dtype="<i2")
    assert len(samples) > 24_000
    assert loudest(samples) > 3000


async def test_the_javascript_example(embedded_server: str, sdk: Path, tmp_path: Path) -> None:
    write_question(tmp_path)
    # Modules are looked up from where the script lies, files from where it runs.
    script = sdk / f"readme-{tmp_path.name}.mjs"
    script.write_text(example("js", embedded_server))
    try:
        status, output = await node.run(tmp_path, SECONDS, "node", str(script))
    finally:
        script.unlink()
    assert status == 0, output
    assert ANSWER in output
    samples = np.frombuffer((tmp_path / "answer.pcm").read_bytes(), dtype="<i2")
    assert len(samples) > 24_000
    assert loudest(samples) > 3000
