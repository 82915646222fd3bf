"""Objects: what is too large for the database, under keys like `recordings/conv_1/all.wav`."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MAX_KEY_CHARACTERS = 512
MAX_LINK_SECONDS = 7 * 86_400
"""S3 signs for no longer."""

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.=-]{0,199}"
_CONTENT_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+(?: *; *[A-Za-z0-9-]+=[A-Za-z0-9._-]+)*")
_KEY = re.compile(rf"{_PART}(?:/{_PART})*")


class ObjectsUnavailable(Exception):
    """Objects cannot be reached, read or written now. The text is a sentence for people."""


class InvalidKey(ValueError):
    """No object can have this key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key[:100]!r} is no key of an object: parts of letters, digits and _.=- that do not begin with a dot, "
            f"with / between them, {MAX_KEY_CHARACTERS} characters in all."
        )


def check_key(key: str) -> str:
    """The key, if it is one: relative, without `..`, the same in a folder, a bucket and an address."""
    if len(key) > MAX_KEY_CHARACTERS or not _KEY.fullmatch(key):
        raise InvalidKey(key)
    return key


def check_content_type(content_type: str) -> str:
    """The media type, if it is one: it becomes a header. Raises ValueError."""
    if len(content_type) > 200 or not _CONTENT_TYPE.fullmatch(content_type):
        raise ValueError(f"{content_type[:100]!r} is no media type like audio/wav.")
    return content_type


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says of an object."""

    key: str
    size: int
    """Bytes."""
    modified: datetime


class Stored(Protocol):
    """One object, found and not read yet."""

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def content_type(self) -> str:
        """As it was put."""
        ...

    async def read(self) -> bytes:
        """All of it. Raises ObjectsUnavailable, also if it was changed or deleted since it was found."""
        ...

    def stream(self, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` to before `end`, a piece at a time; iterate it under `aclosing`. Raises as `read`."""
        ...


class Objects(AbstractAsyncContextManager["Objects"], Protocol):
    """Keeps objects for good. `async with` opens it; all methods raise ObjectsUnavailable, and InvalidKey."""

    async def put(self, key: str, data: bytes | AsyncIterator[bytes], content_type: str) -> None:
        """Keep an object, in place of one that has the key already. It is there whole and for good, or not at all.

        A failure of `data` is raised as it is, and nothing is kept.
        """
        ...

    async def get(self, key: str) -> Stored | None:
        """The object, or None if there is none."""
        ...

    async def delete(self, keys: Iterable[str]) -> None:
        """Remove objects with all their versions. Those that are not there are no error."""
        ...

    async def delete_prefix(self, prefix: str) -> None:
        """Remove everything under `prefix/`, with all versions and the marks of earlier deletions.

        `recordings/conv_1` is not the prefix of `recordings/conv_10/all.wav`.
        """
        ...

    def list(self, prefix: str) -> AsyncGenerator[Listed, None]:
        """Everything under `prefix/`, in no order; iterate it under `aclosing`."""
        ...

    async def link(self, key: str, seconds: int, filename: str | None = None) -> str:
        """An address at which a browser downloads the object for so long, without any other credential.

        `filename` is the name it is saved as, else the last part of the key. Raises ValueError unless `seconds` is
        from 1 to 604,800.
        """
        ...


def check_link(key: str, seconds: int) -> None:
    """Raises ValueError for what no link can be made of."""
    check_key(key)
    if not 1 <= seconds <= MAX_LINK_SECONDS:
        raise ValueError(f"A link is valid for 1 to {MAX_LINK_SECONDS:,} seconds, not {seconds:,}.")
