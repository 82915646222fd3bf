"""What the routes of tenants do for those who may."""

import asyncio
import json

import pytest

from tests.voice_server.tenants.served_tenants import SEALED, ServedTenants, served_tenants
from voice_server.storage.postgres.database import Database
from voice_server.tenants.secrets import TenantSecrets

CONFIG = {
    "assistant": {
        "name": "maria",
        "base": "galion",
        "instructions": "You take bookings.",
        "voice": "marin",
        "languages": ["it", "en"],
        "tools": ["timer"],
        "greeting": "Buongiorno!",
    },
    "providers": {"stt": ["embedded"], "tts": ["elevenlabs", "embedded"]},
    "quotas": {"sessions": 3, "minutes_a_month": 100},
    "retention_days": 90,
}


async def put(server: ServedTenants, who: str, config: object, version: int) -> tuple[int, str]:
    status, answer = await server.call(who, "PUT", "/acme/config", {"config": config, "version": version})
    return status, answer["error"]["code"] if status >= 400 else ""


async def test_a_tenant_is_made_listed_read_and_closed(database: Database) -> None:
    async with served_tenants(database) as server:
        status, made = await server.call("operator", "POST", "", {"slug": "pizza-7", "name": "Pizza", "config": CONFIG})
        assert (status, made["version"], made["config"]) == (201, 1, made["config"] | {"retention_days": 90})
        assert made["config"]["assistant"] == CONFIG["assistant"]
        assert (await server.call("operator", "POST", "", {"slug": "pizza-7", "name": "Again"}))[0] == 409
        _, listed = await server.call("operator", "GET", "?limit=2")
        assert [tenant["slug"] for tenant in listed["tenants"]] == ["acme", "default"]
        _, listed = await server.call("operator", "GET", "?limit=2&after=default")
        assert [tenant["slug"] for tenant in listed["tenants"]] == ["other", "pizza-7"]
        assert (await server.call("operator", "DELETE", "/pizza-7"))[0] == 204
        status, closed = await server.call("operator", "GET", "/pizza-7")
        assert status == 200
        assert closed["closed_at"]
        status, error = await server.call("operator", "PUT", "/pizza-7/config", {"config": {}, "version": 1})
        assert (status, error["error"]["code"]) == (409, "tenant_closed")
        assert (await server.call("operator", "DELETE", "/default"))[0] == 409


async def test_each_edit_is_a_version_and_nobody_overwrites_what_they_have_not_seen(database: Database) -> None:
    async with served_tenants(database) as server:
        assert (await put(server, "operator", CONFIG, 0)) == (200, "")
        assert (await put(server, "acme-admin", {"retention_days": 1}, 0)) == (409, "version_conflict")
        assert (await put(server, "acme-admin", {"retention_days": 1}, 1)) == (200, "")
        status, answer = await server.call("acme-admin", "PUT", "/acme/config", {"config": {}}, **{"If-Match": '"2"'})
        assert (status, answer["version"], answer["created_by"]) == (200, 3, "acme-admin")
        _, listed = await server.call("acme-admin", "GET", "/acme/versions")
        assert [entry["version"] for entry in listed["versions"]] == [3, 2, 1]
        _, listed = await server.call("acme-admin", "GET", "/acme/versions?before=3&limit=1")
        assert [entry["version"] for entry in listed["versions"]] == [2]
        _, first = await server.call("acme-admin", "GET", "/acme/versions/1")
        assert first["config"]["assistant"]["greeting"] == "Buongiorno!"
        for number in ("0", "4", "x", "9999999999", "-1", "%D9%A1"):
            assert (await server.call("acme-admin", "GET", f"/acme/versions/{number}"))[0] == 404


async def test_of_two_edits_at_one_moment_one_wins(database: Database) -> None:
    async with served_tenants(database) as server:
        outcomes = await asyncio.gather(*(put(server, "acme-admin", {"retention_days": n + 1}, 0) for n in range(5)))
        assert sorted(outcomes) == [(200, ""), *[(409, "version_conflict")] * 4]


