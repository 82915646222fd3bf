"""How late the event loop wakes whoever sleeps on it: what every conversation of this process feels at once."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator

SLEEP_SECONDS = 0.05
"""Between two looks at the clock."""
REMEMBERED_SECONDS = 5.0
"""How far back `RecentLag` looks."""


async def late_wakes() -> AsyncGenerator[float, None]:
    """Sleep again and again, and give each time by how many seconds the loop was late. Ends when it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + SLEEP_SECONDS
        await asyncio.sleep(SLEEP_SECONDS)
        yield max(0.0, loop.time() - due)


class RecentLag:
    """The lag that 95 % of the wakes of the last seconds stayed within: one late wake is forgiven, a few are not."""

    def __init__(self) -> None:
        self._wakes: deque[tuple[float, float]] = deque()

    def add(self, now: float, late_seconds: float) -> float:
        """Take note of a wake at this time of a steady clock; gives the lag, in seconds."""
        self._wakes.append((now, late_seconds))
        while self._wakes[0][0] <= now - REMEMBERED_SECONDS:
            self._wakes.popleft()
        return self.seconds

    @property
    def seconds(self) -> float:
        """The 95th percentile by nearest rank; 0 before the first wake."""
        # At most 100 of them, because each comes after a sleep.
        ordered = sorted(late for _, late in self._wakes)
        return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else 0.0
