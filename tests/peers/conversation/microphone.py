"""A microphone in real time: silence, and between it what was recorded."""

import asyncio
import time
import wave
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATE = 24_000
FRAME_SAMPLES = RATE // 50
FRAME_SECONDS = FRAME_SAMPLES / RATE
FRAME_BYTES = FRAME_SAMPLES * 2
_QUIET = 0.01
"""Of the loudest sample: what is less than this is not speech."""


@dataclass
class _Saying:
    frames: deque[bytes]
    ended: asyncio.Future[float]


class Microphone:
    """Gives 20 ms of mono 16-bit PCM at 24 kHz every 20 ms, for as long as it is iterated over."""

    def __init__(self, recordings: Path) -> None:
        self._recordings = recordings
        self._sayings: deque[_Saying] = deque()
        self._started: float | None = None
        self._given = 0

    def say(self, name: str) -> asyncio.Future[float]:
        """Say a recording from the next frame on. Gives when its last speech was sent, of `time.monotonic`."""
        with wave.open(str(self._recordings / f"{name}.wav")) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _QUIET * np.abs(samples.astype(np.int32)).max())
        return self._add(samples[: loud[-1] + 1].tobytes())

    def be_silent(self, seconds: float) -> asyncio.Future[float]:
        """As `say`, but nothing is said."""
        return self._add(bytes(round(seconds * RATE) * 2))

    def _add(self, audio: bytes) -> asyncio.Future[float]:
        audio += bytes(-len(audio) % FRAME_BYTES)
        frames = deque(audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES))
        self._sayings.append(_Saying(frames, asyncio.get_running_loop().create_future()))
        return self._sayings[-1].ended

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._started = self._started or time.monotonic()
        await asyncio.sleep(self._started + self._given * FRAME_SECONDS - time.monotonic())
        self._given += 1
        if not self._sayings:
            return bytes(FRAME_BYTES)
        saying = self._sayings[0]
        frame = saying.frames.popleft()
        if not saying.frames:
            self._sayings.popleft()
            saying.ended.set_result(time.monotonic())
        return frame


def loudness(audio: bytes) -> float:
    """Root mean square of 16-bit PCM, 0 to 32768."""
    samples = np.frombuffer(audio, np.int16).astype(np.float64)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
