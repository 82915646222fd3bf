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


UNLIMITED = float("inf")

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
        await self._pass(self._profile.transcript_seconds)

    async def first_token(self) -> None:
        """Until the model's first token."""
        await self._pass(self._profile.first_token_seconds)

    async def token(self) -> None:
        """Until the model's next token."""
        await self._pass(1.0 / self._profile.tokens_per_second)

    async def first_audio(self) -> None:
        """Until the first samples of a clause."""
        await self._pass(self._profile.first_audio_seconds)

    async def speech(self, seconds: float) -> None:
        """Until so many more seconds of speech are made."""
        await self._pass(seconds / self._profile.speech_rate)

    async def _pass(self, seconds: float) -> None:
        if seconds > 0:
            jitter = self._profile.jitter
            await asyncio.sleep(seconds * self._random.uniform(1 - jitter, 1 + jitter))
