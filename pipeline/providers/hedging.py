"""When a second request is sent beside one that does not answer, and how many of them there may be.

A request that takes longer than nearly all before it is probably stalled. A second one, sent then, is mostly answered
soon. Its price is one more request, so their number is bounded to a share of all calls, a different one in each stage.
"""

import math
from collections import deque

BURST = 15.0
"""Hedges that may be sent at once beyond that: what was saved up in the calls before."""
REMEMBERED_CALLS = 200
ENOUGH_CALLS = 20
"""With fewer, nothing is known of a provider, and only the fixed deadline counts."""
SOONEST_SECONDS = 0.05
MARGIN = 1.02
"""A provider that always takes the same time is not to be overtaken by a hair."""
HEALTHY_SHARE = 0.05
"""Hedged of a provider that never stalls: its slowest calls."""
SHARE_PER_STALLED = 4.0
"""Hedged of one that does: so many more for each call that was overtaken by its hedge. One that stalls is worth being
hedged sooner than at its slowest calls, for the hedge's own delay comes on top."""
SPARED_SHARE = 0.01
"""Hedged is a little less than the budget allows, lest it be spent when it is needed."""


class HedgeBudget:
    """Hedges that may still be sent."""

    def __init__(self, largest_share: float) -> None:
        """`largest_share`: hedges per call, in the long run."""
        self._largest_share = largest_share
        self._hedges = BURST

    def earn(self) -> None:
        """A call was made."""
        self._hedges = min(BURST, self._hedges + self._largest_share)

    def spend(self) -> bool:
        """Take one, if there is one left."""
        if self._hedges < 1.0:
            return False
        self._hedges -= 1.0
        return True


class ObservedLatency:
    """How long a provider's last calls took to their first value."""

    def __init__(self, largest_share: float) -> None:
        """`largest_share`: of the calls that may be hedged."""
        self._largest_share = largest_share - SPARED_SHARE
        self._calls: deque[tuple[float, bool]] = deque(maxlen=REMEMBERED_CALLS)
        """Seconds, and whether a hedge was quicker."""
        self._hedge_seconds: float | None = None

    def took(self, seconds: float) -> None:
        """A call was answered after so long."""
        self._note(seconds, overtaken=False)

    def took_at_least(self, seconds: float) -> None:
        """A call was overtaken by its hedge. To leave it out would make the provider look quicker than it is, and so
        every later call would be hedged a little earlier."""
        self._note(seconds, overtaken=True)

    def hedge_seconds(self, latest_seconds: float) -> float:
        """How long to wait before a hedge: as long as nearly all calls take, `latest_seconds` at most."""
        if len(self._calls) < ENOUGH_CALLS:
            return latest_seconds
        if self._hedge_seconds is None:
            self._hedge_seconds = self._usual_seconds()
        return min(max(SOONEST_SECONDS, self._hedge_seconds), latest_seconds)

    def _usual_seconds(self) -> float:
        overtaken = sum(overtaken for _, overtaken in self._calls)
        share = min(HEALTHY_SHARE + SHARE_PER_STALLED * overtaken / len(self._calls), self._largest_share)
        ordered = sorted(seconds for seconds, _ in self._calls)
        return MARGIN * ordered[min(math.ceil((1 - share) * len(ordered)), len(ordered) - 1)]

    def _note(self, seconds: float, *, overtaken: bool) -> None:
        self._calls.append((seconds, overtaken))
        self._hedge_seconds = None
