"""What holds for the whole server: who is let in where, what errors look like, headers, health, and how many."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSServerHandshakeError, web

from pipeline.errors import ProviderError, ProviderTimeout, ProviderUnavailable, UnsupportedLanguage
from pipeline.providers.scripted import ScriptedLanguageModel
from tests.voice_server.described import assert_described
from tests.voice_server.full_server import KEY, FullServer, full_server, recording
from voice_server.openai_api.unsupported import UNSUPPORTED

PUBLIC = {
    ("GET", "/"),
    ("GET", "/assets"),
    ("GET", "/docs"),
    ("GET", "/docs/{file}"),
    ("GET", "/openapi.json"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/api/v1/about"),
    ("GET", "/api/v1/objects/{token}"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/api/v1/gdpr/receipts/verify"),
    ("GET", "/api/v1/gdpr/receipts/{token}"),
    *(
        ("POST", f"/api/v1/auth/{name}")
        for name in ("register", "verify", "login", "refresh", "logout", "forgot", "reset")
    ),
}


@pytest.fixture
async def server() -> AsyncIterator[FullServer]:
    async with full_server() as running:
        yield running


@pytest.fixture
async def locked() -> AsyncIterator[FullServer]:
    async with full_server(api_keys=(KEY,)) as running:
        yield running


def routes_of(app: web.Application) -> set[tuple[str, str]]:
    """Every method and path that is served."""
    found = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    return {(method, path) for method, path in found if method != "HEAD"}


async def test_everything_but_a_known_few_wants_a_key(locked: FullServer) -> None:
    unsupported = {("POST", path) for path in UNSUPPORTED}
    for method, path in routes_of(locked.app) - unsupported:
        url = re.sub(r"{\w+}", "x", path.replace("{file}", "docs.js"))
        async with locked.http.request(method, url) as answer:
            if (method, path) in PUBLIC:
                assert answer.status < 500, path
                assert answer.content_type != "application/json" or "invalid_api_key" not in await answer.text()
            else:
                assert answer.status == 401, path
                body = await answer.json()
                assert body["error"]["code"] == "invalid_api_key"
                assert body["error"]["type"] == "invalid_request_error"
                assert body["error"]["param"] is None


@pytest.mark.parametrize("key", [b"\xff\xfe", b"sk-full-serve", b"sk-full-server\xc3\xa4"])
async def test_a_key_of_strange_bytes_is_a_wrong_key(locked: FullServer, key: bytes) -> None:
    host, port = locked.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + b"\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_the_key_opens_what_it_should(locked: FullServer) -> None:
    async with locked.http.get("/v1/models", headers={"Authorization": f"Bearer {KEY}"}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "param"),
    [
        ("GET", "/nowhere", None, 404, "not_found", None),
        ("GET", "/v1/nowhere", None, 404, "not_found", None),
        ("DELETE", "/v1/models", None, 405, "method_not_allowed", None),
        ("GET", "/v1/models/unknown", None, 404, "model_not_found", "model"),
        ("GET", "/v1/realtime", None, 426, "upgrade_required", None),
        ("POST", "/v1/realtime/calls", None, 501, "not_supported", None),
        ("POST", "/v1/realtime/calls/rtc_1/accept", None, 501, "not_supported", None),
        ("POST", "/v1/responses", None, 501, "not_supported", None),
        ("POST", "/v1/audio/speech", b"", 400, "invalid_json", None),
        ("POST", "/v1/audio/speech", b"{", 400, "invalid_json", None),
        ("POST", "/v1/audio/speech", b"[" * 100_000, 400, "invalid_json", None),
        ("POST", "/v1/audio/speech", b"[]", 400, "invalid_type", None),
        ("POST", "/v1/audio/speech", b"{}", 400, "missing_required_parameter", "input"),
        ("POST", "/v1/audio/speech", b'{"input": 5}', 400, "invalid_type", "input"),
        ("POST", "/v1/audio/speech", b'{"input": ""}', 400, "invalid_value", "input"),
        ("POST", "/v1/audio/speech", b'{"input": "a", "speed": 9}', 400, "invalid_value", "speed"),
        (
            "POST",
            "/v1/audio/speech",
            b'{"input": "a", "response_format": "ogg"}',
            400,
            "invalid_value",
            "response_format",
        ),
        ("POST", "/v1/chat/completions", b'{"messages": []}', 400, "invalid_value", "messages"),
        ("POST", "/v1/chat/completions", b'{"messages": [{"role": "x"}]}', 400, "invalid_value", "messages.0.role"),
        ("POST", "/v1/chat/completions", b'{"messages": [{"role": "user"}], "n": 2}', 400, "invalid_value", "n"),
        ("POST", "/v1/audio/transcriptions", b"{}", 415, "unsupported_media_type", None),
        ("POST", "/api/v1/voice/chat", b"{}", 415, "unsupported_media_type", None),
        ("GET", "/api/v1/objects/unknown", None, 404, "invalid_link", None),
    ],
)
async def test_errors_have_one_shape(
    server: FullServer, method: str, path: str, body: bytes | None, status: int, code: str, param: str | None
) -> None:
    async with server.http.request(method, path, data=body) as answer:
        error = (await answer.json())["error"]
        assert (answer.status, error["code"], error["param"]) == (status, code, param)
        assert set(error) == {"message", "type", "code", "param"}
        assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
        assert error["message"].endswith((".", ":"))


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (ProviderTimeout("It took too long."), 504),
        (ProviderUnavailable("It is down."), 502),
        (UnsupportedLanguage("It knows English only."), 400),
    ],
)
async def test_a_providers_failure_is_told_as_what_it_is(failure: ProviderError, status: int) -> None:
    async with full_server(language_model=ScriptedLanguageModel(failure)) as server:
        question = {"messages": [{"role": "user", "content": "hi"}]}
        for stream in (False, True):
            async with server.http.post("/v1/chat/completions", json={**question, "stream": stream}) as answer:
                assert answer.status == status
                assert (await answer.json())["error"]["message"] == str(failure)


async def test_what_was_not_foreseen_is_500_without_a_trace_of_the_code() -> None:
    class Broken:
        name = "broken"

        def complete(self, messages: object, options: object) -> object:
            raise ZeroDivisionError("secret detail")

    async with full_server(language_model=Broken()) as server:  # type: ignore[arg-type]
        question = {"messages": [{"role": "user", "content": "hi"}]}
        headers = {"X-Request-Id": "my-own-id"}
        async with server.http.post("/v1/chat/completions", json=question, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 500
            assert "secret detail" not in text
            assert "Traceback" not in text
            assert "my-own-id" in json.loads(text)["error"]["message"]


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("with space", False), ("x" * 65, False)])
async def test_a_request_keeps_its_id_if_it_is_harmless(server: FullServer, given: str, kept: bool) -> None:
    async with server.http.get("/health", headers={"X-Request-Id": given}) as answer:
        assert (answer.headers["X-Request-Id"] == given) == kept
        assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/", "/docs", "/health", "/v1/models", "/nowhere"])
async def test_every_answer_has_the_security_headers(server: FullServer, path: str) -> None:
    async with server.http.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_docs_page_needs_nothing_from_elsewhere(server: FullServer) -> None:
    for path, content_type in (
        ("/docs", "text/html"),
        ("/docs/docs.js", "javascript"),
        ("/docs/docs.css", "text/css"),
    ):
        async with server.http.get(path) as answer:
            assert answer.status == 200
            assert answer.content_type.endswith(content_type)
            text = await answer.text()
            assert "//" not in text.replace("// ", "")
            assert "<script>" not in text
            assert "style=" not in text


async def test_a_page_of_another_origin_is_refused_everywhere(server: FullServer) -> None:
    headers = {"Origin": "https://evil.example"}
    async with server.http.get("/v1/models", headers=headers) as answer:
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    with pytest.raises(WSServerHandshakeError) as refusal:
        await server.http.ws_connect("/v1/realtime", headers=headers)
    assert refusal.value.status == 403
    async with server.http.get("/v1/models", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403


async def test_a_listed_origin_may_ask_and_read() -> None:
    async with full_server(allowed_origins=("https://app.example.com",)) as server:
        headers = {"Origin": "https://app.example.com"}
        asked = {**headers, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        async with server.http.options("/v1/audio/speech", headers=asked) as answer:
            assert answer.status == 204
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
            assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
        async with server.http.get("/v1/models", headers=headers) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"


async def test_about_and_health_are_as_described(server: FullServer) -> None:
    for path in ("/health", "/ready", "/api/v1/about"):
        async with server.http.get(path) as answer:
            assert answer.status == 200
            assert_described("get", path, 200, await answer.json())


async def test_about_tells_what_is_embedded_and_whether_a_key_is_needed(locked: FullServer) -> None:
    async with locked.http.get("/api/v1/about") as answer:
        about = await answer.json()
    assert about["authentication"] == "key"
    assert about["embedded"] is True
    assert any("OPENAI_API_KEY" in notice for notice in about["notices"])
    assert [each["name"] for each in about["assistants"]] == ["tester", "other"]
    assert about["assistants"][0]["examples"] == ["What is a test?"]


async def test_one_conversation_more_than_there_is_room_for_is_sent_away_before_it_begins() -> None:
    async with full_server(max_sessions=1) as server:
        async with server.http.ws_connect("/v1/realtime") as socket:
            assert (await socket.receive_json())["type"] == "session.created"
            with pytest.raises(WSServerHandshakeError) as refusal:
                await server.http.ws_connect("/v1/realtime")
            assert refusal.value.status == 503
            assert refusal.value.headers is not None
            assert int(refusal.value.headers["Retry-After"]) > 0
            async with server.http.get("/ready") as answer:
                assert answer.status == 503
                assert_described("get", "/ready", 503, await answer.json())
            assert (await server.chat(recording()))[0] == 503
            async with server.http.get("/health") as answer:
                assert answer.status == 200
        async with asyncio.timeout(5):
            while (await server.http.get("/ready")).status != 200:
                pass
        async with server.http.ws_connect("/v1/realtime") as socket:
            assert (await socket.receive_json())["type"] == "session.created"
