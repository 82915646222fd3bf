"""Keys are made once however many tasks begin, replaced in time, and sealed."""

import asyncio

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.voice_server.accounts.account_server import AccountServer, Browser
from voice_server.accounts.signing_keys import SigningKey, SigningKeys, needs_another, outlived, signing_one
from voice_server.storage.postgres.database import Database
from voice_server.storage.sealed import Sealed

DAY = 86_400.0
SECRET = b"a secret that only tests have"


def key(name: str, days: float, *, opens: bool = True, retired: bool = False) -> SigningKey:
    private = Ed25519PrivateKey.generate()
    return SigningKey(name, days * DAY, private.public_key(), private if opens and not retired else None, retired)


def names(keys: list[SigningKey]) -> tuple[str | None, bool, list[str]]:
    signing = signing_one(keys)
    return signing.id if signing else None, needs_another(keys), outlived(keys)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], (None, True, [])),
        ([key("first", 0)], ("first", False, [])),
        ([key("first", 29.9)], ("first", False, [])),
        ([key("first", 30)], ("first", True, [])),
        ([key("first", 30.5), key("next", 0.5)], ("first", False, [])),
        ([key("first", 31), key("next", 1)], ("next", False, [])),
        ([key("first", 31.1), key("next", 1.1)], ("next", False, ["first"])),
        ([key("first", 99, retired=True), key("next", 5)], ("next", False, [])),
        ([key("theirs", 3, opens=False)], (None, True, [])),
        ([key("theirs", 3, opens=False), key("mine", 0)], ("mine", False, [])),
    ],
)
def test_the_life_of_a_key(keys: list[SigningKey], expected: tuple[str | None, bool, list[str]]) -> None:
    assert names(keys) == expected


async def test_tasks_that_begin_at_once_make_one_key(database: Database) -> None:
    tasks = [SigningKeys(database, Sealed([SECRET])) for _ in range(8)]
    await asyncio.gather(*(task.load() for task in tasks))
    assert len({(await task.signing())[0] for task in tasks}) == 1


async def test_a_key_is_replaced_published_and_retired_with_its_private_half_gone(database: Database) -> None:
    keys = SigningKeys(database, Sealed([SECRET]))
    first, _ = await keys.signing()

    async def days_pass(days: int) -> None:
        async with database.everyone() as connection:
            await connection.execute(
                "UPDATE signing_keys SET created_at = created_at - make_interval(days => $1)", days
            )
        await keys.load()

    await days_pass(30)
    published = [each["kid"] for each in keys.jwks()["keys"]]  # type: ignore[attr-defined]
    assert len(published) == 2
    assert (await keys.signing())[0] == first
    await days_pass(2)
    second, _ = await keys.signing()
    assert second == published[1]
    assert await keys.find(first) is None
    async with database.everyone() as connection:
        assert await connection.fetchval("SELECT private_key FROM signing_keys WHERE id = $1", first) == b""


async def test_the_private_half_is_sealed_and_a_changed_secret_makes_a_new_pair(database: Database) -> None:
    keys = SigningKeys(database, Sealed([SECRET]))
    first, private = await keys.signing()
    async with database.everyone() as connection:
        assert private.private_bytes_raw() not in await connection.fetchval("SELECT private_key FROM signing_keys")
    changed = SigningKeys(database, Sealed([b"a secret that came after"]))
    assert (await changed.signing())[0] != first
    assert await changed.find(first) is not None


async def test_whoever_reads_the_jwks_can_check_a_token(server: AccountServer, browser: Browser) -> None:
    await browser.register()
    answer = await browser.log_in()
    status, jwks = await browser.send("GET", "/.well-known/jwks.json")
    assert (status, browser.answer_headers["Cache-Control"]) == (200, "public, max-age=3600")
    [public] = jwt.PyJWKSet.from_dict(jwks).keys
    claims = jwt.decode(
        answer["access_token"], public, algorithms=["EdDSA"], audience="voice-server", issuer="http://voice.example"
    )
    assert (claims["sub"], claims["tenant"]) == (answer["account_id"], answer["tenant_id"])
    assert claims["exp"] - int(claims["iat"]) == 900
    assert set(jwks["keys"][0]) == {"kty", "crv", "alg", "use", "kid", "x"}
