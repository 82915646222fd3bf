"""The ladder of roles and the scopes of keys, as tables."""

import pytest

from voice_server.access.roles import Scope, has_role, require, require_scope
from voice_server.auth import LOCAL, Principal, Role
from voice_server.http.errors import ApiError

LADDER: tuple[Role, ...] = ("customer", "staff", "admin", "operator")


@pytest.mark.parametrize("needed", LADDER)
@pytest.mark.parametrize("given", LADDER)
def test_whoever_is_more_may_do_what_less_may(given: Role, needed: Role) -> None:
    principal = Principal("somebody", roles=frozenset({given}))
    if LADDER.index(given) >= LADDER.index(needed):
        assert has_role(principal, needed)
        require(principal, needed)
    else:
        with pytest.raises(ApiError) as refusal:
            require(principal, needed)
        assert (refusal.value.status, refusal.value.code) == (403, "insufficient_role")


@pytest.mark.parametrize("needed", LADDER)
def test_who_has_no_role_may_do_nothing_that_needs_one(needed: Role) -> None:
    with pytest.raises(ApiError):
        require(Principal("visitor"), needed)


@pytest.mark.parametrize(
    ("scopes", "needed", "passes"),
    [
        ((), "admin", True),
        (("sessions",), "sessions", True),
        (("sessions",), "speech", False),
        (("sessions", "history"), "history", True),
        (("speech",), "admin", False),
        (("admin",), "history", True),
    ],
)
def test_scopes_narrow_what_a_key_does(scopes: tuple[str, ...], needed: Scope, passes: bool) -> None:
    principal = Principal("key", scopes=frozenset(scopes))
    if passes:
        require_scope(principal, needed)
    else:
        with pytest.raises(ApiError) as refusal:
            require_scope(principal, needed)
        assert (refusal.value.status, refusal.value.code) == (403, "insufficient_scope")


def test_everybody_on_loopback_is_the_operator() -> None:
    require(LOCAL, "operator")
    require_scope(LOCAL, "admin")
