"""From a request to the person that it is about, and whether it may be."""

import re
from uuid import UUID

from aiohttp import web

from voice_server.access.roles import require, require_scope
from voice_server.auth import Principal, Role
from voice_server.http.errors import ApiError
from voice_server.privacy.consents import Person
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

_WHOLE = re.compile(r"[0-9]{1,18}")
_SQL = Statements.of("privacy_persons")


class Persons:
    """Finds them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, principal: Principal, customer_id: str | None, role: Role) -> Person:
        """A customer, for those who are at least `role`; without one, whoever asks.

        Raises ApiError 403, 404; StorageUnavailable.
        """
        if customer_id is not None:
            require(principal, role)
            require_scope(principal, "admin")
            found = await self._find(principal, UUID(customer_id))
            if found is None:
                raise ApiError(404, "customer_not_found", "There is no such customer here.", param="customer_id")
            return Person(principal.tenant_id, customer_id=found)
        if principal.account_id is not None:
            return Person(principal.tenant_id, principal.account_id)
        for identity in principal.customer:
            if (known := await self._recognise(principal, identity.kind, identity.value)) is not None:
                return Person(principal.tenant_id, customer_id=known)
        message = "This is for people: log in, or name a customer_id as one of the tenant's admins."
        raise ApiError(403, "not_an_account", message)

    async def _find(self, principal: Principal, customer_id: UUID) -> UUID | None:
        async with self._database.tenant(principal.tenant_id) as connection:
            found: UUID | None = await connection.fetchval(_SQL["find"], principal.tenant_id, customer_id)
        return found

    async def _recognise(self, principal: Principal, kind: str, value: str) -> UUID | None:
        async with self._database.tenant(principal.tenant_id) as connection:
            found: UUID | None = await connection.fetchval(_SQL["recognise"], principal.tenant_id, kind, value)
        return found


def customer_in(request: web.Request) -> str | None:
    """The customer that the query names. Raises ApiError 404."""
    text = request.query.get("customer_id")
    if not text:
        return None
    try:
        return str(UUID(text))
    except ValueError as error:
        raise ApiError(404, "customer_not_found", "There is no such customer here.", param="customer_id") from error


def whole(request: web.Request, name: str, otherwise: int, most: int) -> int:
    """A whole number of the query, from 1 on. Raises ApiError 400."""
    text = request.query.get(name) or str(otherwise)
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
        raise ApiError(400, "invalid_value", f"{name} must be a whole number from 1 to {most:,}.", param=name)
    return int(text)
