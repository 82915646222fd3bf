"""Carries out exports and erasures, one at a time in each task, for as long as the server runs."""

import asyncio

import structlog

from voice_server.privacy.doors import OnlyAdmin
from voice_server.privacy.erasure import Erasure
from voice_server.privacy.export import Export
from voice_server.privacy.jobs import Job, Jobs, Overtaken
from voice_server.storage.objects.interfaces import ObjectsUnavailable
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.storage.shared.interfaces import SharedUnavailable

LOOK_SECONDS = 5.0
"""How often a task looks for jobs that another one took or left behind."""
FIRST_RETRY_SECONDS = 10.0
LAST_RETRY_SECONDS = 3600.0
MAX_EXPORT_ATTEMPTS = 8
"""An export that fails can be asked for again; an erasure is tried until it is done."""
_AWAY = (StorageUnavailable, SharedUnavailable, ObjectsUnavailable, OSError, TimeoutError)

_log = structlog.get_logger(__name__)


class Worker:
    """The one of this task."""

    def __init__(self, jobs: Jobs, export: Export, erasure: Erasure) -> None:
        self._jobs = jobs
        self._export = export
        self._erasure = erasure
        self._news = asyncio.Event()

    def hasten(self) -> None:
        """A job was added."""
        self._news.set()

    async def run(self) -> None:
        """Carry out what is due."""
        while True:
            self._news.clear()
            try:
                while await self.run_one():
                    continue
            except StorageUnavailable as error:
                _log.warning("exports and erasures wait", reason=str(error))
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def run_one(self) -> bool:
        """Carry out the job that has waited longest, if one is due. Raises StorageUnavailable."""
        job = await self._jobs.claim()
        if job is None:
            return False
        try:
            await (self._export.run(job) if job.kind == "export" else self._erasure.run(job))
        except Overtaken:
            _log.warning("another task goes on with a job", job=str(job.id))
        except OnlyAdmin as error:
            await self._jobs.put_off(job, str(error), LAST_RETRY_SECONDS)
        except _AWAY as error:
            _log.warning("a store is away", job=str(job.id), reason=str(error) or type(error).__name__)
            await self._not_now(job, "A part of the server cannot be reached at the moment; it is tried again.")
        except Exception:
            _log.exception("a job failed", job=str(job.id), kind=job.kind)
            await self._not_now(job, "The server failed; its log says why under the id of the job.")
        return True

    async def _not_now(self, job: Job, problem: str) -> None:
        _log.warning("a job is put off", job=str(job.id), kind=job.kind, attempts=job.attempts)
        if job.kind == "export" and job.attempts >= MAX_EXPORT_ATTEMPTS:
            await self._jobs.fail(job, problem)
            return
        wait = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(job.attempts - 1, 10))
        await self._jobs.put_off(job, problem, wait)
