"""What a server answers that has some roles only."""

import pytest

from tests.voice_server.full_server import FullServer, full_server
from voice_server.server_roles import SERVER_ROLES, ServerRole, role_of


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/v1/realtime", "voice"),
        ("/v1/realtime/client_secrets", "voice"),
        ("/v1/realtimes", "api"),
        ("/api/v1/voice/chat", "voice"),
        ("/api/v1/auth/login", "auth"),
        ("/api/v1/users/me/memories", "users"),
        ("/api/v1/conversations", "api"),
        ("/", "api"),
        ("/ready", None),
    ],
)
def test_each_path_is_one_roles(path: str, role: ServerRole | None) -> None:
    assert role_of(path) == role


def paths_of(server: FullServer) -> set[str]:
    return {resource.canonical for resource in server.app.router.resources()}


@pytest.mark.parametrize("role", SERVER_ROLES)
async def test_a_server_answers_what_its_role_says_and_whether_it_is_well(role: ServerRole) -> None:
    async with full_server(roles=(role,)) as server:
        paths = paths_of(server)
        assert {role_of(path) for path in paths} - {None} <= {role}
        assert {"/health", "/ready", "/metrics"} <= paths
        async with server.http.get("/ready") as answer:
            assert answer.status == 200
        other = "/api/v1/about" if role != "api" else "/v1/realtime"
        async with server.http.get(other) as answer:
            assert answer.status == 404


async def test_all_roles_together_answer_everything() -> None:
    async with full_server() as whole:
        everything = paths_of(whole)
    parts = set()
    for role in SERVER_ROLES:
        async with full_server(roles=(role,)) as server:
            parts |= paths_of(server)
    assert parts == everything
