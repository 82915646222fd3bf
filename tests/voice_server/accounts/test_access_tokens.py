"""Access tokens say who somebody is, and nothing but what the server has signed is believed."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.voice_server.accounts.account_server import AccountServer, Browser, account_server
from voice_server.accounts.ended_access import EndedAccess, end_access
from voice_server.accounts.signing_keys import SigningKeys
from voice_server.accounts.tokens import AccessTokens, LogIn
from voice_server.auth import DEFAULT_TENANT
from voice_server.storage.postgres.database import Database


def somebody(**fields: Any) -> LogIn:
    log_in = LogIn(uuid4(), DEFAULT_TENANT, frozenset({"customer"}), uuid4(), time.time())
    return replace(log_in, **fields)


async def test_a_token_says_who_somebody_is_without_the_database(
    server: AccountServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in = somebody(roles=frozenset({"customer", "operator"}))
    token = await server.accounts.tokens.issue(log_in)
    await server.accounts.ended.read()
    monkeypatch.delattr(Database, "everyone")
    principal = await server.accounts.tokens.principal(token)
    assert principal == log_in.principal
    assert principal is not None
    assert (principal.account_id, principal.tenant_id) == (log_in.account_id, DEFAULT_TENANT)
    assert [(each.kind, each.value) for each in principal.customer] == [("account", str(log_in.account_id))]


async def test_every_task_believes_what_another_has_signed(database: Database, server: AccountServer) -> None:
    log_in = somebody()
    async with account_server(database) as other:
        assert await other.accounts.tokens.principal(await server.accounts.tokens.issue(log_in)) == log_in.principal


async def test_a_token_ends_after_a_quarter_of_an_hour(server: AccountServer) -> None:
    tokens = server.accounts.tokens
    assert await tokens.principal(await tokens.issue(somebody(issued_at=time.time() - 880))) is not None
    assert await tokens.principal(await tokens.issue(somebody(issued_at=time.time() - 912))) is None
    assert await tokens.principal(await tokens.issue(somebody(issued_at=time.time() + 60))) is None


async def test_a_token_of_another_server_is_not_believed(server: AccountServer) -> None:
    other = AccessTokens(server.accounts.keys, server.accounts.ended, "http://another.example")
    assert await server.accounts.tokens.principal(await other.issue(somebody())) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda claims: {**claims, "roles": ["operator"]},
        lambda claims: {**claims, "tenant": str(uuid4())},
        lambda claims: {**claims, "exp": claims["exp"] + 900},
    ],
)
async def test_a_token_that_was_changed_is_not_believed(
    server: AccountServer, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    header, claims, signature = (await server.accounts.tokens.issue(somebody())).split(".")
    changed = json.dumps(change(json.loads(urlsafe_b64decode(claims + "==")))).encode()
    forged = ".".join((header, urlsafe_b64encode(changed).decode().rstrip("="), signature))
    assert await server.accounts.tokens.principal(forged) is None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA"])
async def test_a_token_that_somebody_else_signed_is_not_believed(server: AccountServer, algorithm: str) -> None:
    key_id, private = await server.accounts.keys.signing()
    token = await server.accounts.tokens.issue(somebody())
    claims = jwt.decode(token, options={"verify_signature": False})
    keys: dict[str, Any] = {
        "none": "",
        "HS256": private.public_key().public_bytes_raw(),
        "EdDSA": Ed25519PrivateKey.generate(),
    }
    forged = jwt.encode(claims, keys[algorithm], algorithm=algorithm, headers={"kid": key_id, "typ": "at+jwt"})
    assert await server.accounts.tokens.principal(forged) is None


@pytest.mark.parametrize("missing", ["exp", "aud", "iss", "sub", "sid", "tenant", "roles", "iat"])
async def test_what_the_server_signed_for_another_purpose_is_no_access_token(
    server: AccountServer, missing: str
) -> None:
    key_id, private = await server.accounts.keys.signing()
    claims = jwt.decode(await server.accounts.tokens.issue(somebody()), options={"verify_signature": False})
    part = {name: value for name, value in claims.items() if name != missing}
    for typ, signed in (("at+jwt", part), ("receipt+jwt", claims)):
        token = jwt.encode(signed, private, algorithm="EdDSA", headers={"kid": key_id, "typ": typ})
        assert await server.accounts.tokens.principal(token) is None


@given(st.text(max_size=100) | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*", fullmatch=True))
def test_no_text_makes_it_fail(text: str) -> None:
    class NoKeys(SigningKeys):
        def __init__(self) -> None: ...

        async def find(self, key_id: str) -> None: ...

    tokens = AccessTokens(NoKeys(), EndedAccess.__new__(EndedAccess), "http://voice.example")
    asking = tokens.principal(text)
    with pytest.raises(StopIteration) as ended:
        asking.send(None)
    assert ended.value.value is None


async def test_an_unknown_key_id_asks_the_database_once(server: AccountServer, monkeypatch: pytest.MonkeyPatch) -> None:
    await server.accounts.keys.load()
    asked = 0
    load = SigningKeys._load

    async def counted(keys: SigningKeys) -> None:
        nonlocal asked
        asked += 1
        await load(keys)

    monkeypatch.setattr(SigningKeys, "_load", counted)
    server.accounts.keys._loaded_at = -1000.0
    for _ in range(20):
        token = jwt.encode(
            {"sub": "x"}, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": uuid4().hex, "typ": "at+jwt"}
        )
        assert await server.accounts.tokens.principal(token) is None
    assert asked == 1


async def test_an_account_whose_roles_changed_needs_a_new_token(server: AccountServer) -> None:
    tokens, log_in = server.accounts.tokens, somebody(issued_at=time.time() - 5)
    async with server.database.everyone() as connection:
        await end_access(connection, [log_in.account_id, log_in.account_id])
    await server.accounts.ended.read()
    assert await tokens.principal(await tokens.issue(log_in)) is None
    later = replace(log_in, issued_at=time.time() + 3)
    assert await tokens.principal(await tokens.issue(later)) == later.principal


async def test_a_token_of_one_tenant_is_of_no_use_in_another(server: AccountServer, browser: Browser) -> None:
    await browser.register()
    await server.execute("INSERT INTO tenants (slug, name) VALUES ('bistro', 'Bistro')")
    await server.execute("UPDATE memberships SET role = 'admin'")
    here = await browser.log_in()
    there = await browser.log_in(tenant="bistro")
    assert (here["roles"], there["roles"]) == (["admin"], ["customer"])
    _, me = await browser.send("GET", "/api/v1/auth/me")
    assert (me["tenant_id"], me["roles"]) == (there["tenant_id"], ["customer"])
