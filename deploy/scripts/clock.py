"""The time that is waited for, so that tests need not wait."""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Seconds that only grow."""

    def time(self) -> float:
        """Now."""
        ...

    def sleep(self, seconds: float) -> None:
        """Come back after so long."""
        ...


class RealClock:
    """The machine's."""

    def time(self) -> float:
        """Now, from any beginning."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def poll(ask: Callable[[], T | None], clock: Clock, *, every: float, seconds: float) -> T | None:
    """Ask until there is an answer; None if there is none after so many seconds."""
    until = clock.time() + seconds
    while (answer := ask()) is None:
        if clock.time() + every > until:
            return None
        clock.sleep(every)
    return answer
