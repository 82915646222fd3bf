"""What tasks share: one Protocol for each kind of thing, and `Shared`, which bundles them.

Nothing here is kept for good: every entry ends by itself, and whoever needs something to last writes it to PostgreSQL.

SharedUnavailable    Redis cannot be reached, or did not answer in time
Fenced               somebody else writes this log now
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

LOG_SECONDS = 86_400.0
"""How long the log of a session is kept after the last line that was added to it."""
MAX_LOG_LINES = 20_000
"""Of one session; the oldest lines go first, they are in PostgreSQL."""


class SharedUnavailable(Exception):
    """What tasks share cannot be reached now. The text is a sentence for people; trying again later is worth it."""


class Fenced(Exception):
    """A writer of an older epoch came to a log that a newer one writes to: it must stop, the session is not its own."""

    def __init__(self, session_id: str, epoch: int) -> None:
        super().__init__(f"Session {session_id} is carried on elsewhere, in epoch {epoch}; stop writing its log.")
        self.session_id = session_id
        self.epoch = epoch
        """The newest epoch that was seen."""


class RateLimits(Protocol):
    """Counts attempts over all tasks."""

    async def take(self, key: str, limit: int, window_seconds: float) -> float:
        """Ask for one attempt: 0.0 = granted, else the seconds to wait until one would be granted.

        `limit` attempts may come at once; they come back evenly, one each `window_seconds / limit` (the generic cell
        rate algorithm). What is refused is not counted. `key` may be of any length and may name people: only its
        SHA-256 is stored, and that for `window_seconds` at most. Never raises SharedUnavailable: while Redis is away
        each task counts for itself. Raises ValueError unless `limit` >= 1 and `window_seconds` > 0.
        """
        ...

    async def forget(self, key: str) -> None:
        """Give all attempts of this key back, after a log-in that succeeded, say. Never raises SharedUnavailable."""
        ...


class Leases(Protocol):
    """Says which task may do something, for a time.

    A lease is no proof: whoever is slow may act after its end. What must not be done twice is fenced where it is
    written (`LiveLog`'s epochs, PostgreSQL).
    """

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        """Take the lease for `seconds` from now, if nobody else has it. Its holder thereby renews it.

        While Redis is away: True for a holder in this process whose time is not over (which stays as it is), else
        SharedUnavailable.
        """
        ...

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        """Hold it for `seconds` from now; False if the holder no longer has it. While Redis is away: as `acquire`."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give it back, if it is the holder's. Never raises SharedUnavailable: what is not given back runs out."""
        ...

    async def holder(self, name: str) -> str | None:
        """Who has it now. While Redis is away: who has it in this process, else SharedUnavailable."""
        ...


class Announcements(Protocol):
    """Tells all tasks, this one too. Announcements can be lost while Redis is away: they hasten, they do not prove."""

    async def publish(self, channel: str, text: str) -> None:
        """Tell everybody who listens to the channel now. Raises SharedUnavailable."""
        ...

    def listen(self, channel: str) -> AsyncGenerator[str, None]:
        """What is announced from the first step of this iterator on, in order; it ends when `Shared` is closed.

        Iterate it under `contextlib.aclosing`. Who is slow loses the oldest of more than 1,000. Never raises
        SharedUnavailable: it waits until Redis is back.
        """
        ...


class LiveLog(Protocol):
    """The log of a session while it lives: lines with sequence numbers, from one writer at a time.

    Who takes a session over first announces its epoch (an `append` without lines), so that the writer before it adds
    nothing more, then reads, and then goes on after the last number.
    """

    async def append(self, session_id: str, first_sequence: int, lines: Sequence[str], *, epoch: int) -> None:
        """Add lines numbered from `first_sequence` on, in one step.

        A number that is there already keeps its line, so a call may be repeated when its outcome is unknown. Numbers
        may be left out. Without lines it only announces the epoch. An older epoch than the newest seen raises Fenced
        and adds nothing. Raises SharedUnavailable; the lines may have been added or not.
        """
        ...

    async def read(self, session_id: str, after: int) -> list[tuple[int, str]]:
        """All lines whose number is greater than `after`, in order; none if there is no log.

        Raises SharedUnavailable.
        """
        ...

    async def expire(self, session_id: str, seconds: float) -> None:
        """Let it end after `seconds`, unless something is added. Raises SharedUnavailable."""
        ...

    async def delete(self, session_id: str) -> None:
        """Remove all lines. The epoch stays known, so that a writer left behind does not bring them back.

        Raises SharedUnavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class Shared:
    """Everything that tasks share, of one kind."""

    rate_limits: RateLimits
    leases: Leases
    announcements: Announcements
    live_log: LiveLog
