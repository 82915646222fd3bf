"""Links of our own to objects in a folder: signed, and valid for a time; and the route that answers them."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote

import orjson
import structlog
from aiohttp import web

from voice_server.http.errors import ApiError
from voice_server.storage.objects.interfaces import Objects, ObjectsUnavailable, Stored, check_link

PATH = "/api/v1/objects"
_PURPOSE = b"link to an object\n"
"""The same secret signs other things: what is signed for one purpose is worth nothing for another."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LinkedObject:
    """What a token says."""

    key: str
    filename: str


class InvalidLink(Exception):
    """A token was not signed here."""


class ExpiredLink(Exception):
    """A token was valid once."""


def attachment(filename: str) -> str:
    """The Content-Disposition of a download, RFC 6266: any characters, and none that ends the header."""
    plain = "".join(each if each.isascii() and each.isprintable() and each not in '"\\%/' else "_" for each in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


class Links:
    """Signs links with the first secret, and takes those that any of them has signed."""

    def __init__(self, secrets: Sequence[bytes], public_url: str = "", now: Callable[[], float] = time.time) -> None:
        """`secrets`: of at least 32 bytes each, the newest first. `public_url`: what the server is reached at; empty
        for links without it."""
        if not secrets or any(len(secret) < 32 for secret in secrets):
            raise ValueError("Links are signed with a secret of at least 32 bytes.")
        self._secrets = secrets
        self._public_url = public_url.rstrip("/")
        self._now = now

    def make(self, key: str, seconds: int, filename: str | None = None) -> str:
        """The address of an object for so long."""
        check_link(key, seconds)
        said = _text(orjson.dumps([key, filename or key.rpartition("/")[2], int(self._now()) + seconds]))
        return f"{self._public_url}{PATH}/{said}.{_sign(self._secrets[0], said)}"

    def read(self, token: str) -> LinkedObject:
        """What a token says. Raises InvalidLink or ExpiredLink."""
        said, _, signature = token.partition(".")
        signatures = [_sign(secret, said).encode() for secret in self._secrets]
        if not any(hmac.compare_digest(each, signature.encode()) for each in signatures):
            raise InvalidLink
        key, filename, expires = orjson.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))
        if self._now() >= expires:
            raise ExpiredLink
        return LinkedObject(key, filename)


def _sign(secret: bytes, said: str) -> str:
    return _text(hmac.digest(secret, _PURPOSE + said.encode(), hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class LinkedObjects:
    """`GET /api/v1/objects/{token}`."""

    def __init__(self, links: Links, objects: Objects) -> None:
        self._links = links
        self._objects = objects

    def routes(self) -> list[web.RouteDef]:
        """Open to whoever has a link."""
        return [web.get(PATH + "/{token}", self._download)]

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Download an object through a signed link.

        Answers `Range` with 206. A link that was not made here is 404, one that is over 410.
        """
        try:
            linked = self._links.read(request.match_info["token"])
        except InvalidLink as error:
            raise ApiError(404, "invalid_link", "This link is incomplete or was changed; ask for a new one.") from error
        except ExpiredLink as error:
            raise ApiError(410, "link_expired", "This link is no longer valid; ask for a new one.") from error
        try:
            stored = await self._objects.get(linked.key)
        except ObjectsUnavailable as error:
            raise ApiError(503, "objects_unavailable", str(error), headers={"Retry-After": "2"}) from error
        if stored is None:
            raise ApiError(404, "object_not_found", "What this link leads to has been deleted.")
        asked = _range(request, stored.size)
        start, end = asked or (0, stored.size)
        response = web.StreamResponse(status=206 if asked else 200)
        response.headers.update(_headers(stored.content_type, linked.filename))
        response.content_length = end - start
        if asked:
            response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
        await response.prepare(request)
        if request.method != "HEAD":
            await self._send(stored, start, end, response)
        await response.write_eof()
        return response

    async def _send(self, stored: Stored, start: int, end: int, response: web.StreamResponse) -> None:
        try:
            async with aclosing(stored.stream(start, end)) as pieces:
                async for piece in pieces:
                    await response.write(piece)
        except ObjectsUnavailable as error:
            _log.warning("download broken off", reason=str(error))
            # The length is announced already: only the end of the connection says that the rest does not come.
            raise ConnectionResetError from error


def _headers(content_type: str, filename: str) -> dict[str, str]:
    return {
        "Content-Type": content_type,
        "Content-Disposition": attachment(filename),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Accept-Ranges": "bytes",
    }


def _range(request: web.Request, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last, if a part is asked for.

    Several parts at once, and a part of an older version (`If-Range`), are answered with the whole, as RFC 9110 allows.
    """
    header = request.headers.get("Range", "")
    if not header or "," in header or "If-Range" in request.headers:
        return None
    unsatisfiable = ApiError(
        416, "invalid_range", f"The object has {size:,} bytes.", headers={"Content-Range": f"bytes */{size}"}
    )
    try:
        start, end, _ = request.http_range.indices(size)
    except ValueError as error:
        raise unsatisfiable from error
    if start >= end:
        raise unsatisfiable
    return start, end
