"""Objects as obstore finds and reads them, in a folder as in a bucket."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PreconditionError

from voice_server.storage.objects.interfaces import Listed, ObjectsUnavailable

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import LocalStore, S3Store

PIECE_BYTES = 256 * 1024


@contextmanager
def reaching(place: str, patience_seconds: float) -> Iterator[None]:
    """Failures of a store become ObjectsUnavailable; FileNotFoundError stays."""
    try:
        yield
    except FileNotFoundError:
        raise
    except TimeoutError as error:
        raise ObjectsUnavailable(
            f"The objects at {place} did not answer within {patience_seconds:g} s; try again."
        ) from error
    except PreconditionError as error:
        raise ObjectsUnavailable("The object was changed while it was read; read it again.") from error
    except (BaseError, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        raise ObjectsUnavailable(f"The objects at {place} cannot be reached: {reason}") from error


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object, found and not read yet."""

    size: int
    content_type: str
    _store: "LocalStore | S3Store"
    _key: str
    _e_tag: str | None
    _place: str
    _patience_seconds: float

    async def read(self) -> bytes:
        """All of it."""
        async with aclosing(self.stream()) as pieces:
            return b"".join([piece async for piece in pieces])

    async def stream(self, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` to before `end`."""
        end = self.size if end is None else min(end, self.size)
        if start >= end:
            return
        options: GetOptions = {"range": (start, end), "if_match": self._e_tag}
        try:
            with reaching(self._place, self._patience_seconds):
                async with asyncio.timeout(self._patience_seconds):
                    pieces = (await obstore.get_async(self._store, self._key, options=options)).stream(PIECE_BYTES)
            while (piece := await self._next(pieces)) is not None:
                yield piece
        except FileNotFoundError as error:
            raise ObjectsUnavailable("The object was deleted while it was read.") from error

    async def _next(self, pieces: "obstore.BytesStream") -> bytes | None:
        with reaching(self._place, self._patience_seconds):
            async with asyncio.timeout(self._patience_seconds):
                try:
                    return bytes(await anext(pieces))
                except StopAsyncIteration:
                    return None


async def list_objects(
    store: "LocalStore | S3Store", prefix: str, place: str, patience_seconds: float
) -> AsyncGenerator[Listed, None]:
    """Everything under `prefix/`."""
    pages = obstore.list(store, prefix)
    while True:
        with reaching(place, patience_seconds):
            async with asyncio.timeout(patience_seconds):
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    return
        for each in page:
            yield Listed(each["path"], each["size"], each["last_modified"])
