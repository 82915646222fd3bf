"""Answers over a socket that is read meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self


class AnswersInOrder:
    """Each answer has a delay of its own from the moment it is added, but none is given before an earlier one.

    They are given while the block runs and broken off at its end. Raises ConnectionAbortedError if an answer did.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._waiting: list[asyncio.Task[None]] = []

    def add(self, delay: Callable[[], Awaitable[None]], answer: Callable[[], Awaitable[None]]) -> None:
        """Give an answer after a delay."""
        self._waiting = [task for task in self._waiting if not task.done()]
        self._waiting.append(self._group.create_task(self._give(delay, answer, tuple(self._waiting))))

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        for task in self._waiting:
            task.cancel()
        try:
            await self._group.__aexit__(*failure)
        except* ConnectionAbortedError:
            raise ConnectionAbortedError from None

    async def _give(
        self,
        delay: Callable[[], Awaitable[None]],
        answer: Callable[[], Awaitable[None]],
        earlier: tuple[asyncio.Task[None], ...],
    ) -> None:
        await delay()
        if earlier:
            await asyncio.wait(earlier)
        await answer()
