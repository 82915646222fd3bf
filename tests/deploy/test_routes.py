"""The load balancer sends each path to the role that answers it."""

import fnmatch
from pathlib import Path

import hcl2

from tests.voice_server.full_server import full_server
from voice_server.server_roles import SERVER_ROLES, role_of

ROUTES = Path(__file__).parents[2] / "deploy" / "terraform" / "modules" / "application" / "routes.tf"
NOT_FROM_OUTSIDE = {"/metrics", "/ready"}
SERVED_BY_THE_CDN = {"/", "/assets"}


def rules() -> tuple[dict[str, list[str]], list[str]]:
    """The patterns of each role, and the order in which roles are tried."""
    with ROUTES.open() as file:
        tables = hcl2.load(file)["locals"][0]
    patterns = {role: [pattern.strip('"') for pattern in found] for role, found in tables["role_paths"].items()}
    return patterns, [role.strip('"') for role in tables["role_order"]]


def target_of(path: str) -> str | None:
    """Where the load balancer sends it."""
    patterns, order = rules()
    for role in order:
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns[role]):
            return role
    return None


async def test_every_route_of_the_server_is_reached_at_the_role_that_has_it() -> None:
    async with full_server() as server:
        paths = {resource.canonical for resource in server.app.router.resources()}
    for path in paths - NOT_FROM_OUTSIDE - SERVED_BY_THE_CDN:
        assert target_of(path) == (role_of(path) or "api"), path


def test_what_is_for_the_inside_is_not_reached() -> None:
    assert [target_of(path) for path in sorted(NOT_FROM_OUTSIDE | SERVED_BY_THE_CDN)] == [None] * 4


def test_every_role_has_a_rule() -> None:
    patterns, order = rules()
    assert set(patterns) == set(order) == set(SERVER_ROLES)
