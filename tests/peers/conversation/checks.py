"""What a peer's conversation has shown: one line for each check."""

import asyncio
import time
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class Missed(Exception):
    """Something that a conversation cannot go on without did not happen."""


class Checks:
    """Prints what was checked and what was seen, and remembers whether all of it was well."""

    def __init__(self) -> None:
        self.failed = 0

    def check(self, what: str, passed: bool, seen: object) -> None:
        self.failed += not passed
        print(f"{'ok  ' if passed else 'FAIL'} {what}: {seen}", flush=True)

    def measured(self, what: str, seconds: float) -> None:
        print(f"time {what}: {seconds * 1000:.0f} ms", flush=True)

    async def awaited(self, what: str, awaitable: Awaitable[_Result], seconds: float = 20.0) -> _Result:
        """Wait for it. Raises Missed."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                return await awaitable
        except TimeoutError:
            raise Missed(f"waited {time.monotonic() - started:.0f} s for {what}") from None

    def run(self, conversation: Coroutine[Any, Any, None]) -> int:
        """Hold the whole conversation; gives the exit code."""
        try:
            asyncio.run(conversation)
        except Missed as missed:
            self.check("conversation", passed=False, seen=missed)
        print(f"{'all well' if not self.failed else f'{self.failed} failed'}", flush=True)
        return 1 if self.failed else 0


def digits(text: str) -> str:
    """The text without the separators that people put into numbers."""
    return text.replace(",", "").replace("\u202f", "")
