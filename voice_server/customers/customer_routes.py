"""`/api/v1/customers`: whom a tenant's assistant has talked to, for its staff."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web

from voice_server.access.roles import require, require_scope
from voice_server.auth import Principal, principal_of
from voice_server.customers.customers import CustomerEntry, Customers
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.tenants.answers import answer
from voice_server.tenants.reach import id_in, limit_of, not_found

_MAX_CURSOR = 200


class CustomerRoutes:
    """The endpoints, to be protected."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/customers", self.list),
            web.get("/api/v1/customers/{customer_id}", self.read),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """Who spoke last first; `after` is the `next` of the page before."""
        principal = _staff(request)
        limit = limit_of(request)
        found = await self._customers.page(principal.tenant_id, _cursor(request), limit + 1)
        page = found[:limit]
        more = _cursor_after(page[-1]) if len(found) > limit else None
        return answer({"customers": [asdict(each) for each in page], "next": more})

    async def read(self, request: web.Request) -> web.Response:
        """One, by any id that was ever theirs."""
        principal = _staff(request)
        customer_id = id_in(request, "customer_id", "customer")
        customer = await self._customers.read(principal, customer_id, request_id_of(request))
        if customer is None:
            raise not_found("customer", "There is no such customer here.")
        return answer(asdict(customer))


def _staff(request: web.Request) -> Principal:
    principal = principal_of(request)
    require_scope(principal, "history")
    require(principal, "staff")
    return principal


def _cursor_after(last: CustomerEntry) -> str:
    return urlsafe_b64encode(f"{last.last_seen_at.isoformat()} {last.id}".encode()).decode()


def _cursor(request: web.Request) -> tuple[datetime, UUID] | None:
    text = request.query.get("after")
    if not text:
        return None
    try:
        moment, _, last_id = urlsafe_b64decode(text[:_MAX_CURSOR].encode()).decode().partition(" ")
        return datetime.fromisoformat(moment).astimezone(UTC), UUID(last_id)
    except (ValueError, OverflowError, binascii.Error):
        message = "after must be the `next` of the page before."
        raise ApiError(400, "invalid_value", message, param="after") from None
