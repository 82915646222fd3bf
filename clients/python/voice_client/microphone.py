"""Where the user's speech comes from: a file that is played as a microphone would hear it, or a microphone."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile
import soxr

from voice_client.clock import Clock, RealTime
from voice_client.errors import AudioDeviceMissing
from voice_client.events import RATE, Samples

BLOCK_SAMPLES = RATE // 50
"""20 ms."""
BLOCK_SECONDS = BLOCK_SAMPLES / RATE
_MAX_WAITING_BLOCKS = 100
"""Two seconds; a program that is slower than that loses speech, the oldest first."""
_SILENT_LEVEL = 0.02
"""Of the loudest sample: what is quieter after the last word is not speech."""


class Microphone(Protocol):
    """Gives blocks of 20 ms as they are heard."""

    def blocks(self) -> AsyncGenerator[Samples, None]:
        """int16, shape (480,), 24 kHz, each when it has been heard. Does not end by itself."""
        ...


class FileMicrophone:
    """A recording, in real time, and silence after it as a microphone would go on to hear."""

    def __init__(self, samples: Samples, clock: Clock | None = None) -> None:
        """`samples`: int16, shape (n,), 24 kHz."""
        self._samples = samples
        self._clock = clock or RealTime()
        self.speech_seconds = speech_end(samples) / RATE
        """When the last word ends, by its level."""
        self.began: float | None = None
        """By the clock: when the first sample was heard."""
        self.is_over = False
        """Whether the recording has been heard to its end."""

    def rest_seconds(self) -> float:
        """How much of the recording has still to be heard."""
        seconds = len(self._samples) / RATE
        return seconds if self.began is None else max(0.0, self.began + seconds - self._clock.time())

    async def blocks(self) -> AsyncGenerator[Samples, None]:
        """The recording, then silence for ever."""
        self.began = self._clock.time()
        count = 0
        while True:
            block = self._samples[count * BLOCK_SAMPLES : (count + 1) * BLOCK_SAMPLES]
            count += 1
            # A microphone gives a block when its last sample was heard, and never catches up by hearing faster.
            await self._clock.sleep(max(0.0, self.began + count * BLOCK_SECONDS - self._clock.time()))
            yield np.pad(block, (0, BLOCK_SAMPLES - len(block)))
            self.is_over = count * BLOCK_SAMPLES >= len(self._samples)


def read_recording(path: Path) -> Samples:
    """A WAV, FLAC, Ogg or MP3 file as int16 mono at 24 kHz. Raises OSError or ValueError with a sentence."""
    if not path.is_file():
        raise OSError(f"{path} does not exist; name a recording (WAV or FLAC).")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path} cannot be read as a recording; send WAV or FLAC.") from error
    if not samples.any():
        raise ValueError(f"{path} is silent; record a question with the microphone switched on.")
    mono = soxr.resample(samples.mean(axis=1), rate, RATE)
    return np.asarray(np.clip(mono * 32768, -32768, 32767), dtype=np.int16)


def speech_end(samples: Samples) -> int:
    """How many samples there are up to the last that is not silence."""
    loud = first_and_last_loud(samples)
    return loud[1] + 1 if loud else len(samples)


def first_and_last_loud(samples: Samples) -> tuple[int, int] | None:
    """Where sound begins and ends; None if there is none."""
    level = np.abs(samples.astype(np.int32))
    peak = int(level.max(initial=0))
    if peak == 0:
        return None
    loud = np.flatnonzero(level > peak * _SILENT_LEVEL)
    return int(loud[0]), int(loud[-1])


class DeviceMicrophone:
    """The computer's microphone."""

    async def blocks(self) -> AsyncGenerator[Samples, None]:
        """What it hears, until the generator is closed. Raises AudioDeviceMissing."""
        device = sound_device()
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[Samples] = asyncio.Queue()

        def put(block: Samples) -> None:
            if waiting.qsize() >= _MAX_WAITING_BLOCKS:
                waiting.get_nowait()
            waiting.put_nowait(block)

        def heard(data: bytes, _frames: int, _time: object, _status: object) -> None:
            loop.call_soon_threadsafe(put, np.frombuffer(bytes(data), dtype=np.int16))

        def open_stream() -> Any:
            return device.RawInputStream(
                samplerate=RATE, blocksize=BLOCK_SAMPLES, channels=1, dtype="int16", callback=heard
            )

        with open_device(open_stream, "microphone"):
            while True:
                yield await waiting.get()


def sound_device() -> Any:
    """The module `sounddevice`. Raises AudioDeviceMissing with what to install."""
    try:
        import sounddevice  # noqa: PLC0415 -- optional, and it fails to import where PortAudio is missing
    except (ImportError, OSError) as error:
        raise AudioDeviceMissing(
            "A microphone and a loudspeaker need `pip install sounddevice` and PortAudio "
            "(Debian: apt install libportaudio2); or give a recording instead."
        ) from error
    return sounddevice


def open_device(open_stream: Callable[[], Any], name: str) -> Any:
    """A stream of `sounddevice`, started by `with`. Raises AudioDeviceMissing if there is no such device."""
    try:
        return open_stream()
    except Exception as error:
        raise AudioDeviceMissing(f"No {name} can be opened ({error}); give a recording instead.") from error
