"""Consents: what a person has allowed or refused in a tenant, recorded with its wording and time, and never changed.

Whoever stores or uses something of a person asks first: `may(…)`, or one of the questions by name. Answers are believed
for five seconds, so that no conversation waits for the database; a task that records one knows it at once.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from voice_server import audit
from voice_server.auth import Principal
from voice_server.http.errors import ApiError
from voice_server.privacy.purposes import PURPOSES, Purpose, by_default, wordings
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

BELIEVED_SECONDS = 5.0
MAX_REMEMBERED = 10_000
"""People whose answers are remembered; those who were asked about longest ago go first."""
GPC_HEADER = "Sec-GPC"

_SQL = Statements.of("consents")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as far as one tenant knows them: by their account, as a customer, as both, or not at all."""

    tenant_id: UUID
    account_id: UUID | None = None
    customer_id: UUID | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is somebody who can have answered."""
        return self.account_id is not None or self.customer_id is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What holds for one purpose."""

    purpose: Purpose
    granted: bool
    wording: str | None = None
    """The words that were answered; None: nobody has answered, and the default holds."""
    wording_version: str | None = None
    given_at: datetime | None = None


def signals_opt_out(headers: Mapping[str, str]) -> bool:
    """Whether a browser says for its user: do not sell or share (Global Privacy Control)."""
    return headers.get(GPC_HEADER, "").strip() == "1"


class Consents:
    """The answers of all people."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now = now
        self._remembered: OrderedDict[Person, tuple[float, dict[str, bool]]] = OrderedDict()

    async def may(
        self,
        tenant_id: UUID,
        purpose: Purpose,
        *,
        account_id: UUID | None = None,
        customer_id: UUID | None = None,
    ) -> bool:
        """Whether this may be done with a person's data. Never raises StorageUnavailable.

        While the database is away, what was known last holds on; else the default.
        """
        person = Person(tenant_id, account_id, customer_id)
        if not person.is_known:
            return by_default(purpose)
        try:
            answers = await self._lately(person)
        except StorageUnavailable as error:
            _log.warning("consents cannot be read; what was known holds on", reason=str(error))
            _, answers = self._remembered.get(person, (0.0, {}))
        return answers.get(purpose, by_default(purpose))

    async def may_keep(self, principal: Principal, customer_id: UUID | None = None) -> bool:
        """Whether what is said is kept for good."""
        return await self._principal_may("conversations", principal, customer_id)

    async def may_record(self, principal: Principal, customer_id: UUID | None = None) -> bool:
        """Whether sound is kept."""
        return await self._principal_may("recordings", principal, customer_id)

    async def may_remember(self, principal: Principal, customer_id: UUID | None = None) -> bool:
        """Whether facts are taken from what is said, and used in later conversations."""
        return await self._principal_may("memory", principal, customer_id)

    async def may_measure(self, principal: Principal, customer_id: UUID | None = None) -> bool:
        """Whether figures may be kept of this person alone; those of everybody together are nobody's."""
        return await self._principal_may("analytics", principal, customer_id)

    async def answers(self, person: Person) -> list[Answer]:
        """What holds for each purpose. Raises StorageUnavailable."""
        rows = {row["purpose"]: row for row in await self._read(person)} if person.is_known else {}
        return [
            Answer(**rows[purpose]) if purpose in rows else Answer(purpose, by_default(purpose)) for purpose in PURPOSES
        ]

    async def record(
        self,
        principal: Principal,
        person: Person,
        purpose: Purpose,
        language: str | None,
        request_id: str,
        *,
        granted: bool,
    ) -> Answer:
        """Add an answer to the present wording. Raises ApiError 404 if the person is unknown, StorageUnavailable."""
        wording = wordings()[purpose]
        text, _ = wording.text(language)
        # An answer is the customer's, if somebody else gives it for them; else the account's, which outlives customers.
        of_account = person.account_id
        of_customer = person.customer_id if of_account is None else None
        try:
            async with self._database.tenant(person.tenant_id) as connection:
                given_at = await connection.fetchval(
                    _SQL["add"], person.tenant_id, of_account, of_customer, purpose, granted, text, wording.version
                )
                kind, subject = ("account", of_account) if of_account else ("customer", of_customer)
                action = f"{'allow' if granted else 'refuse'}_{purpose}"
                await audit.note(
                    connection, principal, action, kind, str(subject), request_id, tenant_id=person.tenant_id
                )
        except asyncpg.ForeignKeyViolationError as error:
            raise ApiError(404, "person_not_found", "There is nobody of this id here.") from error
        # The same person may be remembered by other ids.
        for known in [each for each in self._remembered if each.tenant_id == person.tenant_id]:
            del self._remembered[known]
        return Answer(purpose, granted, text, wording.version, given_at)

    async def take_signal(
        self, principal: Principal, headers: Mapping[str, str], request_id: str, customer_id: UUID | None = None
    ) -> bool:
        """Record what the browser says for its user, unless it is known; tell whether it says so.

        Raises StorageUnavailable.
        """
        if not signals_opt_out(headers):
            return False
        person = Person(principal.tenant_id, principal.account_id, customer_id)
        if person.is_known and (await self._lately(person)).get("sale") is not False:
            await self.record(principal, person, "sale", None, request_id, granted=False)
        return True

    async def _principal_may(self, purpose: Purpose, principal: Principal, customer_id: UUID | None) -> bool:
        return await self.may(principal.tenant_id, purpose, account_id=principal.account_id, customer_id=customer_id)

    async def _lately(self, person: Person) -> dict[str, bool]:
        """What was answered, as far as it is believed; else as it is."""
        until, answers = self._remembered.get(person, (0.0, {}))
        return answers if self._now() < until else await self._refresh(person)

    async def _refresh(self, person: Person) -> dict[str, bool]:
        asked_at = self._now()
        answers = {row["purpose"]: row["granted"] for row in await self._read(person)}
        self._remembered[person] = (asked_at + BELIEVED_SECONDS, answers)
        self._remembered.move_to_end(person)
        while len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return answers

    async def _read(self, person: Person) -> list[asyncpg.Record]:
        async with self._database.tenant(person.tenant_id) as connection:
            return await connection.fetch(_SQL["current"], person.tenant_id, person.account_id, person.customer_id)
