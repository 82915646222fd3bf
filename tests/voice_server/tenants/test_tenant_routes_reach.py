"""Every route of tenants, as everybody: who may, and that a foreign tenant is as if it were not there."""

from typing import Any
from uuid import UUID

import pytest

from tests.voice_server.tenants.served_tenants import ServedTenants, served_tenants
from voice_server.storage.postgres.database import Database

WHO = ("", "wrong-key", "acme-visitor", "acme-customer", "acme-staff", "acme-admin", "other-admin", "operator")
MISSING = str(UUID(int=7))
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/tenants"): {"slug": "new", "name": "New"},
    ("PUT", "/api/v1/tenants/{slug}/config"): {"config": {}, "version": 0},
    ("POST", "/api/v1/tenants/{slug}/keys"): {"name": "site", "scopes": ["sessions"]},
    ("PUT", "/api/v1/tenants/{slug}/secrets/{name}"): {"value": "sk-0123456789abcdef"},
    ("POST", "/api/v1/tenants/{slug}/members"): {"email": "new@example.com", "role": "staff"},
    ("PATCH", "/api/v1/tenants/{slug}/members/{account_id}"): {"role": "staff"},
}
OF_OPERATORS = {("GET", "/api/v1/tenants"), ("POST", "/api/v1/tenants"), ("DELETE", "/api/v1/tenants/{slug}")}


async def everything(server: ServedTenants) -> str:
    """What is in the tables that the routes write to."""
    tables = ("tenants", "tenant_versions", "tenant_secrets", "api_keys", "memberships", "refresh_tokens", "audit_log")
    return str([await server.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables])


async def furnish(server: ServedTenants) -> dict[str, str]:
    """One of everything at acme, which the paths then name."""
    account_id = await server.account("staff@example.com", "acme")
    await server.account("new@example.com")
    status, _ = await server.call("operator", "PUT", "/acme/config", {"config": {}, "version": 0})
    assert status == 200
    status, _ = await server.call("operator", "PUT", "/acme/secrets/openai_api_key", {"value": "sk-canary-0123456"})
    assert status == 200
    status, key = await server.call("operator", "POST", "/acme/keys", {"name": "canary", "scopes": ["sessions"]})
    assert status == 201
    names = {"slug": "acme", "version": "1", "key_id": key["id"], "name": "openai_api_key"}
    return {**names, "account_id": str(account_id)}


@pytest.mark.parametrize("who", WHO)
async def test_every_route_as_everybody(database: Database, who: str) -> None:
    async with served_tenants(database) as server:
        names = await furnish(server)
        # Closing comes last: nothing could be changed after it.
        for route in sorted(server.routes, key=lambda route: (route.method == "DELETE", len(route.path) < 25)):
            before = await everything(server)
            path = route.path.removeprefix("/api/v1/tenants").format(**names)
            body = BODIES.get((route.method, route.path))
            if route.path.endswith("/config"):
                body = {"config": {}, "version": 1}
            status, answer = await server.call(who, route.method, path, body)
            expected = (
                {401}
                if who in ("", "wrong-key")
                else {200, 201, 204}
                if who == "operator" or (who == "acme-admin" and (route.method, route.path) not in OF_OPERATORS)
                else {404}
                if who == "other-admin" and "{slug}" in route.path
                else {403}
            )
            assert status in expected, (route.method, route.path, status, answer)
            if status >= 400:
                assert answer["error"]["message"].endswith(".")
                assert "canary" not in str(answer)
                assert await everything(server) == before


@pytest.mark.parametrize("who", ["other-admin", "other-staff", "other-customer", "acme-visitor"])
async def test_a_foreign_tenant_cannot_be_told_from_one_that_is_not_there(database: Database, who: str) -> None:
    async with served_tenants(database) as server:
        names = await furnish(server)
        foreign = {**names, "slug": "other"} if who == "acme-visitor" else names
        for route in server.routes:
            if "{slug}" not in route.path:
                continue
            body = BODIES.get((route.method, route.path))
            path = route.path.removeprefix("/api/v1/tenants")
            there = await server.call(who, route.method, path.format(**foreign), body)
            nowhere = await server.call(who, route.method, path.format(**{**foreign, "slug": "nowhere"}), body)
            assert there == nowhere
            assert there[0] == 404


async def test_ids_of_another_tenant_are_unknown_at_ones_own(database: Database) -> None:
    async with served_tenants(database) as server:
        names = await furnish(server)
        before = await everything(server)
        for method, path, body in (
            ("DELETE", f"/other/keys/{names['key_id']}", None),
            ("DELETE", "/other/secrets/openai_api_key", None),
            ("PATCH", f"/other/members/{names['account_id']}", {"role": "admin"}),
            ("DELETE", f"/other/members/{names['account_id']}", None),
            ("GET", "/other/versions/1", None),
            ("DELETE", f"/other/keys/{MISSING}", None),
            ("DELETE", "/other/keys/no-id", None),
        ):
            for who in ("other-admin", "operator"):
                status, _ = await server.call(who, method, path, body)
                assert status == 404, (method, path)
        for path in ("keys", "secrets", "members", "versions"):
            status, answer = await server.call("other-admin", "GET", f"/other/{path}")
            assert (status, answer) == (200, {path: []})
        assert await everything(server) == before


@pytest.mark.parametrize("slug", ["-", "ACME", "a" * 64, "acme%0A", "acme%00", "%ff", "..%2fabout", "acme'--"])
async def test_slugs_that_cannot_be_are_not_found(database: Database, slug: str) -> None:
    async with served_tenants(database) as server:
        status, answer = await server.call("operator", "GET", f"/{slug}")
        assert (status, answer["error"]["code"]) in ((404, "tenant_not_found"), (404, "not_found"))


async def test_keys_of_a_tenant_act_for_it_alone_and_as_far_as_their_scopes_go(database: Database) -> None:
    async with served_tenants(database) as server:
        values = {}
        for scope in ("sessions", "speech", "history", "admin"):
            _, key = await server.call("operator", "POST", "/acme/keys", {"name": scope, "scopes": [scope]})
            values[scope] = key["value"]
        for scope, value in values.items():
            status, _ = await server.call(value, "GET", "/acme")
            assert status == (200 if scope == "admin" else 403)
            assert (await server.call(value, "GET", "/other"))[0] == 404
            assert (await server.call(value, "GET", ""))[0] == 403
        # A key of the settings is the operator's.
        assert (await server.call("key-of-the-settings", "GET", "/acme"))[0] == 200
