"""What lies in files of this task: the logs of sessions for developers, and the spool while PostgreSQL is away.

An erasure is carried out by one task. The others find out by tombstones what they have to remove from their own disks.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import orjson
import structlog

from voice_server.privacy.subject import Subject, Subjects
from voice_server.storage.postgres.database import StorageUnavailable

SWEEP_SECONDS = 60.0
_log = structlog.get_logger(__name__)


class SessionLogTraces:
    """Files like `20260101T120000Z-sess_1.jsonl`. One that is being written is unlinked: it is gone with its writer."""

    name = "session_logs"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def find(self, subject: Subject) -> Mapping[str, int]:
        """See Traces."""
        found = await asyncio.to_thread(lambda: list(self._files(set(subject.sessions))))
        return {"files": len(found)} if found else {}

    async def erase(self, subject: Subject) -> None:
        """See Traces. Raises OSError."""
        await asyncio.to_thread(self._unlink, set(subject.sessions))

    async def erase_buried(self, subjects: Subjects) -> None:
        """Remove what other tasks have erased. Raises StorageUnavailable, OSError."""
        sessions = await asyncio.to_thread(lambda: [_session_of(path) for path in self._folder.glob("*.jsonl")])
        if sessions:
            named = {f"conv_{each.removeprefix('sess_')}": each for each in sessions}
            buried = await subjects.erased_conversations(named)
            await asyncio.to_thread(self._unlink, {named[each] for each in buried})

    async def run(self, subjects: Subjects) -> None:
        """Do so for as long as the server runs."""
        while True:
            try:
                await self.erase_buried(subjects)
            except (StorageUnavailable, OSError) as error:
                _log.warning("session logs of erased conversations may still be there", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    def _files(self, sessions: set[str]) -> Iterator[Path]:
        return (path for path in self._folder.glob("*.jsonl") if _session_of(path) in sessions)

    def _unlink(self, sessions: set[str]) -> None:
        for path in list(self._files(sessions)):
            path.unlink(missing_ok=True)


class SpoolTraces:
    """Lines of `spool/*.jsonl` that wait for PostgreSQL. They are written over where they are, since other processes
    may be at the same file: whoever reads one of them passes over it, and PostgreSQL refuses those that were read."""

    name = "spool"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def find(self, subject: Subject) -> Mapping[str, int]:
        """See Traces. Raises OSError."""
        count = await asyncio.to_thread(self._go_over, subject, erase=False)
        return {"entries": count} if count else {}

    async def erase(self, subject: Subject) -> None:
        """See Traces. Raises OSError."""
        await asyncio.to_thread(self._go_over, subject, erase=True)

    def _go_over(self, subject: Subject, *, erase: bool) -> int:
        count = 0
        for path in sorted(self._folder.glob("*.jsonl")):
            try:
                with path.open("r+b" if erase else "rb") as file:
                    places = [(start, length) for start, length, line in _lines(file) if _is_of(subject, line)]
                    for start, length in places if erase else ():
                        os.pwrite(file.fileno(), b" " * length, start)
                    if erase and places:
                        os.fdatasync(file.fileno())
            except FileNotFoundError:
                continue  # Everything in it was brought over meanwhile.
            count += len(places)
        return count


def _lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    start = 0
    for line in file:
        yield start, len(line) - line.endswith(b"\n"), line
        start += len(line)


def _is_of(subject: Subject, line: bytes) -> bool:
    try:
        header = orjson.loads(line)["header"]
        of_tenant = subject.tenant in (None, header["tenant_id"])
        named = header["owner"] in subject.owners or header["customer_id"] in subject.customers
        return header["id"] in subject.conversations or (of_tenant and named)
    except (ValueError, KeyError, TypeError):
        return False  # It was never acknowledged, or is written over.


def _session_of(path: Path) -> str:
    return path.stem.partition("-")[2]
