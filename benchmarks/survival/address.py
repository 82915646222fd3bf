"""One address in front of several tasks, as a load balancer has it; and what went over it to one client."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

_CHUNK = 65_536
_READY_SECONDS = 1.0
_TEXT, _BINARY = 1, 2


@dataclass(slots=True)
class Passed:
    """One message of a server on its way to the client."""

    at: float
    """By the monotonic clock."""
    connection: int
    """Counted from 1."""
    fields: dict[str, Any] | None
    """JSON; None for audio."""
    item_id: str = ""
    audio: bytes = b""


@dataclass(slots=True)
class _Frames:
    """Reads what a server sends over one connection: HTTP first, then frames, which are whole and not masked."""

    buffer: bytearray = field(default_factory=bytearray)
    is_upgraded: bool = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that are complete now: kind and content."""
        self.buffer += data
        if not self.is_upgraded:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0 or b" 101 " not in self.buffer[:40]:
                return []
            self.is_upgraded = True
            del self.buffer[: end + 4]
        frames = []
        while (frame := self._frame()) is not None:
            frames.append(frame)
        return frames

    def _frame(self) -> tuple[int, bytes] | None:
        if len(self.buffer) < 2:
            return None
        kind, size, start = self.buffer[0] & 15, self.buffer[1] & 127, 2
        if size > 125:
            start = 4 if size == 126 else 10
            if len(self.buffer) < start:
                return None
            size = int.from_bytes(self.buffer[2:start], "big")
        if len(self.buffer) < start + size:
            return None
        content = bytes(self.buffer[start : start + size])
        del self.buffer[: start + size]
        return kind, content


class OneAddress:
    """Goes round the tasks that are ready; another for each client, so that it knows what that client was sent."""

    def __init__(self, tasks: Sequence[str], first: int = 0) -> None:
        """`tasks`: their addresses, `http://127.0.0.1:PORT`; `first`: which is asked first."""
        self._tasks = list(tasks)
        self._next = first
        self._connections = 0
        self._running: set[asyncio.Task[None]] = set()
        self.passed: list[Passed] = []
        self.holder: int | None = None
        """The task that answered last."""
        self.url = ""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["OneAddress"]:
        """Listen while entered."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_READY_SECONDS)) as http:

            async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                self._running.add(task)
                try:
                    await self._serve(http, reader, writer)
                finally:
                    self._running.discard(task)

            server = await asyncio.start_server(accept, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            try:
                yield self
            finally:
                server.close()
                for task in list(self._running):
                    task.cancel()
                await asyncio.gather(*self._running, return_exceptions=True)

    async def _serve(
        self, http: aiohttp.ClientSession, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            found = await self._connect(http)
            if found is None:
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            number, (task_reader, task_writer) = found
            self._connections += 1
            up = asyncio.create_task(_copy(reader, task_writer))
            try:
                await self._down(task_reader, writer, number, self._connections)
            finally:
                up.cancel()
                task_writer.close()
        except OSError:
            return  # One of both is gone; the other learns of it as the connection closes.
        finally:
            writer.close()

    async def _connect(
        self, http: aiohttp.ClientSession
    ) -> tuple[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] | None:
        for offset in range(len(self._tasks)):
            number = (self._next + offset) % len(self._tasks)
            url = self._tasks[number]
            try:
                async with http.get(f"{url}/ready") as answer:
                    if answer.status != 200:
                        continue
                port = int(url.rpartition(":")[2])
                connection = await asyncio.open_connection("127.0.0.1", port)
            except (OSError, aiohttp.ClientError, TimeoutError):
                continue
            self._next = number + 1
            return number, connection
        return None

    async def _down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, holder: int, connection: int
    ) -> None:
        frames = _Frames()
        while data := await reader.read(_CHUNK):
            was_upgraded = frames.is_upgraded
            for kind, content in frames.feed(data):
                self._note(kind, content, connection)
            if frames.is_upgraded and not was_upgraded:
                self.holder = holder
            writer.write(data)
            await writer.drain()

    def _note(self, kind: int, content: bytes, connection: int) -> None:
        now = time.monotonic()
        if kind == _TEXT:
            self.passed.append(Passed(now, connection, orjson.loads(content)))
        elif kind == _BINARY:
            end = 2 + content[1]
            item_id = content[2:end].decode("ascii")
            self.passed.append(Passed(now, connection, None, item_id, content[end + end % 2 :]))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # The other direction says why.
    finally:
        writer.close()
