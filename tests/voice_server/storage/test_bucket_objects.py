"""Objects in a bucket: every version is deleted, and an S3 that fails, is slow or refuses is said to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from structlog.testing import capture_logs
from yarl import URL

from tests.services.s3 import Bucket
from voice_server.storage.objects.bucket import BucketObjects
from voice_server.storage.objects.interfaces import ObjectsUnavailable
from voice_server.storage.objects.links import Links
from voice_server.storage.objects.signing import Place, signed_address
from voice_server.storage.objects.store import objects_at

TINY_SECONDS = 0.3
"""For what never comes."""


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test secret/+")


@pytest.fixture
def place(s3_bucket: Bucket) -> Place:
    return Place(s3_bucket.name, "some/prefix", endpoint=s3_bucket.endpoint)


def versions(bucket: Bucket) -> int:
    """Of all objects, marks of deletions among them."""
    return bucket.request("GET", "?versions").count(b"<Key>")


async def test_deleting_leaves_no_version_and_no_mark(place: Place, s3_bucket: Bucket) -> None:
    async with BucketObjects(place) as objects:
        for key in ("a", "a.wav", "b/c", "b/d"):
            for text in (b"one", b"two"):
                await objects.put(key, text, "text/plain")
        s3_bucket.request("DELETE", "/some/prefix/a")
        assert versions(s3_bucket) == 9

        await objects.delete(["a"])
        assert versions(s3_bucket) == 6
        await objects.delete_prefix("b")
        assert versions(s3_bucket) == 2
        await objects.delete(["a.wav"])
        assert versions(s3_bucket) == 0


async def test_what_others_keep_in_the_bucket_is_left_alone(place: Place, s3_bucket: Bucket) -> None:
    s3_bucket.request("PUT", "/a/b", b"of others")
    async with BucketObjects(place) as objects:
        await objects.delete_prefix("a")
        await objects.delete(["a/b"])
        async with aclosing(objects.list("a")) as listed:
            assert [each async for each in listed] == []
    assert s3_bucket.request("GET", "/a/b") == b"of others"


async def test_more_versions_than_fit_on_a_page_are_deleted(place: Place, s3_bucket: Bucket) -> None:
    async with BucketObjects(place) as objects:
        for first in range(0, 1010, 101):
            puts = (objects.put(f"r/{i}", b"", "text/plain") for i in range(first, first + 101))
            await asyncio.gather(*puts)
        await objects.delete_prefix("r")
    assert versions(s3_bucket) == 0


@pytest.mark.parametrize("key", ["a/b.wav", ""])
async def test_addresses_are_signed_as_s3_demands(key: str) -> None:
    place = Place("bucket", region="eu-south-1", endpoint="http://127.0.0.1:9000")
    query = {"response-content-disposition": 'attachment; filename="a+ b/ü.wav"', "versions": "", "prefix": "a/="}
    url = await signed_address(place, "GET", key, query, 60)
    asked = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert {name: asked[name] for name in query} == {name: [value] for name, value in query.items()}
    assert asked["X-Amz-Expires"] == ["60"]
    assert urlsplit(url).path == f"/bucket{'/' + key if key else ''}"

    assert signature_of(url, "eu-south-1") == asked["X-Amz-Signature"][0]
    assert signature_of(url.replace("b%2F", "c%2F"), "eu-south-1") != asked["X-Amz-Signature"][0]
    assert signature_of(url.replace("Expires=60", "Expires=61"), "eu-south-1") != asked["X-Amz-Signature"][0]


def signature_of(url: str, region: str) -> str:
    """As Amazon's own code signs this address."""
    signer = S3SigV4QueryAuth(Credentials("test", "test secret/+"), "s3", region)
    request = AWSRequest("GET", url.partition("&X-Amz-Signature=")[0], headers={"host": urlsplit(url).netloc})
    request.context["timestamp"] = parse_qs(urlsplit(url).query)["X-Amz-Date"][0]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(text, request))


