"""A server that was left running when the process that had started it was killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_SECONDS = 15.0
"""How long a server may take to end before it is told again, less kindly."""
_PAUSE_SECONDS = 0.02


def end_orphan(data: Path) -> None:
    """End what still runs of a server of this data folder, so that another can be started.

    The server's note may also be older than the machine's last start, and its number belong to somebody else by now,
    whom a new server would take for another server of this folder; then the note goes.
    """
    note = data / "postmaster.pid"
    try:
        first = note.read_text().split("\n", 1)[0].strip()
    except FileNotFoundError:
        first = ""
    noted = int(first) if first.isdigit() else None
    began = time.monotonic()
    while (waited := time.monotonic() - began) < 3 * _SECONDS and (at_work := _at_work_in(data, noted)):
        if noted in at_work:
            _send(noted, signal.SIGINT if waited < _SECONDS else signal.SIGQUIT)
        else:
            # The server was killed, too: nobody else tells its processes to end.
            for process in at_work:
                _send(process, signal.SIGQUIT if waited < _SECONDS else signal.SIGKILL)
        time.sleep(_PAUSE_SECONDS)
    if noted is None or _exists(noted):
        note.unlink(missing_ok=True)


def _at_work_in(data: Path, noted: int | None) -> list[int]:
    """The server and its processes: all of them work in the folder. (Elsewhere than on Linux: the server.)"""
    if sys.platform == "linux":
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_in(entry, data)]
    if noted is None:
        return []
    asked = ["ps", "-ww", "-o", "command=", "-p", str(noted)]
    command = subprocess.run(asked, capture_output=True, check=False, text=True).stdout  # noqa: S603
    return [noted] if f"postgres -D {data} " in command else []


def _is_in(process: Path, data: Path) -> bool:
    try:
        return (process / "cwd").samefile(data) and (process / "comm").read_text().strip() == "postgres"
    except OSError:  # It has ended, or belongs to somebody else.
        return False


def _send(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
