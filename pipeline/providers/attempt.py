"""One request to one provider, read by a task of its own, so that several can run beside each other."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

from pipeline.errors import ProviderUnavailable
from pipeline.providers.health import HealthRecord

_Value = TypeVar("_Value")

VALUES_AHEAD = 4
"""Values that may wait to be taken; then the provider is not read until they are."""


class Attempt(Generic[_Value]):
    """A request that is under way. The stream is read, and closed, in one task from its beginning to its end."""

    def __init__(
        self,
        name: str,
        health: HealthRecord,
        stream: AsyncGenerator[_Value, None],
        news: asyncio.Event,
        *,
        is_hedge: bool,
    ) -> None:
        """`news` is set whenever there is something to take, or no more to wait for."""
        loop = asyncio.get_running_loop()
        self.name = name
        self.health = health
        self.is_hedge = is_hedge
        self.asked_at = loop.time()
        self.is_probe = health.breaker.asked(self.asked_at)
        self.has_missed = False
        """Whether its failure is counted already, although it may still answer."""
        self.values: deque[_Value] = deque()
        self.error: Exception | None = None
        """Why it has ended, if it did not end well."""
        self._news = news
        self._room = asyncio.Event()
        self._is_closing = False
        self._task = loop.create_task(self._read(stream))

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._task.done() and not self.values

    def take(self) -> _Value:
        """The next value, which must be there."""
        self._room.set()
        return self.values.popleft()

    def cancel(self) -> asyncio.Task[None]:
        """Break it off; what is given has ended soon."""
        if not self._is_closing:
            self._is_closing = True
            self._task.cancel()
        return self._task

    async def _read(self, stream: AsyncGenerator[_Value, None]) -> None:
        try:
            async with contextlib.aclosing(stream):
                async for value in stream:
                    self.values.append(value)
                    self._news.set()
                    while len(self.values) >= VALUES_AHEAD:
                        self._room.clear()
                        await self._room.wait()
        except asyncio.CancelledError:
            if not self._is_closing:
                self.error = ProviderUnavailable(f"{self.name} broke off its own answer. Try again.")
            raise
        except Exception as error:
            self.error = error
        finally:
            # Whoever is woken by this finds the task done: it runs after this step has ended.
            self._news.set()
