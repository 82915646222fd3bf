"""One stream that several read from its beginning, whenever they come: what a provider heard, another can hear too."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

_Value = TypeVar("_Value")


class Replay(Generic[_Value]):
    """Reads a source while it is entered, as fast as it gives, so that its end is known even if no reader ever comes to
    it. It remembers all of it: one utterance, or the clauses of one reply, which are bounded where they are made."""

    def __init__(self, source: AsyncIterator[_Value], came: Callable[[_Value | None], None]) -> None:
        """`came` is told of each value when the source gives it, and of None when the source has ended or failed."""
        self._source = source
        self._came = came
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._is_over = False
        self.values: list[_Value] = []
        """All so far."""
        self.error: Exception | None = None
        """Why the source failed."""

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def from_the_start(self) -> AsyncGenerator[_Value, None]:
        """Everything from the beginning. Raises what the source raised."""
        count = 0
        while True:
            while count < len(self.values):
                count += 1
                yield self.values[count - 1]
            if self.error is not None:
                raise self.error
            if self._is_over:
                return
            await self._more()

    # A task of its own: a generator ends for good if whoever waits for its next value is cancelled, and a provider that
    # fails is cancelled just then.
    async def _read(self) -> None:
        try:
            async for value in self._source:
                self.values.append(value)
                self._came(value)
                self._wake()
        except Exception as error:
            self.error = error
        finally:
            self._is_over = True
            self._wake()
        self._came(None)

    async def _more(self) -> None:
        """Wait until there is more to read."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            with contextlib.suppress(ValueError):
                self._waiting.remove(future)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
