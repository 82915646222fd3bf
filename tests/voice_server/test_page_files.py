"""The files of the browser client, built or not."""

from pathlib import Path

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from voice_server.page import Page, add_security_headers


async def fetch(folder: Path, path: str) -> tuple[int, str, str]:
    """Status, text and policy of caching."""
    app = web.Application()
    app.add_routes(Page(folder).routes())
    app.on_response_prepare.append(add_security_headers)
    async with TestServer(app) as server, ClientSession() as http, http.get(server.make_url(path)) as answer:
        return answer.status, await answer.text(), answer.headers.get("Cache-Control", "")


async def test_a_page_that_is_not_built_says_so_and_what_else_there_is(tmp_path: Path) -> None:
    status, text, _ = await fetch(tmp_path, "/")
    assert status == 200
    for expected in ("not built", "make run", "voice-server talk", "/docs"):
        assert expected in text


async def test_a_page_that_is_built_is_served_with_its_assets_and_nothing_beside_them(tmp_path: Path) -> None:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>built</title>")
    (folder / "assets" / "main-1a2b.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("secret")
    assert await fetch(folder, "/") == (200, "<!doctype html><title>built</title>", "no-cache")
    assert (await fetch(folder, "/assets/main-1a2b.js"))[:2] == (200, "export {};")
    for path in ("/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/assets/", "/assets/none.js"):
        status, text, _ = await fetch(folder, path)
        assert status in (403, 404), path
        assert "secret" not in text
