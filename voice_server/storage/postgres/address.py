"""Where PostgreSQL is, and who one is there: `Address(url)`, with a user and a password that are kept apart from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Address:
    """A database, as whoever connects is told of it."""

    url: str = field(repr=False)
    """`postgresql://…`."""
    user: str = ""
    """Instead of the user in `url`."""
    password: str | Callable[[], Awaitable[str]] = field(default="", repr=False)
    """Instead of the password in `url`; a function is asked for each new connection."""

    def arguments(self) -> dict[str, Any]:
        """For `asyncpg.connect` and `asyncpg.create_pool`."""
        return {"dsn": self.url, "user": self.user or None, "password": self.password or None}
