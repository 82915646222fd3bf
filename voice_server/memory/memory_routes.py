"""`/api/v1/users/me/memories` and `/api/v1/customers/{id}/memories`: what is remembered, for those it is about and for
the tenant's staff."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal
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
from voice_server.memory.memories import Memories, Memory
from voice_server.storage.postgres.database import Database
from voice_server.tenants.answers import answer
from voice_server.tenants.reach import id_in, limit_of, not_found

Source = Literal["customer", "staff"]


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
        limit, history = limit_of(request), _history(request)
        return _answer([] if customer_id is None else await self._of(principal, customer_id, limit, history=history))

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
        limit, history = limit_of(request), _history(request)
        current = await self._customers.current(principal.tenant_id, customer_id)
        if current is None:
            raise not_found("customer", "There is no such customer here.")
        found = await self._of(principal, current, limit, history=history)
        async with self._database.tenant(principal.tenant_id) as connection:
            await audit.note(connection, principal, "read_memories", "customer", str(current), request_id_of(request))
        return _answer(found)

    async def correct(self, request: web.Request) -> web.Response:
        """Set it right."""
        principal, customer_id = _reach(request)
        return await self._correct(request, principal, customer_id, "staff")

    async def forget(self, request: web.Request) -> web.Response:
        """Delete it, and what it has replaced."""
        principal, customer_id = _reach(request)
        return await self._forget(request, principal, customer_id)

    async def _of(self, principal: Principal, customer_id: UUID, limit: int, *, history: bool) -> Sequence[Memory]:
        read = self._memories.history if history else self._memories.of
        return await read(principal.tenant_id, customer_id, limit)

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


def _answer(memories: Sequence[Memory]) -> web.Response:
    return answer({"memories": [asdict(memory) for memory in memories]})


def _no_memory() -> ApiError:
    return not_found("memory", "There is no such memory here.")
