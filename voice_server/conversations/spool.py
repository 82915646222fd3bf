"""Where logs wait on this task's disk while PostgreSQL is away: one file of JSON lines for each process.

    spool/20260101T120000-4711-1f3c9a.jsonl

What `append` acknowledged is on the disk. What a process that was killed left behind is taken up by the next one that
starts on the same folder; a lock on each file tells whether its process still lives. A line that was being written when
the process was killed was never acknowledged, and is skipped.
"""

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from voice_server.conversations.entry import Entry, dump, load

MAX_SPOOL_BYTES = 1024 * 1024 * 1024
"""Of one process: some hours of a hundred conversations."""
CHUNK_BYTES = 1024 * 1024
"""What is read at once."""

_log = structlog.get_logger(__name__)


class SpoolFull(OSError):
    """There is no room in the spool."""


@dataclass(slots=True)
class SpoolFile:
    """One file, open and locked."""

    path: Path
    descriptor: int
    written: int
    """Bytes that count."""
    read: int = 0
    """How much of it has been taken out again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Entries that wait, and up to where they go."""

    entries: list[Entry]
    file: SpoolFile | None
    end: int


class Spool:
    """The file of this process, and those that others left behind. `open` first; `close` in the end."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_SPOOL_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._own: SpoolFile | None = None
        self._left: list[SpoolFile] = []
        """Those of processes that are gone."""
        self._one_at_a_time = asyncio.Lock()

    @property
    def waiting_bytes(self) -> int:
        """What was put in and not taken out."""
        own = [self._own] if self._own else []
        return sum(file.written - file.read for file in (*self._left, *own))

    async def open(self) -> None:
        """Find what was left behind. Raises OSError if the folder cannot be used."""
        await asyncio.to_thread(self._find_left)

    async def append(self, entries: Sequence[Entry]) -> None:
        """Put entries in; they are on the disk when this returns. Raises OSError, and then nothing was put in."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self._append, entries)

    async def oldest(self) -> Taken:
        """The oldest entries that wait, about 1 MiB of them; `done` takes them out. Raises OSError."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._oldest)

    async def done(self, taken: Taken) -> None:
        """These are kept elsewhere. Raises OSError."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self._done, taken)

    async def close(self) -> None:
        """Let others take up what is left."""
        async with self._one_at_a_time:
            await asyncio.to_thread(self._close)

    def _find_left(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(self._folder.glob("*.jsonl")):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            _log.warning("taking up what another process left in the spool", file=path.name)
            self._left.append(SpoolFile(path, descriptor, os.fstat(descriptor).st_size))

    def _append(self, entries: Sequence[Entry]) -> None:
        data = b"".join(map(dump, entries))
        self._own = own = self._own or self._make()
        if own.written + len(data) > self._max_bytes:
            raise SpoolFull(f"The spool of {self._max_bytes:,} bytes is full.")
        try:
            _write(own.descriptor, data, own.written)
        except OSError:
            # What came of it does not count: the next attempt writes over it.
            os.ftruncate(own.descriptor, own.written)
            raise
        own.written += len(data)

    def _make(self) -> SpoolFile:
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}-{secrets.token_hex(3)}.jsonl"
        path = self._folder / name
        # What was said is for nobody else on the machine.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(self._folder)
        return SpoolFile(path, descriptor, 0)

    def _oldest(self) -> Taken:
        for file in (*self._left, self._own):
            if file is not None and file.read < file.written:
                return Taken(*_entries(file))
        return Taken([], None, 0)

    def _done(self, taken: Taken) -> None:
        file = taken.file
        if file is None:
            return
        file.read = taken.end
        if file.read < file.written:
            return
        if file is self._own:
            os.ftruncate(file.descriptor, 0)
            file.read = file.written = 0
        else:
            self._left.remove(file)
            file.path.unlink(missing_ok=True)
            os.close(file.descriptor)

    def _close(self) -> None:
        if self._own and self._own.read == self._own.written:
            self._own.path.unlink(missing_ok=True)
        for file in (*self._left, self._own):
            if file is not None:
                os.close(file.descriptor)
        self._left, self._own = [], None


def _write(descriptor: int, data: bytes, at: int) -> None:
    rest = memoryview(data)
    while rest:
        count = os.pwrite(descriptor, rest, at)
        rest, at = rest[count:], at + count
    os.fdatasync(descriptor)


def _entries(file: SpoolFile) -> tuple[list[Entry], SpoolFile, int]:
    """Whole lines from where nobody has read, about 1 MiB, and where they end."""
    data = os.pread(file.descriptor, min(CHUNK_BYTES, file.written - file.read), file.read)
    while b"\n" not in data and file.read + len(data) < file.written:
        data += os.pread(file.descriptor, CHUNK_BYTES, file.read + len(data))
    *lines, rest = data.split(b"\n")
    is_end = file.read + len(data) >= file.written
    entries = []
    for line in lines:
        try:
            entries.append(load(line))
        except (ValueError, KeyError, TypeError):
            _log.exception("a line of the spool cannot be read", bytes=len(line))
    # What follows the last whole line at the end was never acknowledged.
    return entries, file, file.written if is_end else file.read + len(data) - len(rest)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
