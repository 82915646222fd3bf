"""The routes of customers and memories on a server of their own, with two tenants and people of every kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from voice_server.auth import Authenticator, CustomerIdentity, Principal
from voice_server.customers.customer_routes import CustomerRoutes
from voice_server.customers.customers import Customers
from voice_server.http.errors import answer_errors
from voice_server.http.request_id import add_request_id, name_requests
from voice_server.memory.memories import Learned, Memories
from voice_server.memory.memory_routes import MemoryRoutes
from voice_server.storage.postgres.database import Database

ACCOUNTS = {name: UUID(int=number) for number, name in enumerate(("anna", "beppe", "stranger"), 1)}


class People:
    """Credentials that say who they are: `acme-staff`, `anna` and so on."""

    def __init__(self, tenants: dict[str, UUID]) -> None:
        self._known = {
            f"{slug}-{role}": Principal(f"{slug}-{role}", tenant_id=tenant_id, roles=frozenset({role}))
            for slug, tenant_id in tenants.items()
            for role in ("customer", "staff", "admin")
        }
        acme = tenants["acme"]
        for name, account_id in ACCOUNTS.items():
            self._known[name] = Principal(name, tenant_id=acme, roles=frozenset({"customer"}), account_id=account_id)
        for scope in ("sessions", "history"):
            self._known[f"acme-key-{scope}"] = Principal(
                f"key-{scope}", tenant_id=acme, roles=frozenset({"staff"}), scopes=frozenset({scope})
            )
        self._known["operator"] = Principal("operator", roles=frozenset({"operator"}))

    async def principal(self, key: str) -> Principal | None:
        """See Credentials."""
        return self._known.get(key)


@dataclass(frozen=True)
class MemoryServer:
    """A server on which Anna and Beppe, customers of acme, are remembered."""

    client: TestClient[web.Request, web.Application]
    database: Database
    tenants: dict[str, UUID]
    customers: dict[str, UUID]
    routes: list[web.RouteDef]

    async def call(self, who: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON. `who`: see People; empty: nobody."""
        headers = {"Authorization": f"Bearer {who}"} if who else {}
        async with self.client.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else {}

    async def held(self, name: str) -> dict[str, UUID]:
        """What is remembered of somebody: ids by values."""
        memories = await Memories(self.database).of(self.tenants["acme"], self.customers[name], 50)
        return {memory.value: memory.id for memory in memories}

    async def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """Look into the database."""
        async with self.database.everyone() as connection:
            return list(await connection.fetch(statement, *arguments))


def learned(topic: str, value: str, source: Any = "said", day: int = 1) -> Learned:
    """Something that was said on a day of January."""
    return Learned(topic, value, 0.9, source, datetime(2026, 1, day, tzinfo=UTC))


@asynccontextmanager
async def memory_server(database: Database) -> AsyncIterator[MemoryServer]:
    """Serve while the context lasts."""
    tenants: dict[str, UUID] = {}
    async with database.everyone() as connection:
        for slug in ("acme", "other"):
            tenants[slug] = await connection.fetchval(
                "INSERT INTO tenants (slug, name) VALUES ($1, $1) RETURNING id", slug
            )
    customers, memories = Customers(database), Memories(database)
    ids: dict[str, UUID] = {}
    for name in ("anna", "beppe"):
        identity = CustomerIdentity("account", str(ACCOUNTS[name]))
        ids[name] = await customers.recognise(tenants["acme"], [identity])
        facts = [learned("name", f"canary {name}"), learned("allergy", f"nuts of {name}")]
        await memories.learn(tenants["acme"], ids[name], facts)
    routes = [*CustomerRoutes(customers).routes(), *MemoryRoutes(database, customers, memories).routes()]
    authenticator = Authenticator(["key-of-the-settings"], credentials=[People(tenants)])
    app = web.Application(middlewares=[name_requests, answer_errors])
    app.on_response_prepare.append(add_request_id)
    app.add_routes(authenticator.protect(routes))
    async with TestClient(TestServer(app)) as client:
        yield MemoryServer(client, database, tenants, ids, routes)
