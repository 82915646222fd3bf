"""The routes of tenants on a server of their own, with two tenants and people of every kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from tests.voice_server.full_server import assistant
from voice_server.access.api_keys import ApiKeys
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Authenticator, Principal, Role
from voice_server.http.errors import answer_errors
from voice_server.http.request_id import add_request_id, name_requests
from voice_server.stages import Stages
from voice_server.storage.postgres.database import Database
from voice_server.storage.sealed import Sealed
from voice_server.storage.shared.memory import MemoryRateLimits
from voice_server.tenants.chains import Chains
from voice_server.tenants.configs import TenantConfigs
from voice_server.tenants.key_routes import KeyRoutes
from voice_server.tenants.member_routes import MemberRoutes
from voice_server.tenants.members import Members
from voice_server.tenants.provider_keys import ProviderKeys
from voice_server.tenants.provider_routes import ProviderRoutes
from voice_server.tenants.secrets import TenantSecrets
from voice_server.tenants.tenant_routes import TenantRoutes
from voice_server.tenants.tenants import Tenants

SEALED = Sealed([b"a secret for tests only"])
ROLES: tuple[Role, ...] = ("customer", "staff", "admin")


class People:
    """Credentials that say who they are: `acme-admin`, `other-staff` and so on."""

    def __init__(self, tenants: dict[str, UUID]) -> None:
        self._known = {
            f"{slug}-{role}": Principal(f"{slug}-{role}", tenant_id=tenant_id, roles=frozenset({role}))
            for slug, tenant_id in tenants.items()
            for role in ROLES
        }
        self._known["acme-visitor"] = Principal(
            "acme-visitor", tenant_id=tenants["acme"], scopes=frozenset({"sessions"})
        )
        self._known["operator"] = Principal("operator", roles=frozenset({"operator"}))

    async def principal(self, key: str) -> Principal | None:
        """See Credentials."""
        return self._known.get(key)


@dataclass(frozen=True)
class ServedTenants:
    """A server with the tenants `acme` and `other`."""

    client: TestClient[web.Request, web.Application]
    database: Database
    ids: dict[str, UUID]
    routes: list[web.RouteDef]

    async def call(
        self, who: str, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON. `who`: see People; empty: nobody."""
        if who:
            headers["Authorization"] = f"Bearer {who}"
        url = f"/api/v1/tenants{path}"
        async with self.client.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else {}

    async def account(self, email: str, slug: str | None = None, role: Role = "customer") -> UUID:
        """Somebody who has verified the address, and belongs to a tenant."""
        async with self.database.everyone() as connection:
            account_id: UUID = await connection.fetchval(
                "INSERT INTO accounts (email, password_hash, verified_at) VALUES ($1, '!', now()) RETURNING id", email
            )
            if slug is not None:
                await connection.execute(
                    "INSERT INTO memberships (tenant_id, account_id, role) VALUES ($1, $2, $3)",
                    self.ids[slug],
                    account_id,
                    role,
                )
        return account_id

    async def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """Look into the database."""
        async with self.database.everyone() as connection:
            return list(await connection.fetch(statement, *arguments))


async def nobody(*_: object) -> None:
    """Invites nobody."""


def chains_of(database: Database) -> Chains:
    """On a server that has nothing but what is scripted."""
    voice, tester = ScriptedTextToSpeech(), assistant()
    stages = Stages(ScriptedSpeechToText(), voice, {tester.name: ScriptedLanguageModel()}, voice, tuple)
    return Chains(stages, Catalog(tester), ProviderKeys(TenantSecrets(database, SEALED).open).of)


@asynccontextmanager
async def served_tenants(database: Database) -> AsyncIterator[ServedTenants]:
    """Serve while the context lasts."""
    ids: dict[str, UUID] = {}
    async with database.everyone() as connection:
        for slug in ("acme", "other"):
            ids[slug] = await connection.fetchval("INSERT INTO tenants (slug, name) VALUES ($1, $1) RETURNING id", slug)
    keys = ApiKeys(database)
    authenticator = Authenticator(["key-of-the-settings"], credentials=[keys, People(ids)])
    tenants = Tenants(database)
    groups = (
        TenantRoutes(tenants, {"galion": ["laboratory", "timer"], "waiter": []}, "galion"),
        KeyRoutes(tenants, keys, TenantSecrets(database, SEALED)),
        MemberRoutes(tenants, Members(database), MemoryRateLimits(), nobody),
        ProviderRoutes(tenants, TenantConfigs(database), chains_of(database)),
    )
    routes = [route for group in groups for route in group.routes()]
    app = web.Application(middlewares=[name_requests, answer_errors])
    app.on_response_prepare.append(add_request_id)
    app.add_routes(authenticator.protect(routes))
    async with TestClient(TestServer(app)) as client:
        yield ServedTenants(client, database, ids, routes)
