"""`/api/v1/gdpr/export`, `/erasure`, `/jobs` and `/receipts`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from voice_server.access.roles import has_role
from voice_server.auth import Principal, principal_of
from voice_server.http.bodies import read_body
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.privacy.bodies import JobBody
from voice_server.privacy.doors import Doors, OnlyAdmin
from voice_server.privacy.jobs import Job, Jobs, Kind
from voice_server.privacy.persons import Persons, customer_in
from voice_server.privacy.receipts import Receipts
from voice_server.privacy.worker import Worker
from voice_server.storage.objects.interfaces import Objects, ObjectsUnavailable
from voice_server.storage.postgres.database import StorageUnavailable

LINK_SECONDS = 3600
"""How long the link of an export works; each look at the job gives a new one."""


class JobRoutes:
    """The endpoints."""

    def __init__(
        self, jobs: Jobs, persons: Persons, doors: Doors, receipts: Receipts, objects: Objects, worker: Worker
    ) -> None:
        self._jobs = jobs
        self._persons = persons
        self._doors = doors
        self._receipts = receipts
        self._objects = objects
        self._worker = worker

    def routes(self) -> list[web.RouteDef]:
        """Those to be protected."""
        return [
            web.post("/api/v1/gdpr/export", self.export),
            web.post("/api/v1/gdpr/erasure", self.erase),
            web.get("/api/v1/gdpr/jobs", self.list),
            web.get("/api/v1/gdpr/jobs/{job_id}", self.show),
            web.delete("/api/v1/gdpr/jobs/{job_id}", self.cancel),
        ]

    def public_routes(self) -> list[web.RouteDef]:
        """Those for everybody: whoever was erased has no key any more."""
        return [
            web.get("/api/v1/gdpr/receipts/verify", self.verify),
            web.get("/api/v1/gdpr/receipts/{token}", self.receipt),
        ]

    async def export(self, request: web.Request) -> web.Response:
        """Have everything that is kept put together."""
        job, _ = await self._ask(request, "export")
        return await self._answer(job, status=202)

    async def erase(self, request: web.Request) -> web.Response:
        """Have everything erased."""
        job, token = await self._ask(request, "erasure")
        return await self._answer(job, status=202, token=token)

    async def list(self, request: web.Request) -> web.Response:
        """What somebody has asked for last, for those who have lost the ids."""
        principal = principal_of(request)
        person = await self._persons.of(principal, customer_in(request), "admin")
        jobs = await self._jobs.of(person.tenant_id, person.account_id, person.customer_id)
        return _json({"jobs": [await self._fields(job) for job in jobs]})

    async def show(self, request: web.Request) -> web.Response:
        """How far it is, and what came of it."""
        return await self._answer(await self._find(request))

    async def cancel(self, request: web.Request) -> web.Response:
        """Do not carry it out after all."""
        job = await self._find(request)
        cancelled = await self._jobs.cancel(principal_of(request), job, request_id_of(request))
        if cancelled is None:
            message = "It is too late: this job has begun, or is over. What is erased cannot be brought back."
            raise ApiError(409, "job_has_begun", message)
        return await self._answer(cancelled)

    async def receipt(self, request: web.Request) -> web.Response:
        """The state of an erasure and its receipt, for whoever has the secret that was answered with it."""
        token = request.match_info["token"]
        job = await self._jobs.find_by_token(token) if len(token) <= 100 else None
        if job is None:
            raise ApiError(404, "receipt_not_found", "There is no receipt for this; check that the token is whole.")
        return await self._answer(job)

    async def verify(self, request: web.Request) -> web.Response:
        """What a receipt says, if this server signed it."""
        found = await self._receipts.verify(request.query.get("receipt", ""))
        if found is None:
            message = "This is no receipt that this server has signed: it is incomplete, was changed, or is another's."
            raise ApiError(400, "invalid_receipt", message, param="receipt")
        return _json({"valid": True, "claims": dict(found.claims), "key": dict(found.key)})

    async def _ask(self, request: web.Request, kind: Kind) -> tuple[Job, str | None]:
        principal = principal_of(request)
        body = await read_body(request, JobBody) if request.can_read_body else JobBody()
        person = await self._persons.of(principal, body.customer_id, "admin")
        if kind == "erasure" and person.account_id is not None:
            try:
                await self._doors.check(person.account_id)
            except OnlyAdmin as error:
                raise ApiError(409, "last_admin", str(error)) from error
        asked = await self._jobs.ask(principal, kind, person.account_id, person.customer_id, request_id_of(request))
        self._worker.hasten()
        return asked

    async def _find(self, request: web.Request) -> Job:
        principal = principal_of(request)
        try:
            job = await self._jobs.find(principal.tenant_id, UUID(request.match_info["job_id"]))
        except ValueError:
            job = None
        if job is None or not _may_see(principal, job):
            raise ApiError(404, "job_not_found", "There is no such job here.")
        return job

    async def _answer(self, job: Job, *, status: int = 200, token: str | None = None) -> web.Response:
        return _json(await self._fields(job) | ({} if token is None else {"receipt_token": token}), status)

    async def _fields(self, job: Job) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "id": str(job.id),
            "kind": job.kind,
            "state": job.state,
            "progress": round(job.progress, 3),
            "created_at": _time(job.created_at),
            "due_at": _time(job.due_at),
            "finished_at": None if job.finished_at is None else _time(job.finished_at),
            "can_be_cancelled": job.state == "waiting" and not job.has_begun,
            "problem": job.problem,
        }
        if job.kind == "export":
            fields["download"] = await self._link(job)
        elif job.receipt is not None:
            fields |= job.receipt
        return fields

    async def _link(self, job: Job) -> dict[str, Any] | None:
        if job.state != "done" or job.object_key is None:
            return None
        try:
            if await self._objects.get(job.object_key) is None:
                return None
            url = await self._objects.link(job.object_key, LINK_SECONDS, "export.zip")
        except ObjectsUnavailable as error:
            raise StorageUnavailable(str(error)) from error
        return {"url": url, "expires_in": LINK_SECONDS}


def _may_see(principal: Principal, job: Job) -> bool:
    """The person, whoever asked, and for customers the tenant's admins: an account is nobody else's."""
    is_own = principal.account_id is not None and job.account_id == principal.account_id
    is_asked = job.requested_by == principal.name
    return is_own or is_asked or (job.account_id is None and has_role(principal, "admin"))


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _json(fields: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(fields, status=status, headers={"Cache-Control": "no-store"})
