"""Erasing a person: step by step, so that whoever dies in the middle leaves a job that another task goes on with.

    shut the doors -> write down all ids -> tombstones -> end live conversations -> every store -> a moment later, every
    store again -> receipt

The ids are kept with the job until it is done, since the rows that they are found by are among the first to go. The
second time is for what was being written during the first: by then nothing new comes, because tombstones refuse it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from voice_server.privacy.doors import Doors
from voice_server.privacy.jobs import Job, Jobs
from voice_server.privacy.receipts import Receipts
from voice_server.privacy.subject import Subject, Subjects, hash_of, subject_of
from voice_server.privacy.traces import Traces
from voice_server.storage.shared.interfaces import SharedUnavailable

LATE_SECONDS = 30.0
"""Whoever was still writing has noticed by then that nobody wants it any more."""
STORE_SECONDS = 50.0
"""One step takes no longer, or is begun anew: less than a job may be silent."""
EndLive = Callable[[Sequence[str]], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Erasure:
    """Carries out one kind of job."""

    def __init__(
        self,
        subjects: Subjects,
        jobs: Jobs,
        doors: Doors,
        receipts: Receipts,
        traces: Sequence[Traces],
        end_live: EndLive,
        secret: bytes,
        *,
        late_seconds: float = LATE_SECONDS,
    ) -> None:
        """`traces`: of all stores; that of PostgreSQL last, because what others find is found by its rows."""
        self._subjects = subjects
        self._jobs = jobs
        self._doors = doors
        self._receipts = receipts
        self._traces = traces
        self._end_live = end_live
        self._secret = secret
        self._late_seconds = late_seconds

    async def run(self, job: Job) -> None:
        """As far as it goes now. Raises OnlyAdmin, Overtaken, and what stores raise that are away."""
        subject = await self._begin(job)
        await self._end(subject)
        counts = await self._erase(job, subject)
        if not job.is_late:
            await self._jobs.go_over_again(job, 0.9, self._late_seconds)
            return
        await self._finish(job, subject, counts)

    async def _begin(self, job: Job) -> Subject:
        """Everything that is known of the person, also what only an earlier attempt could see."""
        known = subject_of(job.tenant_id, job.account_id, job.customer_id)
        if job.scope is not None:
            known = Subject.from_json(job.scope)
        elif job.account_id is not None:
            await self._doors.check(job.account_id)
        subject = await self._subjects.resolve(known)
        await self._jobs.begin(job, subject)
        if job.account_id is not None:
            await self._doors.shut(job.account_id)
        await self._subjects.bury(subject)
        # What began until a moment ago.
        subject = await self._subjects.resolve(subject)
        await self._subjects.bury(subject)
        await self._jobs.begin(job, subject)
        return subject

    async def _end(self, subject: Subject) -> None:
        try:
            await self._end_live(subject.conversations)
        except SharedUnavailable as error:
            # They write nothing any more in any case.
            _log.warning("live conversations of other tasks were not told to end", reason=str(error))

    async def _erase(self, job: Job, subject: Subject) -> dict[str, dict[str, Mapping[str, int]]]:
        counts = {name: dict(stores) for name, stores in job.counts.items()}
        found = counts.setdefault("late" if job.is_late else "first", {})
        for number, traces in enumerate(self._traces, 1):
            async with asyncio.timeout(STORE_SECONDS):
                now = await traces.find(subject)
            # An attempt that was broken off has found more than is there now.
            before = found.get(traces.name, {})
            found[traces.name] = {kind: max(now.get(kind, 0), before.get(kind, 0)) for kind in {**before, **now}}
            share = 0.45 * number / len(self._traces)
            await self._jobs.progress(job, (0.5 if job.is_late else 0.0) + share, counts)
            async with asyncio.timeout(STORE_SECONDS):
                await traces.erase(subject)
        return counts

    async def _finish(self, job: Job, subject: Subject, counts: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
        subject_hash = hash_of(self._secret, subject)
        receipt = await self._receipts.sign(replace(job, counts=counts), subject_hash)
        await self._jobs.erased(job, receipt.json(), subject_hash)
