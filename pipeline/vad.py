"""Is this frame speech?

Loudness and Silero's network share the work. Loudness costs 2 µs a frame: what is no louder than the room is silence,
and so is what is far below the voice that was speaking; there the network is not asked, and a pause is noticed as soon
as it begins. Everything else is up to the network, which costs 0.05 ms for each 32 ms and is not fooled by noise.
"""

from typing import Protocol

import numpy as np

from pipeline.audio import INPUT_RATE, Samples
from pipeline.loudness import Loudness
from pipeline.silero import CHUNK_SAMPLES, Silero

WARM_UP_SAMPLES = int(0.3 * INPUT_RATE)
"""Audio that the network hears first when it is woken, to be sure of its first answer. With the frame that wakes it
this makes ten whole chunks, so that the first answer is about everything that was heard."""

AUDIBLE = 4.0
"""Decibels above the noise at which something may be speech."""
FAINT = 30.0
"""Decibels below the voice at which it has stopped: the end of a word fades through them in some 40 ms."""
FAINT_AGAIN = 3.0
"""Decibels less far below the voice at which it may go on: so that a fading word does not flicker."""
CLEAR = 6.0
"""Decibels between voice and noise with which silence can be told from speech by loudness."""
DEPTH, DEEPEST = 0.25, 5.0
"""A pause is this share of the way from the noise up to the voice, at most so many decibels above the noise."""

HYSTERESIS = 0.15
"""Speech goes on until the network is this much less sure of it than at its start, because voices fade in a word."""
FADING = 0.6
"""Share of the way from the noise up to the voice below which the voice is perhaps not fading, but over."""
SURE = 0.8
"""How sure the network must be there. It notices the end of speech some 80 ms late, but it doubts before that."""


class VoiceActivityDetector(Protocol):
    """Tells speech from everything else, frame by frame. One object per stream: it remembers what it heard."""

    def is_speech(self, samples: Samples, threshold: float) -> bool:
        """Take one frame (int16, shape (320,), 16 kHz) and how sure to be that it is speech, 0 to 1."""
        ...

    def close(self) -> None:
        """The stream is over: let go of what was held for it."""
        ...


class ConfirmedVoiceActivity:
    """What is loud enough to be speech, confirmed by Silero's network."""

    def __init__(self) -> None:
        self._loudness = Loudness()
        # A stream in which nobody speaks needs none.
        self._network: Silero | None = None
        self._unheard = bytearray()
        self._probability = 0.0
        self._speaking = False

    def is_speech(self, samples: Samples, threshold: float) -> bool:
        """See VoiceActivityDetector."""
        self._unheard += samples.tobytes()
        level = self._loudness.measure(samples)
        if self._is_silence(level):
            self._speaking = False
            self._forget_long_silence()
        else:
            self._listen()
            self._speaking = self._probability >= self._needed(level, threshold)
        self._loudness.learn(is_speech=self._speaking)
        return self._speaking

    def close(self) -> None:
        """See VoiceActivityDetector."""
        self._network = None

    def _is_silence(self, level: float) -> bool:
        """Whether loudness alone is sure."""
        heard = self._loudness
        if self._network and level < heard.voice - FAINT + (0.0 if self._speaking else FAINT_AGAIN):
            return True
        if not self._speaking:
            return level < heard.noise + AUDIBLE
        span = heard.voice - heard.noise
        return span > CLEAR and level < heard.noise + min(DEEPEST, span * DEPTH)

    def _needed(self, level: float, threshold: float) -> float:
        """How sure the network must be that this frame is speech."""
        if not self._speaking:
            return threshold
        heard = self._loudness
        fading = level <= heard.noise + FADING * (heard.voice - heard.noise)
        return max(threshold, SURE) if fading else threshold - HYSTERESIS

    def _listen(self) -> None:
        network = self._network = self._network or Silero()
        chunk_bytes = CHUNK_SAMPLES * 2
        while len(self._unheard) >= chunk_bytes:
            chunk = np.frombuffer(self._unheard[:chunk_bytes], np.int16)
            self._probability = network.probability(chunk)
            del self._unheard[:chunk_bytes]

    def _forget_long_silence(self) -> None:
        """Keep the network's memory over a short gap; after a long one it starts anew with a warm-up."""
        excess = len(self._unheard) - WARM_UP_SAMPLES * 2
        if excess <= 0:
            return
        del self._unheard[:excess]
        if self._network:
            self._network = None
            self._probability = 0.0
            self._loudness.forget_voice()


class LoudnessVoiceActivity:
    """Anything louder than a threshold is speech: for tests and demonstrations with tones instead of voices."""

    def __init__(self, loud: int = 500) -> None:
        self._loud = loud

    def is_speech(self, samples: Samples, threshold: float) -> bool:  # noqa: ARG002 (a tone leaves no doubt)
        """See VoiceActivityDetector."""
        return bool(np.abs(samples).max(initial=0) >= self._loud)

    def close(self) -> None:
        """See VoiceActivityDetector."""
