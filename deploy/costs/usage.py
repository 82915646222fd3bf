"""How much is used in a month, as far as it is paid for by use."""

from dataclasses import dataclass

AUDIO_GB_PER_MINUTE = 24_000 * 2 * 60 / 1e9
"""16-bit samples at 24 kHz, one way."""


@dataclass(frozen=True, slots=True)
class Usage:
    """A month. The defaults are the 5,000 minutes of 500 people that the first plan was made for."""

    voice_minutes: float = 5000
    recorded_gb: float = 50
    """Objects, all versions."""
    logs_gb: float = 8
    """Of the application, the network and the firewall."""
    requests_millions: float = 1
    load_balancer_units: float = 0.5
    """On average. One takes 3,000 connections or 1 GB an hour."""
    images_gb: float = 4
    api_events_millions: float = 0.3
    """Of the account, as GuardDuty counts them."""
    tokens_in_millions: float = 2.5
    tokens_out_millions: float = 0.5
    spoken_characters_thousands: float = 750

    @property
    def audio_gb(self) -> float:
        """One way, between clients and tasks, and about as much between tasks and providers."""
        return self.voice_minutes * AUDIO_GB_PER_MINUTE
