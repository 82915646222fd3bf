"""What a server is for: `ROLES` names the parts of the API that it answers, by their paths.

A server alone has all roles. Where several kinds of tasks share the work, a load balancer sends each path to those that
have its role; all of them share one database, and none asks another.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, get_args

from pipeline.providers.health import Stage

if TYPE_CHECKING:
    from aiohttp import web

ServerRole = Literal["api", "auth", "users", "voice", "analytics"]
SERVER_ROLES: tuple[ServerRole, ...] = get_args(ServerRole)

_PATHS: dict[ServerRole, tuple[str, ...]] = {
    "auth": ("/api/v1/auth", "/.well-known/jwks.json"),
    "users": ("/api/v1/users",),
    "voice": ("/v1/realtime", "/realtime", "/api/v1/voice"),
    "analytics": ("/api/v1/analytics",),
}
"""Where each begins; what is none of these is `api`."""
_STAGES: dict[ServerRole, tuple[Stage, ...]] = {
    "api": get_args(Stage),
    "voice": get_args(Stage),
    "analytics": ("LLM",),
}
"""Whom each has to ask: `analytics` has conversations read that are over. Who is not here asks nobody."""
_EVERYBODYS = ("/health", "/ready", "/metrics")


def role_of(path: str) -> ServerRole | None:
    """Whose it is to answer this path; None: everybody's."""
    if path in _EVERYBODYS:
        return None
    for role, beginnings in _PATHS.items():
        if any(path == beginning or path.startswith(f"{beginning}/") for beginning in beginnings):
            return role
    return "api"


def stages_of(roles: Iterable[ServerRole]) -> frozenset[Stage]:
    """Those whose providers a server with these roles asks."""
    return frozenset(stage for role in roles for stage in _STAGES.get(role, ()))


def answered(routes: "Iterable[web.AbstractRouteDef]", roles: Iterable[ServerRole]) -> "Iterator[web.AbstractRouteDef]":
    """Those of the routes that a server with these roles has."""
    wanted = {None, *roles}
    for route in routes:
        # What a folder of files calls its path is the folder's.
        path: str = getattr(route, "prefix", "") or getattr(route, "path", "")
        if role_of(path) in wanted:
            yield route
