"""Keys on the whole server, which runs twice over one database."""

import pytest

from tests.voice_server.full_server import KEY, FullServer, full_server, recording
from voice_server.access.api_keys import ApiKeys
from voice_server.access.roles import Scope
from voice_server.auth import DEFAULT_TENANT, LOCAL


async def status_of(server: FullServer, key: str, method: str, path: str, body: object = None) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    async with server.http.request(method, path, headers=headers, json=body) as answer:
        return answer.status


async def test_a_client_secret_that_one_task_has_made_opens_a_session_on_another() -> None:
    body = {"session": {"type": "realtime", "instructions": "From the secret."}}
    async with full_server(api_keys=(KEY,)) as one, full_server(api_keys=(KEY,)) as other:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with one.http.post("/v1/realtime/client_secrets", json=body, headers=headers) as answer:
            secret = (await answer.json())["value"]
        headers = {"Authorization": f"Bearer {secret}"}
        async with other.http.ws_connect("/v1/realtime", headers=headers) as socket:
            created = await socket.receive_json(timeout=20)
        assert created["session"]["instructions"] == "From the secret."
        assert await status_of(other, secret, "GET", "/v1/models") == 401
        assert await status_of(other, secret, "POST", "/v1/realtime/client_secrets") == 401


@pytest.mark.parametrize("scope", ["sessions", "speech", "history", "admin"])
async def test_a_key_of_a_tenant_opens_what_it_was_made_for(scope: Scope) -> None:
    talks, speaks = scope in ("sessions", "admin"), scope in ("speech", "admin")
    async with full_server(api_keys=(KEY,)) as server:
        key, _ = await ApiKeys(server.storage.database).create(LOCAL, DEFAULT_TENANT, "program", [scope], "req_1")
        assert await status_of(server, key, "GET", "/v1/models") == 200
        assert await status_of(server, key, "GET", "/metrics") == 403
        for path, body in (
            ("/v1/audio/speech", {"model": "tts-1", "input": "Hello.", "voice": "marin"}),
            ("/v1/chat/completions", {"model": "tester", "messages": [{"role": "user", "content": "Hello."}]}),
        ):
            assert await status_of(server, key, "POST", path, body) == (200 if speaks else 403), path
        assert await status_of(server, key, "POST", "/v1/realtime/client_secrets") == (200 if talks else 403)
        assert await status_of(server, key, "GET", "/v1/realtime") == (426 if talks else 403)
        server.headers = {"Authorization": f"Bearer {key}"}
        status, _ = await server.chat(recording())
        assert status == (200 if talks else 403)
