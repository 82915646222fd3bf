"""Whether the server takes one more conversation: by their number, and by how late its event loop is.

The number bounds memory. The lag tells when the core is used up, whatever used it: one conversation more would make all
of them slow, so newcomers are sent away until there is air again. Nobody who is in is ever sent away.
"""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

from voice_server.http.errors import ApiError

RETRY_SECONDS = 5
"""When a client that was sent away may try again."""
LATE_SECONDS = 2.0
"""How long the lag must stay above the limit before it counts: a start-up or one heavy request is no overload."""
FEW = 4
"""Conversations that are let in however late the loop is: they are not what made it late, and sending them away would
not help. A laptop that is busy with something else still talks."""
RECOVERED = 0.5
"""The part of the limit that the lag must fall to before anybody is let in again, lest the door should swing."""

Refusal = Literal["full", "overloaded"]
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)


class Admission:
    """Counts conversations, and sends away those that there is no room for."""

    def __init__(self, limit: int, max_lag_seconds: float = math.inf) -> None:
        """`limit`: conversations at once. `max_lag_seconds`: of the event loop, see `note_lag`."""
        self.limit = limit
        self.count = 0
        self.admitted = 0
        """Conversations that were ever let in."""
        self.refused: Counter[Refusal] = Counter()
        """Those that were sent away, by the reason."""
        self.is_overloaded = False
        self._max_lag_seconds = max_lag_seconds
        self._late_since: float | None = None

    @property
    def is_full(self) -> bool:
        """Whether one more would be too many."""
        return self.count >= self.limit

    @property
    def refusal(self) -> Refusal | None:
        """Why one more would be sent away now."""
        if self.is_full:
            return "full"
        return "overloaded" if self.is_overloaded and self.count >= FEW else None

    def note_lag(self, now: float, lag_seconds: float) -> None:
        """Take note of how late the event loop is at this time of a steady clock."""
        if lag_seconds > self._max_lag_seconds:
            self._late_since = now if self._late_since is None else self._late_since
            self.is_overloaded = self.is_overloaded or now - self._late_since >= LATE_SECONDS
        else:
            self._late_since = None
            if lag_seconds <= self._max_lag_seconds * RECOVERED:
                self.is_overloaded = False

    def why(self, refusal: Refusal) -> str:
        """A sentence for people."""
        if refusal == "full":
            return f"All {self.limit} conversations of this server are taken."
        return "This server is busy: one conversation more would make all of them slow."

    @contextmanager
    def conversation(self) -> Iterator[None]:
        """Room for one conversation while it lasts. Raises ApiError 503 if there is none."""
        refusal = self.refusal
        if refusal is not None:
            self.refused[refusal] += 1
            message = f"{self.why(refusal)} Try again in a moment, or at another server."
            raise ApiError(503, "server_overloaded", message, headers={"Retry-After": str(RETRY_SECONDS)})
        self.admitted += 1
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1
