"""What is measured: a target starts a voice server on the emulated vendors and says how to reach it.

Anything becomes comparable by giving a `Target`: `this` (this server with default settings), `this-unprepared` (which
does not prepare answers early), `this-unkept` (which keeps nothing of what is said), `this-recalling` (which knows
every caller), `sequential` (one stage after the other, `benchmarks.sequential`), `url` (a server that runs already),
and the peers in `benchmarks.peers` that are installed.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 5.0

Wire = Literal["extended", "realtime", "pcm"]
"""How a caller talks to a target.

`extended`: OpenAI Realtime with this project's extensions (binary audio, playback reports, ducking).
`realtime`: OpenAI Realtime as it is.
`pcm`: a plain WebSocket. Binary messages are audio in both directions, int16, mono, 24 kHz, little endian. Text
messages are JSON objects with a `type`; the server may send `{"type": "session", "id": …}` (the `X-Session-Id` that it
shows the vendors), `{"type": "clear"}` (forget what was sent and not yet played) and `{"type": "reply_done"}`. The
client sends `{"type": "commit"}` when the speaker is done, only if `Endpoint.marks_end`.
"""


@dataclass(frozen=True, slots=True)
class Vendors:
    """The emulated vendors, on real sockets."""

    openai_url: str
    """`http://127.0.0.1:PORT/v1`: /audio/transcriptions, /chat/completions, /audio/speech, /realtime."""
    elevenlabs_url: str
    """`http://127.0.0.1:PORT`."""
    key: str = "sk-emulated"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A target that runs."""

    url: str
    """`ws://…`, whole; a caller opens a WebSocket here for each conversation."""
    wire: Wire
    pid: int | None = None
    """The process whose processor time and memory count, its children included; None: not on this machine."""
    marks_end: bool = False
    """The caller says when the user has finished speaking: the target cannot tell."""
    key: str = "any"
    """What the caller shows as its API key."""


class Target(Protocol):
    """A system that can be talked to."""

    @property
    def name(self) -> str:
        """As in `--targets`."""
        ...

    @property
    def version(self) -> str:
        """Of the system and its settings, for the report."""
        ...

    def open(self, vendors: Vendors, core: int | None) -> AbstractAsyncContextManager[Endpoint]:
        """Run it, pinned to a core (None: not pinned), with all its providers being `vendors`."""
        ...


def pin(core: int | None) -> None:
    """Keep this process and its future children on one core; for the beginning of a server's process."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    """A command that runs on one core only."""
    if core is None:
        return list(command)
    start = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execvp(sys.argv[2], sys.argv[2:])"
    return [sys.executable, "-c", start, str(core), *command]


@contextlib.asynccontextmanager
async def started(
    command: Sequence[str], environment: Mapping[str, str], core: int | None, pattern: str = r"(?:http|ws)://\S+"
) -> AsyncGenerator[tuple[str, int], None]:
    """A server as a process of its own: gives the first thing on its stdout that fits the pattern, and its id."""
    process = await asyncio.create_subprocess_exec(
        *pinned(command, core), env={**os.environ, **environment}, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    drain: asyncio.Task[bytes] | None = None
    try:
        async with asyncio.timeout(START_SECONDS):
            while line := (await process.stdout.readline()).decode():
                if found := re.search(pattern, line):
                    break
            else:
                raise RuntimeError(f"{' '.join(command)} ended before it was ready; its error is above.")
        drain = asyncio.create_task(process.stdout.read())
        yield found.group(), process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        if drain is not None:
            await drain


@dataclass(frozen=True, slots=True)
class ThisServer:
    """This server, as it is without any setting but the vendors' addresses."""

    name: str = "this"
    module: str = "voice_server"
    """What is run."""

    @property
    def version(self) -> str:
        """The commit."""
        command = ["git", "describe", "--always", "--dirty"]
        commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return commit.stdout.strip() or "unknown"

    @contextlib.asynccontextmanager
    async def open(self, vendors: Vendors, core: int | None) -> AsyncGenerator[Endpoint, None]:
        """Start it."""
        with tempfile.TemporaryDirectory(prefix="vs-") as folder:
            async with self._open(vendors, core, folder) as endpoint:
                yield endpoint

    @contextlib.asynccontextmanager
    async def _open(self, vendors: Vendors, core: int | None, folder: str) -> AsyncGenerator[Endpoint, None]:
        environment = {
            "DATA_DIR": folder, "HOST": "127.0.0.1", "PORT": "0", "LOG_LEVEL": "error", "MAX_SESSIONS": "10000",
            "OPENAI_BASE_URL": vendors.openai_url, "OPENAI_API_KEY": vendors.key,
            "ELEVENLABS_BASE_URL": vendors.elevenlabs_url, "ELEVENLABS_API_KEY": vendors.key,
        }  # fmt: skip
        async with started([sys.executable, "-m", self.module, "serve"], environment, core) as (url, pid):
            address = url.replace("http", "ws", 1).rstrip("/")
            yield Endpoint(f"{address}/v1/realtime?model=galion&extensions=1", "extended", pid)


@dataclass(frozen=True, slots=True)
class Sequential:
    """One stage after the other: `benchmarks.sequential`."""

    name: str = "sequential"
    version: str = "1"

    @contextlib.asynccontextmanager
    async def open(self, vendors: Vendors, core: int | None) -> AsyncGenerator[Endpoint, None]:
        """Start it."""
        command = [sys.executable, "-m", "benchmarks.sequential", "--openai", vendors.openai_url, "--key", vendors.key]
        async with started(command, {}, core) as (url, pid):
            yield Endpoint(url, "pcm", pid, marks_end=True)


@dataclass(frozen=True, slots=True)
class AtUrl:
    """A server that runs already, on whatever vendors it has been given."""

    url: str
    name: str = "url"

    @property
    def version(self) -> str:
        """Its address."""
        return self.url

    @contextlib.asynccontextmanager
    async def open(self, vendors: Vendors, core: int | None) -> AsyncGenerator[Endpoint, None]:  # noqa: ARG002
        """Nothing has to be started."""
        yield Endpoint(self.url, "extended" if "extensions=1" in self.url else "realtime")


def all_targets(url: str | None = None) -> dict[str, Target]:
    """Every target that can be run here, by name."""
    targets: list[Target] = [
        ThisServer(),
        ThisServer("this-unprepared", "benchmarks.unprepared"),
        ThisServer("this-unkept", "benchmarks.unkept"),
        ThisServer("this-recalling", "benchmarks.recalling"),
        Sequential(),
    ]
    if url:
        targets.append(AtUrl(url))
    if importlib.util.find_spec("benchmarks.peers") and importlib.util.find_spec("benchmarks.peers.targets"):
        targets += importlib.import_module("benchmarks.peers.targets").peers()
    return {target.name: target for target in targets}
