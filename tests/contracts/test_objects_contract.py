"""Objects keep the same rules in a folder and in a bucket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.services.s3 import Bucket
from voice_server.http.errors import answer_errors
from voice_server.storage.objects.interfaces import InvalidKey, Objects, ObjectsUnavailable
from voice_server.storage.objects.links import LinkedObjects, Links
from voice_server.storage.objects.store import objects_at

SECRET = b"a secret of the tests, 32 bytes and more"


@dataclass(frozen=True)
class Kept:
    """A store that is open, and what its links are reached at."""

    objects: Objects
    base: str


@asynccontextmanager
async def in_folder(folder: Path) -> AsyncIterator[Kept]:
    links = Links([SECRET])
    async with objects_at(str(folder), links) as objects:
        app = web.Application(middlewares=[answer_errors])
        app.add_routes(LinkedObjects(links, objects).routes())
        async with TestServer(app) as server:
            yield Kept(objects, str(server.make_url("")).rstrip("/"))


@asynccontextmanager
async def in_bucket(bucket: Bucket) -> AsyncIterator[Kept]:
    async with objects_at(f"{bucket.url}/some/prefix?endpoint={bucket.endpoint}", Links([SECRET])) as objects:
        yield Kept(objects, "")


@pytest.fixture(params=["folder", "s3"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kept]:
    if request.param == "folder":
        kind = in_folder(tmp_path / "objects")
    else:
        bucket: Bucket = request.getfixturevalue("s3_bucket")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.secret_access_key)
        kind = in_bucket(bucket)
    async with kind as kept:
        yield kept


@pytest.fixture
def objects(kept: Kept) -> Objects:
    return kept.objects


async def content(objects: Objects, key: str) -> bytes | None:
    stored = await objects.get(key)
    return None if stored is None else await stored.read()


async def keys(objects: Objects, prefix: str) -> list[str]:
    async with aclosing(objects.list(prefix)) as listed:
        return sorted([each.key async for each in listed])


async def pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for i in range(count):
        yield bytes([i % 256]) * size


@pytest.mark.parametrize("data", [b"", b"RIFF\x00\xff", bytes(range(256)) * 5000], ids=["nothing", "little", "much"])
async def test_an_object_comes_back_as_it_was_put(objects: Objects, data: bytes) -> None:
    await objects.put("recordings/conv_1/all.wav", data, "audio/wav")
    stored = await objects.get("recordings/conv_1/all.wav")
    assert stored is not None
    assert (stored.size, stored.content_type) == (len(data), "audio/wav")
    assert await stored.read() == data


async def test_what_was_never_put_is_not_there(objects: Objects) -> None:
    await objects.put("a/b", b"x", "text/plain")
    for key in ("a", "a/c", "a/b/c", "never"):
        assert await objects.get(key) is None
    assert await keys(objects, "never") == []
    await objects.delete(["a", "a/c", "a/b/c", "never"])
    await objects.delete_prefix("never")
    await objects.delete_prefix("a/b")
    assert await content(objects, "a/b") == b"x"


async def test_an_object_takes_the_place_of_the_one_before(objects: Objects) -> None:
    await objects.put("a", b"one", "text/plain")
    await objects.put("a", b"three", "audio/wav; codecs=1")
    stored = await objects.get("a")
    assert stored is not None
    assert (await stored.read(), stored.content_type) == (b"three", "audio/wav; codecs=1")
    assert await keys(objects, "a") == []


async def test_a_part_of_an_object(objects: Objects) -> None:
    await objects.put("a", b"0123456789", "text/plain")
    stored = await objects.get("a")
    assert stored is not None
    for (start, end), expected in {
        (2, 5): b"234",
        (0, None): b"0123456789",
        (7, 99): b"789",
        (5, 5): b"",
        (10, None): b"",
        (50, 60): b"",
    }.items():
        async with aclosing(stored.stream(start, end)) as stream:
            assert b"".join([piece async for piece in stream]) == expected


async def test_a_large_object_comes_and_goes_in_pieces(objects: Objects) -> None:
    await objects.put("large", pieces(48, 256 * 1024), "application/octet-stream")
    stored = await objects.get("large")
    assert stored is not None
    assert stored.size == 12 * 1024 * 1024
    async with aclosing(stored.stream()) as stream:
        lengths = [len(piece) async for piece in stream]
    assert sum(lengths) == stored.size
    assert max(lengths) < stored.size / 2
    async with aclosing(stored.stream(256 * 1024 - 1, 256 * 1024 + 1)) as stream:
        assert b"".join([piece async for piece in stream]) == b"\x00\x01"


class Broken(Exception):
    """What somebody else's data may raise."""


async def test_an_object_whose_data_breaks_off_is_not_kept(objects: Objects) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 6 * 1024 * 1024
        raise Broken

    await objects.put("a", b"before", "text/plain")
    with pytest.raises(Broken):
        await objects.put("a", broken(), "text/plain")
    with pytest.raises(Broken):
        await objects.put("b", broken(), "text/plain")
    assert await content(objects, "a") == b"before"
    assert await content(objects, "b") is None


async def test_readers_never_see_half_an_object(objects: Objects) -> None:
    texts = {bytes([i]) * 400_000 for i in range(8)}
    await objects.put("a", min(texts), "text/plain")

    async def write() -> None:
        for text in texts:
            await objects.put("a", text, "text/plain")

    writing = asyncio.ensure_future(write())
    while not writing.done():
        # What is replaced while it is read is not read to its end.
        with suppress(ObjectsUnavailable):
            assert await content(objects, "a") in texts
    await writing
    assert await content(objects, "a") in texts


