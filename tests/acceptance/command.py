"""The command as a program of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
READY = re.compile(r"is ready: open (http://\S+)")


class Command:
    """Runs `voice-server`, in a folder of its own and with no settings but those of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def environment(self, **settings: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "clients" / "python"))), **settings}

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """To its end."""
        return subprocess.run(
            [sys.executable, "-m", "voice_server", *arguments],
            cwd=self.folder,
            env=self.environment(**settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """In the background; it is stopped when the test ends."""
        process = subprocess.Popen(
            [sys.executable, "-m", "voice_server", *arguments],
            cwd=self.folder,
            env=self.environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        return process

    def stop_all(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def address_of(server: "subprocess.Popen[str]") -> tuple[str, str]:
    """Wait until it is ready; gives its address and everything it has said so far."""
    assert server.stdout is not None
    said = ""
    for line in server.stdout:
        said += line
        if "Stop with Ctrl-C" in line:
            found = READY.search(said)
            assert found, said
            return found.group(1), said
    raise AssertionError(f"The server ended: {said}{server.stderr.read() if server.stderr else ''}")
