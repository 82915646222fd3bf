"""What there is to measure.

`python -m benchmarks` measures each thing alone, one after the other; `python -m benchmarks compare …` measures servers
side by side; `report` makes a page of what `compare --out` wrote, `capacity` says how many cores are needed, and
`survival` kills servers while people talk to them.
"""

import subprocess
import sys

from benchmarks import capacity, compare
from benchmarks.report import page
from benchmarks.survival import measure

MEASUREMENTS = (
    "voice_to_voice",
    "barge_in",
    "word_errors",
    "voice_activity",
    "endpointing",
    "session_cost",
    "socket_cost",
    "conversation_log",
)

COMMANDS = {"compare": compare.main, "report": page.main, "capacity": capacity.main, "survival": measure.main}

if __name__ == "__main__":
    if command := COMMANDS.get("".join(sys.argv[1:2])):
        command(sys.argv[2:])
    else:
        for name in MEASUREMENTS:
            print(f"\n== {name} ==", flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
