"""Where the assistant's speech goes: a loudspeaker, or none that takes just as long.

A speaker knows how much of each answer has been heard, which the server needs to know as well: an interrupted assistant
must not believe to have said what nobody heard.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Protocol

import numpy as np

from voice_client.events import RATE, Samples
from voice_client.microphone import open_device, sound_device
from voice_client.volume import SWITCH_SECONDS, Volume


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of one answer was played."""

    item_id: str
    milliseconds: float
    playing: bool
    """Whether there is more of it to play."""


class Speaker(Protocol):
    """Plays one answer after the other."""

    def play(self, item_id: str, samples: Samples) -> None:
        """Play int16 samples at 24 kHz after what is still waiting."""
        ...

    def heard(self) -> Heard | None:
        """Of the answer that is playing, or was the last to play; None before the first."""
        ...

    def duck(self, item_id: str) -> None:
        """Play this answer quietly, for a moment at most, but not what comes after it."""
        ...

    def restore(self) -> None:
        """Play at full volume again."""
        ...

    def stop(self) -> Heard | None:
        """Be silent at once, forget what is waiting, and say what was heard until now."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


@dataclass(slots=True)
class _Answer:
    item_id: str
    seconds: float
    """Of what was given to play."""
    ends: float
    """By the clock: when all of that will have been heard."""


class VirtualSpeaker:
    """Plays to nobody, in real time."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._answers: deque[_Answer] = deque()

    def play(self, item_id: str, samples: Samples) -> None:
        """Play samples after what is still waiting."""
        now = self._clock()
        seconds = len(samples) / RATE
        last = self._answers[-1] if self._answers else None
        starts = max(now, last.ends) if last else now
        if last and last.item_id == item_id:
            last.seconds += seconds
            last.ends = starts + seconds
        else:
            self._answers.append(_Answer(item_id, seconds, starts + seconds))

    def heard(self) -> Heard | None:
        """Of the answer that is playing, or was the last to play."""
        now = self._clock()
        while len(self._answers) > 1 and self._answers[0].ends <= now:
            self._answers.popleft()
        if not self._answers:
            return None
        answer = self._answers[0]
        waiting = max(0.0, answer.ends - now)
        return Heard(answer.item_id, max(0.0, answer.seconds - waiting) * 1000, playing=waiting > 0)

    def duck(self, item_id: str) -> None:
        """Nobody hears the difference."""

    def restore(self) -> None:
        """Nobody hears the difference."""

    def stop(self) -> Heard | None:
        """Be silent at once."""
        heard = self.heard()
        self._answers.clear()
        return Heard(heard.item_id, heard.milliseconds, playing=False) if heard else None

    def close(self) -> None:
        """There is nothing to give back."""


class DeviceSpeaker:
    """The computer's loudspeaker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Samples]] = deque()
        self._heard: Heard | None = None
        """Of what was given to the device."""
        self._latency_ms = 0.0
        self._volume = Volume()
        self._ducked_item: str | None = None
        self._stream: Any = None

    def open(self) -> None:
        """Raises AudioDeviceMissing."""
        device = sound_device()
        self._stream = open_device(
            lambda: device.RawOutputStream(samplerate=RATE, channels=1, dtype="int16", callback=self._fill),
            "loudspeaker",
        )
        self._stream.start()
        self._latency_ms = self._stream.latency * 1000

    def play(self, item_id: str, samples: Samples) -> None:
        """Play samples after what is still waiting."""
        with self._lock:
            self._waiting.append((item_id, samples))

    def heard(self) -> Heard | None:
        """Of the answer that is playing, or was the last to play."""
        with self._lock:
            return self._sounded()

    def duck(self, item_id: str) -> None:
        """Play this answer quietly."""
        with self._lock:
            self._ducked_item = item_id
            self._volume.duck()

    def restore(self) -> None:
        """Play at full volume again."""
        with self._lock:
            self._ducked_item = None
            self._volume.restore()

    def stop(self) -> Heard | None:
        """Be silent at once."""
        with self._lock:
            self._waiting.clear()
            self._ducked_item = None
            self._volume.reset()
            heard, self._heard = self._sounded(), None
            return Heard(heard.item_id, heard.milliseconds, playing=False) if heard else None

    def close(self) -> None:
        """Give the device back."""
        if self._stream is not None:
            self._stream.close()

    def _sounded(self) -> Heard | None:
        """What the device was given last has not left it yet."""
        heard = self._heard
        if heard is None or not heard.playing:
            return heard
        return replace(heard, milliseconds=max(0.0, heard.milliseconds - self._latency_ms))

    def _fill(self, out: Any, frames: int, _time: object, _status: object) -> None:
        """Called in the device's own thread for the next samples."""
        filled = 0
        block = np.zeros(frames, dtype=np.int16)
        with self._lock:
            while self._waiting and filled < frames:
                item_id, samples = self._waiting.popleft()
                taken = samples[: frames - filled]
                if len(taken) < len(samples):
                    self._waiting.appendleft((item_id, samples[len(taken) :]))
                if self._ducked_item not in (None, item_id):
                    self._ducked_item = None
                    self._volume.restore(SWITCH_SECONDS)
                block[filled : filled + len(taken)] = self._volume.apply(taken)
                filled += len(taken)
                before = self._heard.milliseconds if self._heard and self._heard.item_id == item_id else 0.0
                self._heard = Heard(item_id, before + len(taken) * 1000 / RATE, playing=True)
            self._volume.apply(block[filled:])
            if not self._waiting and self._heard is not None:
                self._heard = Heard(self._heard.item_id, self._heard.milliseconds, playing=False)
        out[:] = block.tobytes()
