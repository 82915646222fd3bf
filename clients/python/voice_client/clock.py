"""Time, for those who wait; a test puts its own in this place."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol


class Clock(Protocol):
    """Time as a conversation needs it."""

    def time(self) -> float:
        """Seconds that only go forward."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Wait."""
        ...


class RealTime:
    """The clock of the event loop."""

    def time(self) -> float:
        """Seconds that only go forward."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
