"""How much is used in a month, as far as it is paid for by use."""

from dataclasses import dataclass, replace

AUDIO_GB_PER_MINUTE = 24_000 * 2 * 60 / 1e9
"""16-bit samples at 24 kHz, one way."""
HOURS_PER_MONTH = 730


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

    def grown_to(self, voice_minutes: float) -> "Usage":
        """The same for so many minutes of conversation: all that grows with them, grows.

        Logs, requests and recordings do not: a conversation writes two lines, asks for a handshake and a few lists, and
        is recorded only where people agree to it.
        """
        times = voice_minutes / self.voice_minutes
        grown = replace(
            self,
            voice_minutes=voice_minutes,
            tokens_in_millions=self.tokens_in_millions * times,
            tokens_out_millions=self.tokens_out_millions * times,
            spoken_characters_thousands=self.spoken_characters_thousands * times,
        )
        # One unit is 1 GB an hour; sound goes in both directions.
        units = round(2 * grown.audio_gb / HOURS_PER_MONTH, 1)
        return replace(grown, load_balancer_units=max(self.load_balancer_units, units))
