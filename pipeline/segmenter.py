"""How long the user has been speaking or silent, and the audio from before it was noticed.

Only measures; what follows from the measure is decided in turn_taking.py.
"""

from collections import deque
from dataclasses import dataclass

from pipeline.audio import FRAME_SECONDS, AudioFrame

WINDOW_FRAMES = 15
"""The stretch in which speech is counted: 0.3 s. Words begin with gaps in them ("t-t-two"), clicks do not last."""


# Not frozen, although nobody changes it: one is made of every frame, and a frozen one takes four times as long to make.
@dataclass(slots=True)
class Voice:
    """What the last frames say about the user."""

    position_seconds: float
    """Audio received so far."""
    speech_seconds: float
    """Speech within the last 0.3 s."""
    silence_seconds: float
    """Since the last frame of speech; infinite before the first."""
    over_reply: bool = False
    """Whether the assistant can be heard at this moment."""
    may_be_echo: bool = False
    """Whether it is heard for the first time, so that nobody knows yet how its echo would sound, and this may be it."""


class Segmenter:
    """Measures speech and silence, and keeps the last moments of audio."""

    def __init__(self) -> None:
        self._received = 0
        self._silent: float = float("inf")
        self._window: deque[bool] = deque(maxlen=WINDOW_FRAMES)
        self._speech_frames = 0
        self._recent: deque[AudioFrame] = deque(maxlen=WINDOW_FRAMES)

    def keep(self, prefix_padding_seconds: float) -> None:
        """Keep this much audio from before the speech that is counted, from now on."""
        frames = WINDOW_FRAMES + round(prefix_padding_seconds / FRAME_SECONDS)
        if frames != self._recent.maxlen:
            self._recent = deque(self._recent, maxlen=frames)

    @property
    def position_seconds(self) -> float:
        """Audio received so far."""
        return self._received * FRAME_SECONDS

    @property
    def heard_speech(self) -> bool:
        """Whether any of the last 0.3 s was speech."""
        return self._speech_frames > 0

    def push(self, frame: AudioFrame) -> Voice:
        """Take the next frame."""
        self._received += 1
        self._silent = 0 if frame.is_speech else self._silent + 1
        if len(self._window) == WINDOW_FRAMES:
            self._speech_frames -= self._window[0]
        self._window.append(frame.is_speech)
        self._speech_frames += frame.is_speech
        self._recent.append(frame)
        return Voice(self.position_seconds, self._speech_frames * FRAME_SECONDS, self._silent * FRAME_SECONDS)

    def take_preroll(self) -> list[AudioFrame]:
        """Give the recent frames that belong to speech that has just been noticed, the current one included. Once."""
        window = list(self._window)
        before_speech = window.index(True) if True in window else len(window)
        padding = (self._recent.maxlen or 0) - WINDOW_FRAMES
        belonging = len(window) - before_speech + padding
        preroll = list(self._recent)[-belonging:] if belonging else []
        self.forget()
        return preroll

    def forget(self) -> None:
        """Count speech from zero: what was heard has been dealt with."""
        self._window.clear()
        self._speech_frames = 0
        self._recent.clear()
