"""Who is let in, as one table; and which kinds of keys are asked."""

from uuid import UUID

import pytest
from aiohttp.test_utils import make_mocked_request

from voice_server.auth import LOCAL, Authenticator, CustomerIdentity, Principal
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import StorageUnavailable

KEYS = ("first-key", "second-key")


def request_with(**headers: str):  # type: ignore[no-untyped-def]
    return make_mocked_request("GET", "/", {name.replace("_", "-"): value for name, value in headers.items()})


ADMITTED = [
    {"Authorization": "Bearer first-key"},
    {"Authorization": "bearer second-key"},
    {"Authorization": "Bearer  first-key "},
    {"Sec_WebSocket_Protocol": "realtime, openai-insecure-api-key.first-key"},
    {"Sec_WebSocket_Protocol": "openai-insecure-api-key.second-key,openai-agents-sdk.0.20.0,realtime"},
]
REFUSED = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": "first-key"},
    {"Authorization": "Basic first-key"},
    {"Authorization": "Bearer first-ke"},
    {"Authorization": "Bearer first-keyy"},
    {"Authorization": "Bearer FIRST-KEY"},
    {"Authorization": "Bearer first-key,second-key"},
    {"Authorization": "Bearer schlüssel"},
    {"Authorization": "Bearer ek_unknown"},
    {"Sec_WebSocket_Protocol": "realtime"},
    {"Sec_WebSocket_Protocol": "realtime, openai-insecure-api-key."},
    {"Sec_WebSocket_Protocol": "realtime, openai-insecure-api-key.wrong"},
]


class Known:
    """One kind of credentials, which knows these keys."""

    def __init__(self, **keys: Principal) -> None:
        self.keys = keys
        self.asked: list[str] = []

    async def principal(self, key: str) -> Principal | None:
        self.asked.append(key)
        return self.keys.get(key)


class Away:
    """Credentials whose database is away."""

    async def principal(self, _key: str) -> Principal | None:
        raise StorageUnavailable("PostgreSQL is away.")


PROGRAM = Principal("program", scopes=frozenset({"speech"}))
VISITOR = Principal("visitor", {"instructions": "Be brief."}, scopes=frozenset({"sessions"}))


@pytest.mark.parametrize("headers", ADMITTED)
async def test_a_key_admits_to_everything(headers: dict[str, str]) -> None:
    authenticator = Authenticator(KEYS)
    request = request_with(**headers)
    assert await authenticator.authorize(request) == await authenticator.authorize_session(request)


@pytest.mark.parametrize("headers", REFUSED)
async def test_without_a_right_key_nobody_is_let_in(headers: dict[str, str]) -> None:
    authenticator = Authenticator(KEYS, credentials=[Known()], client_secrets=Known())
    for authorize in (authenticator.authorize, authenticator.authorize_session):
        with pytest.raises(ApiError) as refusal:
            await authorize(request_with(**headers))
        assert (refusal.value.status, refusal.value.code) == (401, "invalid_api_key")
        assert "wrong" not in refusal.value.message or "first" not in refusal.value.message


@pytest.mark.parametrize("headers", [*ADMITTED, *REFUSED])
async def test_where_no_keys_are_set_everybody_is_let_in(headers: dict[str, str]) -> None:
    assert await Authenticator(()).authorize(request_with(**headers)) == LOCAL


@pytest.mark.parametrize("key", ["vs_revoked", "eyJhbGciOiJFZERTQSJ9.e30.c2ln"])
async def test_where_no_keys_are_set_one_that_holds_no_longer_is_still_refused(key: str) -> None:
    authenticator = Authenticator((), credentials=[Known()])
    with pytest.raises(ApiError) as refusal:
        await authenticator.authorize(request_with(Authorization=f"Bearer {key}"))
    assert refusal.value.status == 401


async def test_two_keys_are_two_principals_whose_names_tell_nothing_of_them() -> None:
    names = {(await Authenticator(KEYS).authorize(request_with(Authorization=f"Bearer {key}"))).name for key in KEYS}
    assert len(names) == 2
    assert not any(key in name for key in KEYS for name in names)


@pytest.mark.parametrize("keys", [KEYS, ()])
async def test_the_kinds_of_keys_are_asked_in_their_order_until_one_knows_the_key(keys: tuple[str, ...]) -> None:
    first, second = Known(vs_one=PROGRAM), Known(vs_one=LOCAL, vs_two=PROGRAM)
    authenticator = Authenticator(keys, credentials=[first, second])
    assert await authenticator.authorize(request_with(Authorization="Bearer vs_one")) == PROGRAM
    assert await authenticator.authorize(request_with(Authorization="Bearer vs_two")) == PROGRAM
    assert (first.asked, second.asked) == (["vs_one", "vs_two"], ["vs_two"])


@pytest.mark.parametrize("keys", [KEYS, ()])
async def test_a_client_secret_opens_sessions_with_its_config_and_nothing_else(keys: tuple[str, ...]) -> None:
    authenticator = Authenticator(keys, client_secrets=Known(ek_known=VISITOR))
    by_header = request_with(Authorization="Bearer ek_known")
    by_protocol = request_with(Sec_WebSocket_Protocol="realtime, openai-insecure-api-key.ek_known")
    for request in (by_header, by_protocol):
        assert await authenticator.authorize_session(request) == VISITOR
        if keys:
            with pytest.raises(ApiError):
                await authenticator.authorize(request)
        else:
            assert await authenticator.authorize(request) == LOCAL


async def test_a_key_that_was_made_for_something_else_opens_no_session() -> None:
    authenticator = Authenticator(KEYS, credentials=[Known(vs_speech=PROGRAM)])
    with pytest.raises(ApiError) as refusal:
        await authenticator.authorize_session(request_with(Authorization="Bearer vs_speech"))
    assert (refusal.value.status, refusal.value.code) == (403, "insufficient_scope")


async def test_keys_of_the_settings_and_loopback_do_without_the_database() -> None:
    known = request_with(Authorization="Bearer first-key")
    assert (await Authenticator(KEYS, credentials=[Away()], client_secrets=Away()).authorize_session(known)).name
    assert (
        await Authenticator((), credentials=[Away()], client_secrets=Away()).authorize_session(request_with()) == LOCAL
    )
    with pytest.raises(StorageUnavailable):
        await Authenticator(KEYS, credentials=[Away()]).authorize(request_with(Authorization="Bearer vs_any"))


def test_a_principal_can_be_kept() -> None:
    somebody = Principal(
        "account-7",
        tenant_id=UUID(int=5),
        roles=frozenset({"staff", "admin"}),
        account_id=UUID(int=7),
        scopes=frozenset({"sessions"}),
        customer=(CustomerIdentity("phone", "+39061234"),),
    )
    assert Principal.from_json(somebody.json()) == somebody
    assert Principal.from_json(LOCAL.json(), {"a": 1}) == Principal("local", {"a": 1}, roles=frozenset({"operator"}))
