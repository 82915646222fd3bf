"""All versions of the objects of a bucket, and the marks that deletions leave: listed and removed.

obstore does neither, so these two requests are made here, with addresses that it signed.
"""

import asyncio
import base64
import hashlib
from typing import Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import aiohttp
from yarl import URL

from voice_server.storage.objects.interfaces import ObjectsUnavailable
from voice_server.storage.objects.signing import Place, signed_address
from voice_server.storage.objects.stored import reaching

_TRIES = 3
_FIRST_REST_SECONDS = 0.1
_SIGNED_SECONDS = 60
_NOT_IMPLEMENTED = 501


class VersionsUnknown(Exception):
    """The store has no versions, so that a deleted object is gone."""


class Versions:
    """The versions in one bucket."""

    def __init__(self, place: Place, http: aiohttp.ClientSession, patience_seconds: float) -> None:
        """`http` has a time limit of its own."""
        self._place = place
        self._http = http
        self._patience_seconds = patience_seconds

    async def delete(self, beginning: str, *, whole: bool) -> None:
        """Remove every version of everything whose key within the bucket begins so; with `whole`, is so.

        Raises ObjectsUnavailable and VersionsUnknown.
        """
        query = {"versions": "", "prefix": beginning}
        before: list[tuple[str, str]] = []
        while True:
            page = _read(await self._ask("GET", query))
            # Those of the key itself come before those of all that only begin like it.
            found = [each for each in _versions(page) if not whole or each[0] == beginning]
            if found and found == before:
                raise ObjectsUnavailable(f"The bucket {self._place.address} keeps what it was asked to delete.")
            if found:
                await self._delete_page(found)
            if not found or _text(page, "IsTruncated") != "true":
                return
            before = found

    async def _delete_page(self, versions: list[tuple[str, str]]) -> None:
        objects = "".join(
            f"<Object><Key>{escape(key)}</Key><VersionId>{escape(version)}</VersionId></Object>"
            for key, version in versions
        )
        body = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
        for each in _read(await self._ask("POST", {"delete": ""}, body)):
            if _name(each) == "Error":
                reason = _text(each, "Message") or _text(each, "Code")
                raise ObjectsUnavailable(f"The bucket {self._place.address} does not delete an object: {reason}")

    async def _ask(self, method: Literal["GET", "POST"], query: dict[str, str], body: bytes = b"") -> bytes:
        """A request to the bucket that may be repeated."""
        for number in range(_TRIES):
            if number:
                await asyncio.sleep(_FIRST_REST_SECONDS * 2**number)
            try:
                status, answer = await self._ask_once(method, query, body)
            except (aiohttp.ClientError, TimeoutError) as error:
                reason = str(error) or "it did not answer in time"
                continue
            if status < 300:
                return answer
            if status == _NOT_IMPLEMENTED:
                raise VersionsUnknown
            reason = f"{status} {_code(answer)}".strip()
            if status < 500:
                break
        raise ObjectsUnavailable(f"The versions in the bucket {self._place.address} cannot be reached: {reason}.")

    async def _ask_once(self, method: Literal["GET", "POST"], query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        with reaching(self._place.address, self._patience_seconds):
            url = await signed_address(self._place, method, "", query, _SIGNED_SECONDS)
        # S3 asks for this digest with every deletion of many.
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        headers = {"Content-MD5": digest, "Content-Type": "application/xml"} if body else {}
        async with self._http.request(method, URL(url, encoded=True), data=body or None, headers=headers) as response:
            return response.status, await response.read()


def _read(answer: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(answer)  # noqa: S314 - the bucket is our own, and expat bounds what entities grow to


def _versions(page: ElementTree.Element) -> list[tuple[str, str]]:
    """Keys and versions, marks among them: up to 1,000."""
    kinds = ("Version", "DeleteMarker")
    return [(_text(each, "Key"), _text(each, "VersionId")) for each in page if _name(each) in kinds]


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: ElementTree.Element, name: str) -> str:
    return next((each.text or "" for each in element if _name(each) == name), "")


def _code(answer: bytes) -> str:
    try:
        return _text(_read(answer), "Code")
    except ElementTree.ParseError:
        return ""
