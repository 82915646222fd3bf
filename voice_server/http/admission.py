"""How many conversations the server holds at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from voice_server.http.errors import ApiError

RETRY_SECONDS = 5
"""When a client that was sent away may try again."""


class Admission:
    """Counts conversations, and sends away those that there is no room for."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.count = 0

    @property
    def is_full(self) -> bool:
        """Whether one more would be sent away."""
        return self.count >= self.limit

    @contextmanager
    def conversation(self) -> Iterator[None]:
        """Room for one conversation while it lasts. Raises ApiError 503 if there is none."""
        if self.is_full:
            message = f"This server holds {self.limit} conversations at once and is full; try again in a moment."
            raise ApiError(503, "server_overloaded", message, headers={"Retry-After": str(RETRY_SECONDS)})
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1
