"""Nobody's first turn waits for what is loaded once."""

import subprocess
import sys

HEARD = """
import sys
from pipeline.echo import EchoDetector
from pipeline.endpointing import Endpointing, Pause
from pipeline.intonation import measure
from pipeline.rehearsal import rehearse, _voice
from pipeline.settings import TurnDetection
from pipeline.silero import load_weights
from pipeline.vad import ConfirmedVoiceActivity

rehearse()
assert load_weights.cache_info().currsize == 1
loaded = set(sys.modules)
voice = _voice()
detector, echo = ConfirmedVoiceActivity(), EchoDetector()
for frame in voice.reshape(-1, 320):
    detector.is_speech(frame, 0.5)
    echo.is_echo(frame, frame)
assert (heard := measure(voice)) is not None
Endpointing().silence_seconds(Pause("And then?", intonation=heard), TurnDetection("semantic_vad"))
print(*sorted(set(sys.modules) - loaded))
"""


def test_after_a_rehearsal_nothing_is_loaded_any_more() -> None:
    result = subprocess.run([sys.executable, "-c", HEARD], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
