"""`/api/v1/users/me/memories` and `/api/v1/customers/{id}/memories`: what is remembered, for those it is about and for
the tenant's staff."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, Self
from uuid import UUID

from aiohttp import web

from voice_server import audit
from voice_server.access.roles import require, require_scope
from voice_server.auth import Principal, principal_of
from voice_server.customers.customers import Customers
from voice_server.http.bodies import read_body
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.memory.bodies import CorrectionBody
from voice_server.memory.memories import Memories, Memory, Place
from voice_server.storage.postgres.database import Database
from voice_server.tenants.answers import answer
from voice_server.tenants.reach import id_in, limit_of, not_found

Source = Literal["customer", "staff"]
_MAX_CURSOR = 500


class MemoryRoutes:
    """The endpoints, to be protected."""

    def __init__(self, database: Database, customers: Customers, memories: Memories) -> None:
        self._database = database
        self._customers = customers
        self._memories = memories

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/users/me/memories", self.list_own),
            web.patch("/api/v1/users/me/memories/{memory_id}", self.correct_own),
            web.delete("/api/v1/users/me/memories/{memory_id}", self.forget_own),
            web.get("/api/v1/customers/{customer_id}/memories", self.list),
            web.patch("/api/v1/customers/{customer_id}/memories/{memory_id}", self.correct),
            web.delete("/api/v1/customers/{customer_id}/memories/{memory_id}", self.forget),
        ]

    async def list_own(self, request: web.Request) -> web.Response:
        """What is remembered of the person who asks; with `history=true` also what it was before."""
        principal, customer_id = await self._person(request)
        page = _Page.of(request)
        return page.answer([] if customer_id is None else await self._of(principal, customer_id, page))

    async def correct_own(self, request: web.Request) -> web.Response:
        """Set it right."""
        principal, customer_id = await self._person(request)
        return await self._correct(request, principal, customer_id, "customer")

    async def forget_own(self, request: web.Request) -> web.Response:
        """Delete it, and what it has replaced."""
        principal, customer_id = await self._person(request)
        return await self._forget(request, principal, customer_id)

    async def list(self, request: web.Request) -> web.Response:
        """What is remembered of a customer; with `history=true` also what it was before."""
        principal, customer_id = _reach(request)
        page = _Page.of(request)
        current = await self._customers.current(principal.tenant_id, customer_id)
        if current is None:
            raise not_found("customer", "There is no such customer here.")
        found = await self._of(principal, current, page)
        async with self._database.tenant(principal.tenant_id) as connection:
            await audit.note(connection, principal, "read_memories", "customer", str(current), request_id_of(request))
        return page.answer(found)

    async def correct(self, request: web.Request) -> web.Response:
        """Set it right."""
        principal, customer_id = _reach(request)
        return await self._correct(request, principal, customer_id, "staff")

    async def forget(self, request: web.Request) -> web.Response:
        """Delete it, and what it has replaced."""
        principal, customer_id = _reach(request)
        return await self._forget(request, principal, customer_id)

    async def _of(self, principal: Principal, customer_id: UUID, page: "_Page") -> Sequence[Memory]:
        read = self._memories.history if page.with_history else self._memories.of
        # One more tells whether there is another page.
        return await read(principal.tenant_id, customer_id, page.limit + 1, page.after)

    async def _correct(
        self, request: web.Request, principal: Principal, customer_id: UUID | None, source: Source
    ) -> web.Response:
        memory_id = id_in(request, "memory_id", "memory")
        body = await read_body(request, CorrectionBody)
        memory = customer_id and await self._memories.correct(
            principal, customer_id, memory_id, body.value, source, request_id_of(request)
        )
        if not isinstance(memory, Memory):
            raise _no_memory()
        return answer(asdict(memory))

    async def _forget(self, request: web.Request, principal: Principal, customer_id: UUID | None) -> web.Response:
        memory_id = id_in(request, "memory_id", "memory")
        if customer_id is None or not await self._memories.forget(
            principal, customer_id, memory_id, request_id_of(request)
        ):
            raise _no_memory()
        return web.Response(status=204)

    async def _person(self, request: web.Request) -> tuple[Principal, UUID | None]:
        """Who asks, and the customer that they are here, if they have ever spoken."""
        principal = principal_of(request)
        if principal.account_id is None:
            raise ApiError(403, "not_an_account", "This is for people who are logged in; a key has no account.")
        return principal, await self._customers.of_account(principal.tenant_id, principal.account_id)


@dataclass(frozen=True, slots=True)
class _Page:
    """What is asked for at once."""

    limit: int
    after: Place | None
    with_history: bool

    @classmethod
    def of(cls, request: web.Request) -> Self:
        """Raises ApiError 400."""
        return cls(limit_of(request), _cursor(request), _history(request))

    def answer(self, found: Sequence[Memory]) -> web.Response:
        page = found[: self.limit]
        following = _cursor_after(page[-1]) if len(found) > self.limit else None
        return answer({"memories": [asdict(memory) for memory in page], "next": following})


def _reach(request: web.Request) -> tuple[Principal, UUID]:
    principal = principal_of(request)
    require_scope(principal, "history")
    require(principal, "staff")
    return principal, id_in(request, "customer_id", "customer")


def _history(request: web.Request) -> bool:
    text = request.query.get("history", "false")
    if text not in ("true", "false"):
        raise ApiError(400, "invalid_value", "history must be true or false.", param="history")
    return text == "true"


def _cursor_after(last: Memory) -> str:
    return urlsafe_b64encode(f"{last.learned_at.isoformat()} {last.id} {last.topic}".encode()).decode()


def _cursor(request: web.Request) -> Place | None:
    text = request.query.get("after")
    if not text:
        return None
    try:
        moment, last_id, topic = urlsafe_b64decode(text[:_MAX_CURSOR].encode()).decode().split(" ", 2)
        return Place(datetime.fromisoformat(moment).astimezone(UTC), UUID(last_id), topic)
    except (ValueError, OverflowError, binascii.Error):
        message = "after must be the `next` of the page before."
        raise ApiError(400, "invalid_value", message, param="after") from None


def _no_memory() -> ApiError:
    return not_found("memory", "There is no such memory here.")