class Faults:
    """Stands before an S3, and answers in its place when a test says so."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.statuses: list[int] = []
        """Of the next answers; 0 = none at all."""
        self.always: int | None = None
        self._never = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        status = self.always if self.always is not None else self.statuses.pop(0) if self.statuses else None
        if status == 0:
            await self._never.wait()
        if status:
            return web.Response(status=status, text="<Error><Code>Told</Code><Message>As told</Message></Error>")
        url = URL(self._target + request.raw_path, encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as http,
            http.request(request.method, url, data=await request.read() or None, headers=headers) as answer,
        ):
            kept = {
                name: answer.headers[name]
                for name in ("ETag", "Last-Modified", "Content-Type", "Content-Range")
                if name in answer.headers
            }
            if request.method == "HEAD":
                kept["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)


@asynccontextmanager
async def faulty(
    bucket: Bucket, patience_seconds: float = 10.0, always: int | None = None
) -> AsyncIterator[tuple[Faults, BucketObjects]]:
    faults = Faults(bucket.endpoint)
    faults.always = always
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", faults.answer)
    async with TestServer(app) as server:
        place = Place(bucket.name, endpoint=str(server.make_url("")).rstrip("/"))
        async with BucketObjects(place, patience_seconds) as objects:
            yield faults, objects


async def test_a_failure_that_passes_is_not_noticed(s3_bucket: Bucket) -> None:
    async with faulty(s3_bucket) as (faults, objects):
        faults.statuses = [500, 503]
        await objects.put("a", b"text", "text/plain")
        faults.statuses = [500]
        stored = await objects.get("a")
        assert stored is not None
        faults.statuses = [503]
        assert await stored.read() == b"text"
        faults.statuses = [500, 503]
        await objects.delete_prefix("a")
        faults.statuses = [500]
        await objects.delete(["a"])
    assert versions(s3_bucket) == 0


@pytest.mark.parametrize("status", [500, 0, 403], ids=["fails", "is silent", "refuses"])
async def test_an_s3_that_does_not_work_is_said_to_in_time(s3_bucket: Bucket, status: int) -> None:
    async with faulty(s3_bucket, TINY_SECONDS) as (faults, objects):
        await objects.put("a", b"text", "text/plain")
        stored = await objects.get("a")
        assert stored is not None
        faults.always = status
        async with asyncio.timeout(20):
            for call in (
                objects.put("b", b"text", "text/plain"),
                objects.get("a"),
                stored.read(),
                objects.delete(["a"]),
                objects.delete_prefix("a"),
            ):
                with pytest.raises(ObjectsUnavailable):
                    await call
            with pytest.raises(ObjectsUnavailable):
                async with aclosing(objects.list("a")) as listed:
                    _ = [each async for each in listed]
        faults.always = None
        assert await stored.read() == b"text"
        assert await objects.get("b") is None


async def test_a_bucket_that_keeps_no_versions_and_cannot_list_them_is_emptied_all_the_same(s3_bucket: Bucket) -> None:
    async with faulty(s3_bucket) as (faults, objects):
        await objects.put("r/a", b"text", "text/plain")
        await objects.put("r/b", b"text", "text/plain")
        faults.statuses = [501]
        await objects.delete(["r/a"])
        assert await objects.get("r/a") is None
        faults.statuses = [501]
        await objects.delete_prefix("r")
        assert await objects.get("r/b") is None


async def test_a_bucket_that_is_missing_or_refuses_is_said_when_it_is_opened(s3_bucket: Bucket) -> None:
    with pytest.raises(ObjectsUnavailable, match="There is no bucket other"):
        await BucketObjects(Place("other", endpoint=s3_bucket.endpoint)).__aenter__()
    with pytest.raises(ObjectsUnavailable, match="refuses the credentials"):
        async with faulty(s3_bucket, always=403):
            pass


async def test_a_server_starts_while_its_bucket_is_away() -> None:
    with capture_logs() as logs:
        async with BucketObjects(Place("bucket", endpoint="http://127.0.0.1:1"), TINY_SECONDS) as objects:
            with pytest.raises(ObjectsUnavailable, match=r"http://127\.0\.0\.1:1/bucket cannot be reached|not answer"):
                await objects.get("a")
    assert [each["event"] for each in logs] == ["object store is away"]


async def test_a_bucket_that_goes_away_does_not_take_its_place_with_it(s3_bucket: Bucket) -> None:
    async with BucketObjects(Place(s3_bucket.name, endpoint=s3_bucket.endpoint)) as objects:
        s3_bucket.request("DELETE")
        with pytest.raises(ObjectsUnavailable, match="There is no bucket"):
            await objects.put("a", b"text", "text/plain")


async def test_the_address_says_where_the_bucket_is(s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_bucket.endpoint)
    monkeypatch.setenv("AWS_REGION", "eu-south-1")
    async with objects_at(f"s3://{s3_bucket.name}/deep/prefix", Links([b"x" * 32])) as objects:
        await objects.put("a", b"text", "text/plain")
        assert "%2Feu-south-1%2Fs3" in await objects.link("a", 60)
    assert s3_bucket.request("GET", "/deep/prefix/a") == b"text"
