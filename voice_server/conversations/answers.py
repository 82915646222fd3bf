"""Recorded answers as objects, with a row for whoever has to find or erase them, at addresses that expire."""

import asyncio

import structlog

from pipeline.items import new_id
from voice_server.auth import Principal
from voice_server.storage.interfaces import Recording
from voice_server.storage.objects.interfaces import Objects, ObjectsUnavailable
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

ANSWER_SECONDS = 3600
"""How long an answer is kept, and its address works."""
SWEEP_SECONDS = 300.0
MAX_SWEPT = 500
_ENDINGS = {"audio/mpeg": "mp3", "audio/wav": "wav"}
_SQL = Statements.of("conversations")

_log = structlog.get_logger(__name__)


class ObjectRecordings:
    """See `storage.interfaces.Recordings`."""

    def __init__(self, objects: Objects, database: Database) -> None:
        self._objects = objects
        self._database = database

    async def add(self, recording: Recording, owner: Principal, conversation_id: str) -> str:
        """Keep an answer and give its address. Raises StorageUnavailable."""
        ending = _ENDINGS[recording.content_type]
        key = f"tenants/{owner.tenant_id}/answers/{conversation_id}/{new_id('audio')}.{ending}"
        size = len(recording.data)
        # The row first: an object that nobody knows of would never be erased.
        async with self._database.tenant(owner.tenant_id) as connection:
            arguments = (key, owner.tenant_id, conversation_id, owner.name, recording.content_type, size)
            await connection.execute(_SQL["put_object"], *arguments, float(ANSWER_SECONDS))
        try:
            await self._objects.put(key, recording.data, recording.content_type)
            return await self._objects.link(key, ANSWER_SECONDS, f"answer.{ending}")
        except ObjectsUnavailable as error:
            raise StorageUnavailable(str(error)) from error

    async def sweep(self) -> None:
        """Delete what was kept long enough; runs for ever."""
        while True:
            try:
                while await self.sweep_once() == MAX_SWEPT:
                    continue
            except (StorageUnavailable, ObjectsUnavailable) as error:
                _log.debug("old answers are not deleted now", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep_once(self) -> int:
        """Delete some; tell how many. Raises StorageUnavailable, ObjectsUnavailable."""
        # A job, over all tenants.
        async with self._database.everyone() as connection:
            keys = [row["key"] for row in await connection.fetch(_SQL["expired_objects"], MAX_SWEPT)]
        if keys:
            await self._objects.delete(keys)
            async with self._database.everyone() as connection:
                await connection.execute(_SQL["forget_objects"], keys)
        return len(keys)
