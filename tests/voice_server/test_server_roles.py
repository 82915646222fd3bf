"""What a server answers that has some roles only."""

import asyncio
from dataclasses import replace

import pytest

from tests.voice_server.full_server import FullServer, full_server
from tests.voice_server.test_stages import OFFLINE, REAL, unused_address
from voice_server.assistants.catalog import Catalog
from voice_server.server_roles import SERVER_ROLES, ServerRole, role_of, stages_of
from voice_server.stages import open_stages


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


@pytest.mark.parametrize(
    ("roles", "speech_to_text", "text_to_speech", "language_model"),
    [
        (("voice",), "openai, elevenlabs", "elevenlabs, openai", "openai, scripted"),
        (("api",), "openai, elevenlabs", "elevenlabs, openai", "openai, scripted"),
        (("analytics",), "nobody", "nobody", "openai, scripted"),
        (("auth", "users"), "nobody", "nobody", "nobody"),
        (("auth", "voice"), "openai, elevenlabs", "elevenlabs, openai", "openai, scripted"),
    ],
)
async def test_only_those_providers_are_opened_that_a_role_asks(
    roles: tuple[ServerRole, ...], speech_to_text: str, text_to_speech: str, language_model: str
) -> None:
    async with open_stages(replace(REAL, roles=roles), Catalog(OFFLINE)) as stages:
        assert stages.speech_to_text.name == speech_to_text
        assert stages.text_to_speech.name == text_to_speech
        assert stages.own_voice.name == text_to_speech.partition(",")[0]
        assert stages.language_models["tester"].name == language_model
        assert {each.stage for each in stages.health()} == stages_of(roles)
        assert (stages.reader is None) == (stages.house is None) == (language_model == "nobody")


@pytest.mark.parametrize("role", SERVER_ROLES)
async def test_tenants_providers_are_looked_after_where_some_are_asked(role: ServerRole) -> None:
    nowhere = unused_address()
    settings = replace(REAL, roles=(role,), openai_base_url=nowhere, elevenlabs_base_url=nowhere)
    assistants = Catalog(OFFLINE, (replace(OFFLINE, name="other"),))
    async with open_stages(settings, assistants) as stages, full_server(roles=(role,), stages=stages) as server:
        async with server.http.get("/ready") as answer:
            assert answer.status == 200
        looks = "tenants' providers" in {task.get_name() for task in asyncio.all_tasks()}
        assert looks == (role in {"api", "voice", "analytics"})