async def test_a_list_names_what_is_under_a_prefix(objects: Objects) -> None:
    for key in ("r/conv_1/a.wav", "r/conv_1/deep/b.wav", "r/conv_10/c.wav", "r/conv_1.txt", "other"):
        await objects.put(key, b"four", "audio/wav")
    assert await keys(objects, "r/conv_1") == ["r/conv_1/a.wav", "r/conv_1/deep/b.wav"]
    async with aclosing(objects.list("r/conv_10")) as listed:
        (only,) = [each async for each in listed]
    assert (only.key, only.size) == ("r/conv_10/c.wav", 4)
    assert only.modified.tzinfo is not None


async def test_what_is_deleted_is_gone_and_nothing_else(objects: Objects) -> None:
    for key in ("a", "a.wav", "b/c", "b/d"):
        await objects.put(key, b"one", "text/plain")
        await objects.put(key, b"two", "text/plain")
    await objects.delete(["a", "b/c", "never"])
    assert await objects.get("a") is None
    assert await objects.get("b/c") is None
    assert await content(objects, "a.wav") == b"two"
    assert await content(objects, "b/d") == b"two"


async def test_everything_under_a_prefix_is_deleted_and_nothing_else(objects: Objects) -> None:
    for key in ("r/conv_1/a.wav", "r/conv_1/deep/b.wav", "r/conv_10/c.wav", "r/conv_1.txt"):
        await objects.put(key, b"x", "audio/wav")
    await objects.delete_prefix("r/conv_1")
    assert await keys(objects, "r/conv_1") == []
    assert await objects.get("r/conv_1/a.wav") is None
    assert await content(objects, "r/conv_10/c.wav") == b"x"
    assert await content(objects, "r/conv_1.txt") == b"x"
    await objects.put("r/conv_1/a.wav", b"again", "audio/wav")
    assert await content(objects, "r/conv_1/a.wav") == b"again"


async def test_putting_and_deleting_side_by_side(objects: Objects) -> None:
    async def come_and_go(name: str) -> None:
        for _ in range(5):
            await objects.put(f"folder/{name}", b"x", "text/plain")
            await objects.delete([f"folder/{name}"])

    await asyncio.gather(*(come_and_go(str(i)) for i in range(6)))
    assert await keys(objects, "folder") == []


BAD_KEYS = ["", "/a", "a/", "a//b", "..", "a/../b", "./a", ".hidden", "a/.b", "a\\b", "a b", "a\n", "ü", "a?b"]


@pytest.mark.parametrize("key", [*BAD_KEYS, "a%2e%2e", "a/" + "y" * 201, "a/" * 300 + "a", "a\x00"])
async def test_what_is_no_key_is_refused_everywhere(objects: Objects, key: str) -> None:
    with pytest.raises(InvalidKey):
        await objects.put(key, b"x", "text/plain")
    with pytest.raises(InvalidKey):
        await objects.get(key)
    with pytest.raises(InvalidKey):
        await objects.delete(["fine", key])
    with pytest.raises(InvalidKey):
        await objects.delete_prefix(key)
    with pytest.raises(InvalidKey):
        await keys(objects, key)
    with pytest.raises(InvalidKey):
        await objects.link(key, 60)


@pytest.mark.parametrize("content_type", ["", "audio", "text/plain\r\nX-Evil: 1", "a/b" * 100])
async def test_what_is_no_media_type_is_refused(objects: Objects, content_type: str) -> None:
    with pytest.raises(ValueError, match="no media type"):
        await objects.put("a", b"x", content_type)
    assert await objects.get("a") is None


async def test_a_link_leads_to_the_object(kept: Kept) -> None:
    await kept.objects.put("a/b.wav", b"0123456789", "audio/wav")
    link = kept.base + await kept.objects.link("a/b.wav", 60, 'Ordine "più" \r\nX: 1/2;.wav')
    async with aiohttp.ClientSession() as http:
        async with http.get(link) as answer:
            assert answer.status == 200
            assert await answer.read() == b"0123456789"
            assert answer.headers["Content-Type"] == "audio/wav"
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert answer.content_disposition is not None
            assert answer.content_disposition.type == "attachment"
            assert answer.content_disposition.filename == 'Ordine "più" \r\nX: 1/2;.wav'
        async with http.get(link, headers={"Range": "bytes=2-4"}) as answer:
            assert answer.status == 206
            assert await answer.read() == b"234"
            assert answer.headers["Content-Range"] == "bytes 2-4/10"


async def test_without_a_name_a_link_saves_under_that_of_the_object(kept: Kept) -> None:
    await kept.objects.put("a/b.wav", b"x", "audio/wav")
    link = kept.base + await kept.objects.link("a/b.wav", 60)
    async with aiohttp.ClientSession() as http, http.get(link) as answer:
        assert answer.content_disposition is not None
        assert answer.content_disposition.filename == "b.wav"


async def test_a_link_to_what_was_deleted_leads_nowhere(kept: Kept) -> None:
    await kept.objects.put("a", b"text in it", "text/plain")
    link = kept.base + await kept.objects.link("a", 60)
    await kept.objects.delete(["a"])
    async with aiohttp.ClientSession() as http, http.get(link) as answer:
        # Who may not list a bucket is not told either what is missing in it.
        assert answer.status in (403, 404)
        assert b"text in it" not in await answer.read()


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
async def test_a_link_is_valid_for_a_second_to_a_week(objects: Objects, seconds: int) -> None:
    with pytest.raises(ValueError, match="valid for 1 to 604,800 seconds"):
        await objects.link("a", seconds)
