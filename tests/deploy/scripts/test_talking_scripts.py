"""What talks to a server from outside, against a real one."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from deploy.scripts import load, smoke
from deploy.scripts.failures import Wrong
from deploy.scripts.load import endpoint, hold, measured, people, questions
from deploy.scripts.smoke import Site, look
from deploy.scripts.spoken_turn import SpeechFailed, speak
from tests.deploy.scripts.conftest import Account


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_a_spoken_turn_has_words_and_sound(voice_server: str) -> None:
    turn = speak(voice_server, None, seconds=60)
    assert turn.transcript
    assert turn.answer
    assert turn.answer_seconds > 0.5
    assert turn.wait_seconds > 0


async def test_a_server_that_says_nothing_fails_the_turn_in_time() -> None:
    async def silent(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = {"type": "realtime", "id": "sess_1", "model": "galion"}
        await socket.send_str(json.dumps({"type": "session.created", "event_id": "event_1", "session": session}))
        async for message in socket:
            assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY)
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", silent)
    async with _served(app) as url:
        with pytest.raises(SpeechFailed, match="the question's words, sound, the end of an answer"):
            await asyncio.to_thread(speak, url, None, seconds=0.5)


def test_smoke_passes_on_a_server_that_works(account: Account, voice_server: str) -> None:
    account.talk_to(voice_server)
    # A server on loopback without keys shows its measurements; behind the load balancer it does not.
    smoke.command(account.arguments, account.opened)
    results = {line.split()[1].rstrip(":"): line.split()[0] for line in account.said[:-1] if ":" in line}
    expected = dict.fromkeys(("health", "page", "page_asks", "page_talks", "chat", "spoken"), "ok")
    assert {name: results[name] for name in expected} == expected
    assert results["metrics"] == "FAILED"


async def test_smoke_tells_each_fault_of_a_broken_site() -> None:
    async def broken(request: web.Request) -> web.Response:
        return web.Response(status=503 if request.path == "/health" else 200, text="nothing")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", broken)
    said: list[str] = []
    async with _served(app) as url:
        failed = await look(Site(url, url, None), said.append)
    assert failed == 7, said
    told = "\n".join(said)
    assert "GET /health answers 503" in told
    assert "no page" in told
    assert "GET /metrics answers 200 to anybody" in told
    assert "/api/v1/about answers 200, text/plain" in told
    assert "/v1/realtime is refused with 200" in told


async def _page_of(about: web.Response, nothing: web.Response) -> str:
    """What smoke says of a page whose address answers so."""

    async def answer(request: web.Request) -> web.Response:
        return about if request.path == "/api/v1/about" else nothing

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with _served(app) as url, aiohttp.ClientSession() as http:
        return await smoke.page_asks(http, Site("http://127.0.0.1:9", url, None))


async def test_a_page_without_its_server_is_told() -> None:
    """What CloudFront answers that knows files alone, and one that takes a refusal for a missing file."""
    with pytest.raises(smoke.Bad, match="/api/v1/about answers 403, application/xml"):
        await _page_of(web.Response(status=403, content_type="application/xml"), web.Response(status=403))
    with pytest.raises(smoke.Bad, match="/api/v1/nothing answers 200, text/html"):
        await _page_of(web.json_response({}), web.Response(text="<html>", content_type="text/html"))


async def test_a_page_that_cannot_talk_is_told() -> None:
    """Behind the address are files, or a server that takes the page for a stranger's, or one that hangs up."""

    async def refuse(request: web.Request) -> web.StreamResponse:
        asks = (request.headers["Origin"], request.headers["Sec-WebSocket-Protocol"])
        as_the_page = (f"http://{request.host}", "realtime,openai-insecure-api-key.sk-1")
        return web.Response(status=403 if asks == as_the_page else 500)

    async def hang_up(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    for handler, key, reason in ((refuse, "sk-1", "refused with 403"), (hang_up, None, "closes before it says")):
        app = web.Application()
        app.router.add_get("/v1/realtime", handler)
        async with _served(app) as url, aiohttp.ClientSession() as http:
            with pytest.raises(smoke.Bad, match=reason):
                await smoke.page_talks(http, Site("http://127.0.0.1:9", url, key))


async def test_a_redirect_that_is_none_is_told() -> None:
    async def plain(_request: web.Request) -> web.Response:
        return web.Response(text="plain")

    app = web.Application()
    app.router.add_get("/health", plain)
    async with _served(app) as url, aiohttp.ClientSession() as http:
        with pytest.raises(smoke.Bad, match="not 301 to https"):
            await smoke.redirect(http, Site(url, url, None))


async def test_load_counts_answered_turns_and_their_waits(voice_server: str) -> None:
    target = endpoint(voice_server, ["https://api.example.com"], None)
    found = await hold(target, 2, 12.0)
    assert found.turns >= 1
    assert found.failures == []
    assert found.waits is not None
    assert 0 < found.waits["p50"] <= found.waits["p95"]


async def test_load_tells_a_server_that_is_not_there(unused_tcp_port: int) -> None:
    target = endpoint(f"http://127.0.0.1:{unused_tcp_port}", ["https://api.example.com"], None)
    found = await hold(target, 2, 0.4)
    assert len(found.failures) == 2
    assert found.waits is None


async def test_load_follows_no_redirect_to_another_host() -> None:
    async def away(_request: web.Request) -> web.Response:
        raise web.HTTPFound("http://elsewhere.invalid/v1/realtime")

    app = web.Application()
    app.router.add_get("/v1/realtime", away)
    async with _served(app) as url:
        found = await hold(endpoint(url, ["https://api.example.com"], None), 1, 1.0)
    assert found.failures == ["refused to follow a redirect to elsewhere.invalid"]


def test_load_refuses_other_hosts() -> None:
    own = ["https://api.example.com"]
    assert endpoint(own[0], own, "key").url == "wss://api.example.com/v1/realtime?model=galion&greeting=0&extensions=1"
    for url in ("https://api.example.com.evil.test", "https://example.com", "ftp://api.example.com"):
        with pytest.raises(Wrong):
            endpoint(url, own, None)


@pytest.mark.parametrize("arguments", [["--conversations", "201"], ["--seconds", "1801"], ["--conversations", "0"]])
def test_load_is_bounded(account: Account, arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        load.command([*account.arguments, *arguments], account.opened)


def test_what_the_end_cuts_off_is_no_failure_and_what_has_no_answer_is() -> None:
    def turn(ended: float | None, *arrivals: float) -> dict[str, object]:
        heard = [(at, 0.1, 0.0, None) for at in arrivals]
        return {"speech_ended": ended, "arrivals": heard, "failure": "", "kind": "question"}

    found = measured([turn(10.0, 11.0), turn(20.0), turn(95.0), turn(None)], ["session 3: gone"], ended=100.0)
    assert found.turns == 2
    assert sorted(found.failures) == ["gone", "no new answer"]
    assert found.waits is not None
    assert found.waits["p50"] == pytest.approx(1000.0)


def test_people_ask_the_same_again_and_begin_apart() -> None:
    names = sorted(questions())
    first = people(4, 60.0, names)
    assert first == people(4, 60.0, names)
    assert [one.starts for one in first] == [0.0, 2.5, 5.0, 7.5]


@pytest.fixture
def unused_tcp_port() -> Iterator[int]:
    """Nobody listens there."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        # Bound and not listening: whoever connects is refused, and nobody else gets it.
        yield port