async def test_the_etag_is_what_if_match_wants(database: Database) -> None:
    async with served_tenants(database) as server:
        headers = {"Authorization": "Bearer acme-admin"}
        async with server.client.get("/api/v1/tenants/acme", headers=headers) as answer:
            assert (answer.headers["ETag"], answer.headers["Cache-Control"]) == ('"0"', "no-store")
        for sent, body in (("*", {}), ('"x"', {}), ('"0"', {"version": 1}), (None, {})):
            given = {} if sent is None else {"If-Match": sent}
            status, _ = await server.call("acme-admin", "PUT", "/acme/config", {"config": {}, **body}, **given)
            assert status == 400


async def test_only_operators_change_quotas_and_leaving_them_out_keeps_them(database: Database) -> None:
    async with served_tenants(database) as server:
        assert (await put(server, "acme-admin", {"quotas": {"sessions": 9}}, 0)) == (403, "insufficient_role")
        assert (await put(server, "operator", {"quotas": {"sessions": 9}}, 0)) == (200, "")
        assert (await put(server, "acme-admin", {"quotas": {"sessions": 10}}, 1)) == (403, "insufficient_role")
        assert (await put(server, "acme-admin", {"quotas": {"sessions": 9}}, 1)) == (200, "")
        assert (await put(server, "acme-admin", {"quotas": {}}, 2)) == (403, "insufficient_role")
        assert (await put(server, "acme-admin", {}, 2)) == (200, "")
        _, tenant = await server.call("acme-admin", "GET", "/acme")
        assert tenant["config"]["quotas"] == {"sessions": 9, "minutes_a_month": None}


