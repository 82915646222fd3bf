"""How long an emulated vendor takes."""

import asyncio
import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """The delays of one set of vendors."""

    transcript_seconds: float
    """From the end of the audio to the final transcript."""
    first_token_seconds: float
    """From the request to the model's first token."""
    tokens_per_second: float
    """Infinite: all at once."""
    first_audio_seconds: float
    """From a clause to its first samples."""
    speech_rate: float
    """Seconds of speech that are made in one second. Infinite: all at once."""
    jitter: float = 0.0
    """Each delay is stretched or shrunk by up to this share of itself."""
    tails: bool = False
    """Each delay is drawn from a log-normal distribution whose median is its value; the spreads are assumptions."""


UNLIMITED = float("inf")
TRANSCRIPT_SPREAD = 0.35
"""Standard deviation of the logarithm: the 95th percentile is 1.8 times the median, the 99th 2.3 times."""
FIRST_TOKEN_SPREAD = 0.45
"""2.1 times and 2.8 times."""
TOKEN_SPREAD = 0.5
FIRST_AUDIO_SPREAD = 0.35

PROFILES = {
    "seed": Profile(0.3, 0.35, 100.0, 0.2, 10.0),
    "fast": Profile(0.12, 0.15, 200.0, 0.075, 20.0),
    "zero": Profile(0.0, 0.0, UNLIMITED, 0.0, UNLIMITED),
}


class Delays:
    """The delays of one request. The same seed and name give the same delays."""

    def __init__(self, profile: Profile, seed: int, name: str) -> None:
        self._profile = profile
        self._random = random.Random(f"{seed}/{name}")

    async def transcript(self) -> None:
        """Until the final transcript."""
        await self._pass(self._profile.transcript_seconds, TRANSCRIPT_SPREAD)

    async def first_token(self) -> None:
        """Until the model's first token."""
        await self._pass(self._profile.first_token_seconds, FIRST_TOKEN_SPREAD)

    async def token(self) -> None:
        """Until the model's next token."""
        await self._pass(1.0 / self._profile.tokens_per_second, TOKEN_SPREAD)

    async def first_audio(self) -> None:
        """Until the first samples of a clause."""
        await self._pass(self._profile.first_audio_seconds, FIRST_AUDIO_SPREAD)

    async def speech(self, seconds: float) -> None:
        """Until so many more seconds of speech are made."""
        await self._pass(seconds / self._profile.speech_rate)

    async def _pass(self, seconds: float, spread: float = 0.0) -> None:
        if seconds > 0:
            jitter = self._profile.jitter
            stretch = self._random.uniform(1 - jitter, 1 + jitter)
            if self._profile.tails and spread:
                stretch *= self._random.lognormvariate(0.0, spread)
            await asyncio.sleep(seconds * stretch)
