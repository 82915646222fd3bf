"""Signed links of our own: who changes one, or comes too late, gets nothing."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from voice_server.http.errors import answer_errors
from voice_server.storage.objects.interfaces import Objects
from voice_server.storage.objects.links import InvalidLink, LinkedObjects, Links, attachment
from voice_server.storage.objects.store import objects_at

Client = TestClient[web.Request, web.Application]
SECRET = b"a secret of the tests, 32 bytes and more"


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def links(clock: Clock) -> Links:
    return Links([SECRET], now=clock)


@pytest.fixture
async def objects(tmp_path: Path, links: Links) -> AsyncIterator[Objects]:
    async with objects_at(str(tmp_path / "objects"), links) as objects:
        await objects.put("a/b.wav", b"0123456789", "audio/wav")
        yield objects


@pytest.fixture
async def client(links: Links, objects: Objects) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[answer_errors])
    app.add_routes(LinkedObjects(links, objects).routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_link_is_an_address_of_the_server(links: Links, objects: Objects) -> None:
    assert (await objects.link("a/b.wav", 60)).startswith("/api/v1/objects/")
    assert Links([SECRET], "https://voice.example/").make("a", 1).startswith("https://voice.example/api/v1/objects/")


async def test_a_download_is_saved_and_neither_guessed_at_nor_kept_on_the_way(client: Client, objects: Objects) -> None:
    await objects.put("page", b"<script>alert(1)</script>", "text/html")
    answer = await client.get(await objects.link("page", 60, "page.html"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="page.html"')
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_link_ends(client: Client, objects: Objects, clock: Clock) -> None:
    link = await objects.link("a/b.wav", 60)
    clock.seconds += 59
    assert (await client.get(link)).status == 200
    clock.seconds += 1
    answer = await client.get(link)
    assert answer.status == 410
    assert (await answer.json())["error"]["code"] == "link_expired"


async def test_a_link_that_was_changed_leads_nowhere(client: Client, objects: Objects) -> None:
    link = await objects.link("a/b.wav", 60)
    path, _, token = link.rpartition("/")
    said, _, signature = token.partition(".")
    forged = base64.urlsafe_b64encode(orjson.dumps(["a/b.wav", "b.wav", 9_999_999_999])).decode().rstrip("=")
    for bad in (
        f"{forged}.{signature}",
        f"{said}.",
        said,
        f"{said}.{signature}A",
        f".{signature}",
        "x",
        "%C3%BC.%C3%BC",
    ):
        answer = await client.get(f"{path}/{bad}")
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "invalid_link"


@given(position=st.integers(0, 200), letter=st.sampled_from("ABCxyz019-_.=/ü "))
def test_no_letter_of_a_link_can_be_changed(position: int, letter: str) -> None:
    links = Links([SECRET], now=Clock())
    token = links.make("a/b.wav", 60).rpartition("/")[2]
    position %= len(token)
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        with pytest.raises(InvalidLink):
            links.read(changed)


def test_a_link_of_another_secret_is_worth_nothing() -> None:
    token = Links([b"y" * 40], now=Clock()).make("a", 60).rpartition("/")[2]
    with pytest.raises(InvalidLink):
        Links([SECRET], now=Clock()).read(token)
    with pytest.raises(ValueError, match="32 bytes"):
        Links([SECRET, b"short"])


def test_a_link_of_the_secret_before_is_taken_and_none_is_made_with_it() -> None:
    older = b"y" * 40
    both = Links([SECRET, older], now=Clock())
    assert both.read(Links([older], now=Clock()).make("a/b.wav", 60).rpartition("/")[2]).key == "a/b.wav"
    assert Links([SECRET], now=Clock()).read(both.make("a/b.wav", 60).rpartition("/")[2]).key == "a/b.wav"


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=0-9", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=5-2", 416, None, "bytes */10"),
        ("lines=1-2", 416, None, "bytes */10"),
    ],
)
async def test_a_part_of_an_object_can_be_asked_for(
    client: Client, objects: Objects, asked: str, status: int, content: bytes | None, content_range: str | None
) -> None:
    answer = await client.get(await objects.link("a/b.wav", 60), headers={"Range": asked})
    assert answer.status == status
    assert answer.headers.get("Content-Range") == content_range
    if content is not None:
        assert await answer.read() == content


async def test_a_part_of_an_older_version_is_answered_with_the_whole(client: Client, objects: Objects) -> None:
    headers = {"Range": "bytes=1-2", "If-Range": '"old"'}
    answer = await client.get(await objects.link("a/b.wav", 60), headers=headers)
    assert (answer.status, await answer.read()) == (200, b"0123456789")


async def test_the_head_of_an_object(client: Client, objects: Objects) -> None:
    answer = await client.head(await objects.link("a/b.wav", 60))
    assert answer.status == 200
    assert answer.headers["Content-Length"] == "10"
    assert await answer.read() == b""


async def test_what_was_deleted_is_said_to_be(client: Client, objects: Objects) -> None:
    link = await objects.link("a/b.wav", 60)
    await objects.delete_prefix("a")
    answer = await client.get(link)
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "object_not_found"


@given(st.text(max_size=40))
def test_no_name_of_a_file_breaks_out_of_its_header(filename: str) -> None:
    value = attachment(filename.encode("utf-8", "replace").decode())
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
