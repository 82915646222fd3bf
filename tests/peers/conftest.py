"""What the peers need: their environments, the recordings as they take them, and our server."""

import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import pytest_asyncio
import soundfile
import soxr

if TYPE_CHECKING:
    from tests.peers.served import Served

# They install other people's programs and talk in real time, so they are run by those who ask for them.
collect_ignore_glob = [] if os.environ.get("VOICE_SERVER_PEERS") == "1" else ["test_*.py"]

_SPEECH = Path(__file__).parents[1] / "speech"
_RATE = 24_000


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the recorded questions as WAV files, mono, 16 bit, 24 kHz."""
    folder = tmp_path_factory.mktemp("recordings")
    for recording in sorted(_SPEECH.glob("*.flac")):
        samples, rate = soundfile.read(recording, dtype="float32")
        resampled = np.clip(soxr.resample(samples, rate, _RATE), -1, 1)
        with wave.open(str(folder / f"{recording.stem}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE)
            file.writeframes((resampled * 32767).astype("<i2").tobytes())
    return folder


@pytest_asyncio.fixture
async def server() -> AsyncIterator["Served"]:
    # Here, so that a run without the peers does not load the whole server for nothing.
    from tests.peers.served import serve

    async with serve() as served:
        yield served
