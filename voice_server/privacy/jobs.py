"""Exports and erasures as rows: asked for, claimed by one task at a time, and gone on with by another if that dies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

import asyncpg

from voice_server import audit
from voice_server.accounts.secret_tokens import digest_of, new_token
from voice_server.auth import Principal
from voice_server.privacy.subject import Subject
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

CLAIM_SECONDS = 120.0
"""A task that says nothing of a job for so long was killed; no single step takes nearly that."""
MAX_PROBLEM_CHARACTERS = 300
SYSTEM = Principal("privacy-jobs")
"""Who does what nobody does in person."""
Kind = Literal["export", "erasure"]
_SQL = Statements.of("privacy_jobs")


class Overtaken(Exception):
    """Another task has claimed the job meanwhile: this one must stop."""


@dataclass(frozen=True, slots=True)
class Job:
    """One export or erasure."""

    id: UUID
    tenant_id: UUID
    kind: Kind
    account_id: UUID | None
    customer_id: UUID | None
    state: Literal["waiting", "running", "done", "cancelled", "failed"]
    progress: float
    due_at: datetime
    """When it begins; while it runs, when another task may go on with it."""
    attempts: int
    problem: str | None
    object_key: str | None
    receipt: Mapping[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    requested_by: str
    scope: Mapping[str, Any] | None
    counts: Mapping[str, Mapping[str, Mapping[str, int]]]
    """Found to be erased: by pass, store and kind."""
    is_late: bool

    @classmethod
    def of(cls, row: asyncpg.Record) -> Self:
        """From its row."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    @property
    def has_begun(self) -> bool:
        """Whether something may be gone already."""
        return self.scope is not None or self.state in ("done", "failed")


class Jobs:
    """All of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self,
        principal: Principal,
        kind: Kind,
        account_id: UUID | None,
        customer_id: UUID | None,
        request_id: str,
    ) -> tuple[Job, str | None]:
        """A job, and the secret by which its receipt is read; one that is on its way already, without the secret.

        Raises StorageUnavailable.
        """
        tenant_id, token = principal.tenant_id, new_token("er_")
        subject_kind, subject = ("account", account_id) if account_id else ("customer", customer_id)
        async with self._database.tenant(tenant_id) as connection:
            await connection.execute(_SQL["lock_requests"], tenant_id)
            row = await connection.fetchrow(_SQL["open"], tenant_id, kind, account_id, customer_id)
            if row is not None:
                return Job.of(row), None
            days = await connection.fetchval(_SQL["grace"], tenant_id) if kind == "erasure" else 0
            digest = digest_of(token) if kind == "erasure" else None
            arguments = (tenant_id, kind, account_id, customer_id, principal.name, digest, days)
            row = await connection.fetchrow(_SQL["add"], *arguments)
            assert row is not None
            await audit.note(connection, principal, f"ask_{kind}", subject_kind, str(subject), request_id)
        return Job.of(row), token if kind == "erasure" else None

    async def of(self, tenant_id: UUID, account_id: UUID | None, customer_id: UUID | None) -> list[Job]:
        """The newest export and the newest erasure of a person, as far as there are any. Raises StorageUnavailable."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["of_person"], tenant_id, account_id, customer_id)
        return [Job.of(row) for row in rows]

    async def find(self, tenant_id: UUID, job_id: UUID) -> Job | None:
        """One of a tenant. Raises StorageUnavailable."""
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["find"], job_id, tenant_id)
        return None if row is None else Job.of(row)

    async def find_by_token(self, token: str) -> Job | None:
        """By the secret that came with it. Raises StorageUnavailable."""
        # Whoever has it may be nobody any more.
        async with self._database.everyone() as connection:
            row = await connection.fetchrow(_SQL["find_by_token"], digest_of(token))
        return None if row is None else Job.of(row)

    async def cancel(self, principal: Principal, job: Job, request_id: str) -> Job | None:
        """Before it begins; None: it has. Raises StorageUnavailable."""
        async with self._database.tenant(job.tenant_id) as connection:
            row = await connection.fetchrow(_SQL["cancel"], job.id)
            if row is None:
                return None
            await audit.note(
                connection, principal, "cancel", job.kind, str(job.account_id or job.customer_id), request_id
            )
        return Job.of(row)

    # What follows is for whoever carries jobs out, of all tenants. All raise StorageUnavailable.

    async def claim(self) -> Job | None:
        """The one that has waited longest, if one is due; nobody else gets it for CLAIM_SECONDS."""
        async with self._database.everyone() as connection:
            row = await connection.fetchrow(_SQL["claim"], CLAIM_SECONDS)
        return None if row is None else Job.of(row)

    async def next_due(self) -> float | None:
        """In how many seconds the next one is; None: there is none."""
        async with self._database.everyone() as connection:
            seconds: float | None = await connection.fetchval(_SQL["next_due"])
        return seconds

    async def begin(self, job: Job, subject: Subject) -> None:
        """Write down what will be erased. Raises Overtaken."""
        await self._hold("begin", job, subject.json())

    async def progress(self, job: Job, progress: float, counts: Mapping[str, Any]) -> None:
        """Say how far it is, and keep it for another while. Raises Overtaken."""
        await self._hold("progress", job, progress, counts, CLAIM_SECONDS)

    async def erased(self, job: Job, receipt: Mapping[str, Any], subject_hash: str) -> None:
        """It is done, and no longer knows whom it was about. Raises Overtaken."""
        requested_by = subject_hash if job.account_id is not None else job.requested_by
        async with self._database.everyone() as connection:
            if await connection.fetchval(_SQL["erased"], job.id, job.attempts, receipt, requested_by) is None:
                raise Overtaken
            await audit.note(connection, SYSTEM, "erase", "person", subject_hash, None, tenant_id=job.tenant_id)

    async def exported(self, job: Job, object_key: str) -> None:
        """It is done."""
        await self._execute("exported", job, object_key)

    async def go_over_again(self, job: Job, progress: float, seconds: float) -> None:
        """What is still being written is looked for then."""
        await self._execute("go_over_again", job, progress, seconds)

    async def put_off(self, job: Job, problem: str, seconds: float) -> None:
        """Try again then."""
        await self._execute("put_off", job, problem[:MAX_PROBLEM_CHARACTERS], seconds)

    async def fail(self, job: Job, problem: str) -> None:
        """Try no more."""
        await self._execute("fail", job, problem[:MAX_PROBLEM_CHARACTERS])

    async def _hold(self, name: str, job: Job, *arguments: object) -> None:
        async with self._database.everyone() as connection:
            if await connection.fetchval(_SQL[name], job.id, job.attempts, *arguments) is None:
                raise Overtaken

    async def _execute(self, name: str, job: Job, *arguments: object) -> None:
        async with self._database.everyone() as connection:
            await connection.execute(_SQL[name], job.id, job.attempts, *arguments)
