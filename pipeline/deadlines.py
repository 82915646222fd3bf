"""How long the pipeline waits for a provider."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TypeVar

from pipeline.errors import ProviderTimeout

T = TypeVar("T")


async def with_deadlines(
    stream: AsyncGenerator[T, None], first_seconds: float, idle_seconds: float, what: str
) -> AsyncGenerator[T, None]:
    """Give what a provider gives, and close it when it takes too long.

    Only the time that the provider takes is counted, not the time that the consumer spends on what it got. Closing
    this generator closes `stream`. `what` begins the sentence that tells of a miss, such as "OpenAI's speech".
    Raises ProviderTimeout after `first_seconds` without a first value or `idle_seconds` without another or the end.
    """
    seconds, missing = first_seconds, "did not begin"
    async with contextlib.aclosing(stream):
        while True:
            # Built by hand: a TimeoutError of the provider's own must not be mistaken for the deadline.
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    value = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise ProviderTimeout(
                    f"{what} {missing} within {seconds:g} s. The provider may be overloaded; try again."
                ) from error
            yield value
            seconds, missing = idle_seconds, "stopped and did not go on"