@pytest.mark.parametrize(
    ("config", "param"),
    [
        ({"assistent": {}}, "config.assistent"),
        ({"assistant": {}}, "config.assistant.name"),
        ({"assistant": {"name": "Not This"}}, "config.assistant.name"),
        ({"assistant": {"name": "m", "base": "nobody"}}, "config.assistant.base"),
        ({"assistant": {"name": "m", "tools": ["rm"]}}, "config.assistant.tools"),
        ({"assistant": {"name": "m", "languages": ["it", "it"]}}, "config.assistant.languages"),
        ({"assistant": {"name": "m", "languages": ["italian"]}}, "config.assistant.languages.0"),
        ({"assistant": {"name": "m", "greeting": "a" * 501}}, "config.assistant.greeting"),
        ({"assistant": {"name": "m", "instructions": 5}}, "config.assistant.instructions"),
        ({"providers": {"stt": []}}, "config.providers.stt"),
        ({"providers": {"llm": ["elevenlabs"]}}, "config.providers.llm.0"),
        ({"quotas": {"sessions": -1}}, "config.quotas.sessions"),
        ({"retention_days": 0}, "config.retention_days"),
        ({"retention_days": "90"}, "config.retention_days"),
        ([], "config"),
        (None, "config"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_name(database: Database, config: object, param: str) -> None:
    async with served_tenants(database) as server:
        body = {"config": config, "version": 0}
        status, answer = await server.call("operator", "PUT", "/acme/config", body)
        assert (status, answer["error"]["param"]) == (400, param)
        assert await server.fetch("SELECT * FROM tenant_versions") == []


async def test_the_character_zero_is_refused_and_not_a_failure(database: Database) -> None:
    async with served_tenants(database) as server:
        assert (await put(server, "operator", {"assistant": {"name": "m", "greeting": "a\0b"}}, 0))[0] == 400
        status, _ = await server.call("operator", "POST", "/acme/keys", {"name": "a\0b", "scopes": ["speech"]})
        assert status == 400


async def test_secrets_are_sealed_and_never_shown(database: Database) -> None:
    async with served_tenants(database) as server:
        value = "sk-a-provider's-key-1234"
        status, kept = await server.call("acme-admin", "PUT", "/acme/secrets/openai_api_key", {"value": value})
        assert (status, kept["hint"]) == (200, "1234")
        await server.call("acme-admin", "PUT", "/acme/secrets/short", {"value": "12345678"})
        _, listed = await server.call("acme-admin", "GET", "/acme/secrets")
        assert [(each["name"], each["hint"]) for each in listed["secrets"]] == [
            ("openai_api_key", "1234"),
            ("short", ""),
        ]
        assert value not in str(await server.fetch("SELECT * FROM tenant_secrets"))
        assert value not in str(await server.fetch("SELECT * FROM audit_log"))
        secrets = TenantSecrets(database, SEALED)
        assert await secrets.open(server.ids["acme"]) == {"openai_api_key": value, "short": "12345678"}
        assert await secrets.open(server.ids["other"]) == {}
        assert (await server.call("acme-admin", "PUT", "/acme/secrets/No-Name", {"value": "x"}))[0] == 400
        assert (await server.call("acme-admin", "PUT", "/acme/secrets/x", {"value": "two words"}))[0] == 400
        assert (await server.call("acme-admin", "DELETE", "/acme/secrets/short"))[0] == 204
        assert (await server.call("acme-admin", "DELETE", "/acme/secrets/short"))[0] == 404


async def test_an_api_key_is_shown_once_and_opens_nothing_after_it_is_revoked(database: Database) -> None:
    async with served_tenants(database) as server:
        status, made = await server.call("acme-admin", "POST", "/acme/keys", {"name": "site", "scopes": ["admin"]})
        assert status == 201
        value = made.pop("value")
        _, listed = await server.call(value, "GET", "/acme/keys")
        assert [key["id"] for key in listed["keys"]] == [made["id"]]
        assert value not in json.dumps(listed)
        assert (await server.call("acme-admin", "DELETE", f"/acme/keys/{made['id']}"))[0] == 204
        assert (await server.call("acme-admin", "DELETE", f"/acme/keys/{made['id']}"))[0] == 404
        assert (await server.call(value, "GET", "/acme/keys"))[0] == 401
        for scopes in ([], ["everything"], "admin", ["admin"] * 5):
            assert (await server.call("acme-admin", "POST", "/acme/keys", {"name": "x", "scopes": scopes}))[0] == 400


async def test_members_come_change_and_go_but_never_the_last_admin(database: Database) -> None:
    async with served_tenants(database) as server:
        first = await server.account("first@example.com")
        second = await server.account("second@example.com", "acme")
        status, member = await server.call(
            "operator", "POST", "/acme/members", {"email": " First@Example.com", "role": "admin"}
        )
        assert (status, member["account_id"], member["role"]) == (201, str(first), "admin")
        for method, body in (("PATCH", {"role": "staff"}), ("DELETE", None)):
            status, error = await server.call("operator", method, f"/acme/members/{first}", body)
            assert (status, error["error"]["code"]) == (409, "last_admin")
        status, error = await server.call(
            "operator", "POST", "/acme/members", {"email": "first@example.com", "role": "staff"}
        )
        assert (status, error["error"]["code"]) == (409, "last_admin")
        assert (await server.call("acme-admin", "PATCH", f"/acme/members/{second}", {"role": "admin"}))[0] == 200
        _, listed = await server.call("acme-admin", "GET", "/acme/members?role=admin")
        assert {each["email"] for each in listed["members"]} == {"first@example.com", "second@example.com"}
        assert (await server.call("acme-admin", "DELETE", f"/acme/members/{first}"))[0] == 204
        assert (await server.call("acme-admin", "DELETE", f"/acme/members/{first}"))[0] == 404
        assert (await server.call("acme-admin", "PATCH", f"/acme/members/{first}", {"role": "staff"}))[0] == 404


async def test_two_admins_who_remove_each_other_at_one_moment_leave_one(database: Database) -> None:
    async with served_tenants(database) as server:
        ids = [await server.account(f"{name}@example.com", "acme", "admin") for name in ("first", "second")]
        outcomes = await asyncio.gather(*(server.call("operator", "DELETE", f"/acme/members/{each}") for each in ids))
        assert sorted(status for status, _ in outcomes) == [204, 409]
        assert len(await server.fetch("SELECT * FROM memberships WHERE role = 'admin'")) == 1


async def test_who_is_removed_has_no_log_in_left_there(database: Database) -> None:
    async with served_tenants(database) as server:
        account_id = await server.account("gone@example.com", "acme", "staff")
        for number, slug in enumerate(("acme", "other")):
            await server.fetch(
                "INSERT INTO refresh_tokens (digest, family, account_id, tenant_id, expires_at)"
                " VALUES ($1, gen_random_uuid(), $2, $3, now() + interval '1 day')",
                bytes([number] * 32),
                account_id,
                server.ids[slug],
            )
        assert (await server.call("acme-admin", "DELETE", f"/acme/members/{account_id}"))[0] == 204
        revoked = await server.fetch("SELECT tenant_id FROM refresh_tokens WHERE revoked_at IS NOT NULL")
        assert [row["tenant_id"] for row in revoked] == [server.ids["acme"]]
        assert [row["subject"] for row in await server.fetch("SELECT subject FROM ended_access")] == [account_id]


async def test_an_address_that_nobody_has_verified_cannot_be_added(database: Database) -> None:
    async with served_tenants(database) as server:
        await server.account("unverified@example.com")
        await server.fetch("UPDATE accounts SET verified_at = NULL")
        answers = [
            await server.call("acme-admin", "POST", "/acme/members", {"email": email, "role": "staff"})
            for email in ("unverified@example.com", "unknown@example.com")
        ]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
        status, _ = await server.call("acme-admin", "POST", "/acme/members", {"email": "no address", "role": "staff"})
        assert status == 400
        body = {"email": "a@example.com", "role": "operator"}
        assert (await server.call("acme-admin", "POST", "/acme/members", body))[0] == 400


async def test_addresses_cannot_be_tried_without_end(database: Database) -> None:
    async with served_tenants(database) as server:
        body = {"email": "unknown@example.com", "role": "staff"}
        statuses = [(await server.call("acme-admin", "POST", "/acme/members", body))[0] for _ in range(61)]
        assert statuses == [404] * 60 + [429]


async def test_everything_that_is_changed_is_in_the_audit_log_without_its_content(database: Database) -> None:
    async with served_tenants(database) as server:
        account_id = await server.account("canary@example.com")
        await put(server, "operator", {"assistant": {"name": "canary"}}, 0)
        await server.call("acme-admin", "PUT", "/acme/secrets/key", {"value": "canary-canary-canary"})
        await server.call("acme-admin", "POST", "/acme/keys", {"name": "canary", "scopes": ["speech"]})
        await server.call("acme-admin", "POST", "/acme/members", {"email": "canary@example.com", "role": "staff"})
        await server.call("acme-admin", "DELETE", f"/acme/members/{account_id}")
        rows = await server.fetch("SELECT tenant_id, actor, action, subject_kind FROM audit_log ORDER BY id")
        assert [(row["actor"], row["action"], row["subject_kind"]) for row in rows] == [
            ("operator", "configure", "tenant"),
            ("acme-admin", "replace", "tenant_secret"),
            ("acme-admin", "create", "api_key"),
            ("acme-admin", "make_staff", "member"),
            ("acme-admin", "remove", "member"),
        ]
        assert {row["tenant_id"] for row in rows} == {server.ids["acme"]}
        assert "canary" not in str(await server.fetch("SELECT * FROM audit_log"))


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=-1", "limit=9999999999", "after=%ff", "after=%00"]
)
async def test_pages_that_cannot_be_are_refused(database: Database, query: str) -> None:
    async with served_tenants(database) as server:
        assert (await server.call("operator", "GET", f"?{query}"))[0] == 400
        assert (await server.call("operator", "GET", f"/acme/members?{query}"))[0] == 400
