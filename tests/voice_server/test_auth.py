"""Who is let in, as one table; and secrets that expire."""

import pytest
from aiohttp.test_utils import make_mocked_request

from voice_server import auth
from voice_server.auth import Authenticator
from voice_server.http.errors import ApiError

KEYS = ("first-key", "second-key")


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


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


@pytest.mark.parametrize("headers", ADMITTED)
def test_a_key_admits_to_everything(headers: dict[str, str]) -> None:
    authenticator = Authenticator(KEYS)
    request = request_with(**headers)
    assert authenticator.authorize(request) == authenticator.authorize_session(request)


@pytest.mark.parametrize("headers", REFUSED)
def test_without_a_right_key_nobody_is_let_in(headers: dict[str, str]) -> None:
    for authorize in (Authenticator(KEYS).authorize, Authenticator(KEYS).authorize_session):
        with pytest.raises(ApiError) as refusal:
            authorize(request_with(**headers))
        assert (refusal.value.status, refusal.value.code) == (401, "invalid_api_key")
        assert "wrong" not in refusal.value.message or "first" not in refusal.value.message


@pytest.mark.parametrize("headers", [*ADMITTED, *REFUSED])
def test_where_no_keys_are_set_everybody_is_let_in(headers: dict[str, str]) -> None:
    assert Authenticator(()).authorize(request_with(**headers)).name == "local"


def test_two_keys_are_two_principals_whose_names_tell_nothing_of_them() -> None:
    names = {Authenticator(KEYS).authorize(request_with(Authorization=f"Bearer {key}")).name for key in KEYS}
    assert len(names) == 2
    assert not any(key in name for key in KEYS for name in names)


@pytest.mark.parametrize("keys", [KEYS, ()])
def test_a_secret_opens_sessions_with_its_config_until_it_expires(keys: tuple[str, ...]) -> None:
    clock = Clock()
    authenticator = Authenticator(keys, now=clock)
    owner = authenticator.authorize(request_with(Authorization="Bearer first-key"))
    secret = authenticator.issue(owner, 60, {"instructions": "Be brief."})
    assert secret.value.startswith("ek_")
    assert secret.expires_at == 1060
    by_header = request_with(Authorization=f"Bearer {secret.value}")
    by_protocol = request_with(Sec_WebSocket_Protocol=f"realtime, openai-insecure-api-key.{secret.value}")
    for request in (by_header, by_protocol):
        principal = authenticator.authorize_session(request)
        assert principal.name == owner.name
        assert principal.session_config == {"instructions": "Be brief."}
    if keys:
        with pytest.raises(ApiError):
            authenticator.authorize(by_header)
    clock.now += 60
    if keys:
        with pytest.raises(ApiError):
            authenticator.authorize_session(by_header)
    else:
        assert authenticator.authorize_session(by_header).session_config is None


def test_secrets_are_bounded_and_expired_ones_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "MAX_SECRETS", 2)
    clock = Clock()
    authenticator = Authenticator(KEYS, now=clock)
    owner = auth.LOCAL
    authenticator.issue(owner, 10, {})
    authenticator.issue(owner, 100, {})
    with pytest.raises(ApiError) as refusal:
        authenticator.issue(owner, 10, {})
    assert refusal.value.status == 429
    clock.now += 10
    authenticator.issue(owner, 10, {})
