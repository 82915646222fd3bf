"""How long the pipeline waits for a provider."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.errors import ProviderTimeout

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long the providers of a stage may take. A first value is due from the end of the audio, the request to the
    model, or the first clause with words in it; only the time that a provider takes is counted."""

    hedge_seconds: float
    """Without a first value, a second request is sent: sooner, if the provider usually answers much sooner."""
    first_seconds: float
    """Without a first value, the next provider is asked."""
    last_seconds: float
    """Without a first value from anybody, the call fails, if there is no other provider to ask."""
    idle_seconds: float
    """Without another value when one is due, the provider has failed. Also how far it may fall behind fluent speech."""

    def with_first(self, seconds: float) -> "Deadlines":
        """The same for providers that need so much time for a first value."""
        stretch = seconds / self.first_seconds
        return replace(
            self,
            hedge_seconds=self.hedge_seconds * stretch,
            first_seconds=seconds,
            last_seconds=max(self.last_seconds, seconds),
        )


SPEECH_TO_TEXT = Deadlines(hedge_seconds=0.8, first_seconds=1.5, last_seconds=3.0, idle_seconds=1.5)
LANGUAGE_MODEL = Deadlines(hedge_seconds=1.2, first_seconds=2.5, last_seconds=3.0, idle_seconds=2.0)
TEXT_TO_SPEECH = Deadlines(hedge_seconds=0.8, first_seconds=1.6, last_seconds=2.5, idle_seconds=1.5)
"""Whichever stage fails, there is time left to say so within 4 s of the end of the user's speech."""

LONG_AUDIO_SECONDS = 5.0
SECONDS_PER_LONG_AUDIO_SECOND = 0.05
"""A recogniser that hears the whole utterance at its end needs longer for a long one: so much for each second of audio
beyond LONG_AUDIO_SECONDS."""


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
