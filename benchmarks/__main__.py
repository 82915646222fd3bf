"""What there is to measure.

`python -m benchmarks` measures each thing alone, one after the other; `python -m benchmarks compare …` measures servers
side by side.
"""

import subprocess
import sys

from benchmarks import compare

MEASUREMENTS = (
    "voice_to_voice",
    "barge_in",
    "word_errors",
    "voice_activity",
    "endpointing",
    "session_cost",
    "socket_cost",
)

if __name__ == "__main__":
    if sys.argv[1:2] == ["compare"]:
        compare.main(sys.argv[2:])
    else:
        for name in MEASUREMENTS:
            print(f"\n== {name} ==", flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
