"""Everything kept about a person, as one ZIP: a JSON file for each kind of thing, the audio beside it, and a README.

It is put together in a file without a name on this task's disk, so that neither memory nor a process that is killed
keeps any of it, and then put into the objects, where it lies for a week.
"""

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import IO, TYPE_CHECKING, Any

import orjson

from voice_server.conversations.recovery import Recovery
from voice_server.privacy.jobs import Job, Jobs
from voice_server.privacy.readme import readme
from voice_server.privacy.subject import Subject, Subjects, owner_of, resolve, subject_of
from voice_server.storage.objects.interfaces import InvalidKey, Objects
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Connection

EXPORT_SECONDS = 7 * 86_400
"""How long an export lies in the objects."""
CONTENT_TYPE = "application/zip"
_ROWS_AT_ONCE = 200
_PIECE_BYTES = 256 * 1024
_EXPORT = Statements.of("privacy_export")
_SQL = Statements.of("privacy_objects")


class Export:
    """Carries out one kind of job."""

    def __init__(self, database: Database, jobs: Jobs, objects: Objects, logs: Recovery) -> None:
        """`logs`: of conversations, of which the newest lines may not be in the database."""
        self._database = database
        self._logs = logs
        self._subjects = Subjects(database)
        self._jobs = jobs
        self._objects = objects

    async def run(self, job: Job) -> None:
        """All of it. Raises Overtaken, StorageUnavailable, ObjectsUnavailable, OSError."""
        known = subject_of(job.tenant_id, job.account_id, job.customer_id)
        key = f"tenants/{job.tenant_id}/exports/{job.id}.zip"
        with await asyncio.to_thread(tempfile.TemporaryFile) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                await self._fill(archive, job, known)
            size = await asyncio.to_thread(file.tell)
            # The row first: an object that nobody knows of would never be erased.
            await self._note(job, key, size)
            async with aclosing(_pieces(file)) as pieces:
                await self._objects.put(key, pieces, CONTENT_TYPE)
        await self._jobs.exported(job, key)

    async def _fill(self, archive: zipfile.ZipFile, job: Job, known: Subject) -> None:
        files: dict[str, int] = {}
        # One transaction at a time for each file: nothing is locked, and a long export does not hold a connection.
        subject = await self._subjects.resolve(known)
        for conversation_id in subject.conversations:
            await self._logs.keep(conversation_id)
        objects: list[dict[str, Any]] = []
        for number, name in enumerate(_EXPORT, 1):
            async with self._subjects.seeing(subject) as connection:
                files[name] = await _write_rows(archive, connection, name, subject, objects)
            await self._jobs.progress(job, 0.6 * number / len(_EXPORT), {})
        audio = [each for each in objects if each["kind"] in ("answer", "recording")]
        for number, each in enumerate(audio, 1):
            await self._add_object(archive, each["key"])
            await self._jobs.progress(job, 0.6 + 0.3 * number / len(audio), {})
        await asyncio.to_thread(archive.writestr, "README.txt", readme(files, len(audio)))

    async def _add_object(self, archive: zipfile.ZipFile, key: str) -> None:
        try:
            stored = await self._objects.get(key)
        except InvalidKey:
            return
        if stored is None:
            return
        # Sound is compressed already.
        entry = zipfile.ZipInfo(f"audio/{key}")
        with archive.open(entry, "w", force_zip64=True) as file:
            async with aclosing(stored.stream()) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)

    async def _note(self, job: Job, key: str, size: int) -> None:
        owner = owner_of(str(job.account_id)) if job.account_id else job.requested_by
        async with self._database.tenant(job.tenant_id) as connection:
            arguments = (key, job.tenant_id, job.customer_id, owner, CONTENT_TYPE, size, float(EXPORT_SECONDS))
            await connection.execute(_SQL["put_export"], *arguments)


async def _write_rows(
    archive: zipfile.ZipFile, connection: "Connection", name: str, subject: Subject, objects: list[dict[str, Any]]
) -> int:
    """A file of one kind of rows; tells how many. Those of objects are noted down in `objects`."""
    subject = await resolve(connection, subject)
    count = 0
    with archive.open(f"{name}.json", "w", force_zip64=True) as file:
        await asyncio.to_thread(file.write, b"[")
        cursor = await connection.cursor(_EXPORT[name], subject.json())
        while rows := await cursor.fetch(_ROWS_AT_ONCE):
            found = [row["row"] for row in rows]
            if name == "objects":
                objects.extend(found)
            await asyncio.to_thread(_write, file, found, is_first=count == 0)
            count += len(found)
        await asyncio.to_thread(file.write, b"\n]\n")
    return count


def _write(file: IO[bytes], rows: list[dict[str, Any]], *, is_first: bool) -> None:
    for row in rows:
        file.write(b"\n" if is_first else b",\n")
        file.write(orjson.dumps(row, option=orjson.OPT_INDENT_2))
        is_first = False


async def _pieces(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    await asyncio.to_thread(file.seek, 0)
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece
