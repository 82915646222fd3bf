"""What the first user of a process would wait for otherwise: networks, tables and modules that are loaded on first use.

Together 0.1 s, in which nobody else's conversation would go on either.
"""

import numpy as np

from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, Samples
from pipeline.echo import EchoDetector
from pipeline.endpointing import Endpointing, Pause
from pipeline.intonation import measure
from pipeline.settings import TurnDetection
from pipeline.vad import ConfirmedVoiceActivity

SECONDS = 1.0
HERTZ = 120.0


def rehearse() -> None:
    """Go once through what is done with a user's speech. For the start of a server."""
    detector, echo = ConfirmedVoiceActivity(), EchoDetector()
    voice = _voice()
    for frame in voice.reshape(-1, FRAME_SAMPLES):
        detector.is_speech(frame, 0.5)
        echo.is_echo(frame, frame)
    endpointing = Endpointing()
    for words in ("What time is it?", "Che ore sono?"):
        endpointing.silence_seconds(Pause(words, intonation=measure(voice)), TurnDetection("semantic_vad"))


def _voice() -> Samples:
    """Silence, then pulses: all that a voice has in common with one is that both have a pitch."""
    moments = np.arange(round(SECONDS * INPUT_RATE)) / INPUT_RATE
    pulses = 8000 * ((moments * HERTZ) % 1.0 - 0.5)
    return np.where(moments < 0.5, 0, pulses).astype(np.int16)
