"""`/api/v1/gdpr/purposes`, `/consents` and `/audit`: what people are asked, what they said, and who looked at it."""

from datetime import datetime
from typing import Any

from aiohttp import web

from voice_server.access.roles import require, require_scope
from voice_server.auth import principal_of
from voice_server.http.bodies import read_body
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.privacy.bodies import ConsentBody
from voice_server.privacy.consents import Answer, Consents, signals_opt_out
from voice_server.privacy.persons import Persons, customer_in, whole
from voice_server.privacy.purposes import NEEDED, PURPOSES, by_default, wordings
from voice_server.privacy.subject import Subjects, subject_of
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

MAX_PAGE = 500
_LAST = 10**18 - 1
_SQL = Statements.of("audit")


class ConsentRoutes:
    """The endpoints, to be protected."""

    def __init__(self, database: Database, consents: Consents) -> None:
        self._database = database
        self._consents = consents
        self._persons = Persons(database)
        self._subjects = Subjects(database)

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/gdpr/purposes", self.purposes),
            web.get("/api/v1/gdpr/consents", self.list),
            web.post("/api/v1/gdpr/consents", self.record),
            web.get("/api/v1/gdpr/audit", self.audit),
        ]

    async def purposes(self, request: web.Request) -> web.Response:
        """What people are asked, in their language."""
        language = request.query.get("language")
        asked = []
        for purpose in PURPOSES:
            wording = wordings()[purpose]
            text, spoken = wording.text(language)
            fields = {"wording": text, "wording_version": wording.version, "language": spoken}
            needed = {"needs_consent": purpose not in NEEDED, "default": by_default(purpose)}
            asked.append({"purpose": purpose, **fields, **needed})
        return _answer({"purposes": asked})

    async def list(self, request: web.Request) -> web.Response:
        """What holds for a person, purpose by purpose."""
        principal = principal_of(request)
        customer_id = customer_in(request)
        person = await self._persons.of(principal, customer_id, "staff")
        if customer_id is None:
            await self._consents.take_signal(principal, request.headers, request_id_of(request), person.customer_id)
        return _answer({"consents": [_consent(each) for each in await self._consents.answers(person)]})

    async def record(self, request: web.Request) -> web.Response:
        """Write an answer down. What was answered before stays as it is, and counts no more."""
        principal, body = principal_of(request), await read_body(request, ConsentBody)
        person = await self._persons.of(principal, body.customer_id, "staff")
        if body.wording_version != wordings()[body.purpose].version:
            message = "These are not the words that are asked now: show those of /api/v1/gdpr/purposes, and ask again."
            raise ApiError(409, "wording_changed", message, param="wording_version")
        if body.purpose == "sale" and body.granted and body.customer_id is None and signals_opt_out(request.headers):
            message = "Your browser says for you that nothing is to be sold or shared (Sec-GPC); switch that off first."
            raise ApiError(409, "privacy_signal", message, param="granted")
        recorded = await self._consents.record(
            principal, person, body.purpose, body.language, request_id_of(request), granted=body.granted
        )
        return _answer(_consent(recorded), status=201)

    async def audit(self, request: web.Request) -> web.Response:
        """Who saw or changed what: of oneself, of a customer, or (`of=tenant`) of a whole tenant."""
        principal = principal_of(request)
        limit = whole(request, "limit", 100, MAX_PAGE)
        before = whole(request, "before", _LAST, _LAST)
        whose = request.query.get("of", "person")
        if whose not in ("person", "tenant"):
            raise ApiError(400, "invalid_value", "of must be person or tenant.", param="of")
        if whose == "tenant":
            require(principal, "admin")
            require_scope(principal, "admin")
            async with self._database.tenant(principal.tenant_id) as connection:
                rows = await connection.fetch(_SQL["of_tenant"], principal.tenant_id, before, limit + 1)
        else:
            person = await self._persons.of(principal, customer_in(request), "admin")
            known = subject_of(person.tenant_id, person.account_id, person.customer_id)
            subject = await self._subjects.resolve(known)
            async with self._subjects.seeing(subject) as connection:
                rows = await connection.fetch(_SQL["of_person"], subject.json(), before, limit + 1)
        page = rows[:limit]
        return _answer(
            {
                "entries": [{**dict(row), "at": _time(row["at"])} for row in page],
                "next": page[-1]["id"] if len(rows) > limit else None,
            }
        )


def _consent(answer: Answer) -> dict[str, Any]:
    return {
        "purpose": answer.purpose,
        "granted": answer.granted,
        "answered": answer.given_at is not None,
        "wording": answer.wording,
        "wording_version": answer.wording_version,
        "given_at": None if answer.given_at is None else _time(answer.given_at),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _answer(fields: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(fields, status=status, headers={"Cache-Control": "no-store"})
