"""Whether a provider is worth being asked: one that fails again and again is left alone, for longer each time.

Closed: it is asked. Open: it is not. Half open: its time is over, and one call may find out whether it works again.
There is no clock in here; every time is given, in seconds of the event loop.
"""

from collections import deque
from typing import Literal

State = Literal["closed", "open", "half_open"]

FAILURES_IN_A_ROW = 3
"""So many open it."""
WINDOW = 10
"""Outcomes of which more than half must be failures to open it, successes between them or not."""
WINDOW_SECONDS = 30.0
"""Outcomes that are older say nothing about now."""
FIRST_PAUSE_SECONDS = 2.0
"""How long it is left alone at first; twice as long after every probe that fails."""
LONGEST_PAUSE_SECONDS = 60.0


class CircuitBreaker:
    """The outcomes of one provider in one stage, of all conversations."""

    def __init__(self) -> None:
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=WINDOW)
        """When it was, and whether it was a success."""
        self._failures_in_a_row = 0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._is_closed = True
        self._is_probed = False
        self.retry_at = 0.0
        """When it may be asked again, if it is not closed."""
        self.times_opened = 0

    def state(self, now: float) -> State:
        """What it is now."""
        if self._is_closed:
            return "closed"
        return "half_open" if now >= self.retry_at else "open"

    def allows(self, now: float) -> bool:
        """Whether the provider may be asked: always if closed, by one call at a time if half open."""
        return self._is_closed or (now >= self.retry_at and not self._is_probed)

    @property
    def is_suspect(self) -> bool:
        """Whether its last outcome was a failure."""
        return self._failures_in_a_row > 0

    def asked(self, now: float) -> bool:
        """It is being asked; give whether this call is the probe of a half open breaker, whose outcome is due."""
        if self._is_closed or self._is_probed or now < self.retry_at:
            return False
        self._is_probed = True
        return True

    def succeeded(self, now: float) -> None:
        """It has answered: whatever was, it works."""
        if not self._is_closed:
            self._outcomes.clear()
        self._is_closed, self._is_probed = True, False
        self._failures_in_a_row = 0
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._outcomes.append((now, True))

    def failed(self, now: float, *, retry_after_seconds: float | None = None, is_probe: bool = False) -> None:
        """It has failed, and perhaps said how long it wants to be left alone."""
        self._outcomes.append((now, False))
        self._failures_in_a_row += 1
        if is_probe:
            self._is_probed = False
        if retry_after_seconds is not None:
            self._open(max(self.retry_at, now + min(retry_after_seconds, LONGEST_PAUSE_SECONDS)))
        elif is_probe:
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
            self._open(now + self._pause_seconds)
        elif self._is_closed and self._fails_too_often(now):
            self._open(now + self._pause_seconds)

    def probe_was_broken_off(self) -> None:
        """The call that was to find out ended without an outcome; the next one may try."""
        self._is_probed = False

    def _open(self, until: float) -> None:
        self.times_opened += self._is_closed
        self._is_closed = False
        self.retry_at = until

    def _fails_too_often(self, now: float) -> bool:
        if self._failures_in_a_row >= FAILURES_IN_A_ROW:
            return True
        recent = [succeeded for at, succeeded in self._outcomes if now - at <= WINDOW_SECONDS]
        return len(recent) == WINDOW and recent.count(False) * 2 > WINDOW
