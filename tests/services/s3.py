"""A real S3 endpoint for tests: one server for the run, a fresh bucket with versions for each test."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest

from tests.services.missing import missing

_VERSIONED = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
_SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Bucket:
    """One bucket, and how to get at it: path style, over HTTP, with any access key."""

    endpoint: str
    name: str
    region: str = "us-east-1"
    access_key_id: str = "test"
    secret_access_key: str = "test"

    @property
    def url(self) -> str:
        """As OBJECT_STORE_URL has it."""
        return f"s3://{self.name}"

    def request(self, method: str, path: str = "", body: bytes = b"") -> bytes:
        """Ask the endpoint without any client; gives the body of the answer."""
        connection = HTTPConnection(urlsplit(self.endpoint).netloc, timeout=10)
        try:
            connection.request(method, f"/{self.name}{path}", body, {"Authorization": _SIGNED})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status < 300, content
        return content


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """The endpoint of this run."""
    if find_spec("moto") is None or find_spec("flask") is None:
        missing("There is no S3 endpoint to start: the package moto[server] is not installed.")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(s3_url: str) -> Bucket:
    """An empty bucket that keeps every version."""
    bucket = Bucket(s3_url, f"bucket-{next(_numbers)}")
    bucket.request("PUT")
    bucket.request("PUT", "?versioning", _VERSIONED)
    return bucket
