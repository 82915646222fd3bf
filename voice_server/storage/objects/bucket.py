"""Objects in a bucket that speaks S3: Amazon's, MinIO, Cloudflare R2, …

Credentials are found as obstore finds them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the role of a container or a
machine, a web identity. Parts of uploads that were broken off stay in the bucket, invisible: let a lifecycle rule of it
remove them.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AbstractContextManager, aclosing
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

import aiohttp
import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from voice_server.storage.objects.interfaces import (
    Listed,
    ObjectsUnavailable,
    check_content_type,
    check_key,
    check_link,
)
from voice_server.storage.objects.links import attachment
from voice_server.storage.objects.signing import Place, signed_address
from voice_server.storage.objects.stored import FoundObject, list_objects, reaching
from voice_server.storage.objects.versions import Versions, VersionsUnknown

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

PATIENCE_SECONDS = 10.0
"""How long one answer may take, with what is tried again."""
_TRIES = 3
_PART_BYTES = 5 * 1024 * 1024
_PARTS_AT_ONCE = 2

_log = structlog.get_logger(__name__)


class BucketObjects:
    """Objects in a bucket."""

    def __init__(self, place: Place, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._place = place
        self._patience_seconds = patience_seconds
        patience = timedelta(seconds=patience_seconds)
        options: ClientConfig = {
            "allow_http": place.plain,
            "connect_timeout": min(patience, timedelta(seconds=3)),
            "read_timeout": patience,
            # A part of a large object may take longer than an answer.
            "timeout": patience * 6,
        }
        retries: RetryConfig = {
            "max_retries": _TRIES - 1,
            "retry_timeout": patience,
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
        }
        config: S3Config = {"region": place.region, "virtual_hosted_style_request": False}
        if place.endpoint:
            config["endpoint"] = place.endpoint
        self._store = S3Store(
            place.bucket,
            prefix=place.prefix or None,
            config=config,
            client_options=options,
            retry_config=retries,
        )

    async def __aenter__(self) -> Self:
        """See whether the bucket is there. Raises ObjectsUnavailable for what does not pass by itself."""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._patience_seconds))
        self._versions = Versions(self._place, self._http, self._patience_seconds)
        try:
            await self._check()
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.close()

    async def put(self, key: str, data: bytes | AsyncIterator[bytes], content_type: str) -> None:
        """Keep an object. A large one goes in parts; those of a failed one are never visible."""
        check_key(key)
        attributes = {"Content-Type": check_content_type(content_type)}
        try:
            with self._reaching():
                await obstore.put_async(
                    self._store,
                    key,
                    data,
                    attributes=attributes,
                    chunk_size=_PART_BYTES,
                    max_concurrency=_PARTS_AT_ONCE,
                )
        except FileNotFoundError as error:
            raise ObjectsUnavailable(self._missing()) from error

    async def get(self, key: str) -> FoundObject | None:
        """The object, if there is one."""
        check_key(key)
        try:
            with self._reaching():
                async with asyncio.timeout(self._patience_seconds):
                    found = await obstore.get_async(self._store, key, options={"head": True})
        except FileNotFoundError:
            return None
        content_type = found.attributes.get("Content-Type", "application/octet-stream")
        return FoundObject(
            found.meta["size"],
            content_type,
            self._store,
            key,
            found.meta["e_tag"],
            self._place.address,
            self._patience_seconds,
        )

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects with all their versions."""
        for key in [check_key(key) for key in keys]:
            try:
                await self._versions.delete(self._place.key(key), whole=True)
            except VersionsUnknown:
                await self._delete_plainly([key])

    async def delete_prefix(self, prefix: str) -> None:
        """Remove everything under `prefix/`, with all versions and marks."""
        try:
            await self._versions.delete(self._place.key(check_key(prefix)) + "/", whole=False)
        except VersionsUnknown:
            async with aclosing(self.list(prefix)) as listed:
                await self._delete_plainly([each.key async for each in listed])

    def list(self, prefix: str) -> AsyncGenerator[Listed, None]:
        """Everything under `prefix/`."""
        return list_objects(self._store, check_key(prefix), self._place.address, self._patience_seconds)

    async def link(self, key: str, seconds: int, filename: str | None = None) -> str:
        """An address of the bucket, signed for so long."""
        check_link(key, seconds)
        query = {
            "response-content-disposition": attachment(filename or key.rpartition("/")[2]),
            "response-cache-control": "private, no-store",
        }
        with self._reaching():
            return await signed_address(self._place, "GET", self._place.key(key), query, seconds)

    def _reaching(self) -> AbstractContextManager[None]:
        return reaching(self._place.address, self._patience_seconds)

    async def _check(self) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await obstore.list_with_delimiter_async(self._store)
        except (BaseError, TimeoutError) as error:
            said = str(error)
            # When it lists, obstore has one kind of error for all of these.
            if "404 Not Found" in said:
                raise ObjectsUnavailable(self._missing()) from error
            if "403 Forbidden" in said or "401 Unauthorized" in said:
                raise ObjectsUnavailable(
                    f"The bucket {self._place.address} refuses the credentials: check AWS_ACCESS_KEY_ID, "
                    "AWS_SECRET_ACCESS_KEY or the role, and that it may list the bucket."
                ) from error
            _log.warning("object store is away", place=self._place.address, reason=said.partition("\n")[0])

    async def _delete_plainly(self, keys: Iterable[str]) -> None:
        with self._reaching():
            async with asyncio.timeout(self._patience_seconds):
                await obstore.delete_async(self._store, [*keys])

    def _missing(self) -> str:
        return f"There is no bucket {self._place.bucket} at {self._place.address}."
