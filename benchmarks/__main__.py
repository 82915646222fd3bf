"""What there is to measure: `python -m benchmarks` runs it all, one after the other."""

import subprocess
import sys

MEASUREMENTS = ("voice_to_voice", "barge_in", "word_errors", "voice_activity", "session_cost")

for name in MEASUREMENTS:
    print(f"\n== {name} ==", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
