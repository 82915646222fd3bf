"""Who is asked in a tenant's conversations, in which order, and on whose account.

A tenant that brings keys of its own never spends the operator's, and its words go to nobody but those that it has named
or has a key for, unless it says `fallback_to_server`. What is embedded is nobody's account: no word leaves the server.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.providers.catalog import PROVIDERS, Stage
from voice_server.tenants.config import ProvidersConfig

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Place:
    """One in the order."""

    provider: str
    account: Literal["tenant", "server"]
    """Whose. What is embedded is the server's."""


@dataclass(frozen=True, slots=True)
class Order:
    """All of one stage."""

    places: tuple[Place, ...]
    lacking: tuple[str, ...] = ()
    """Named, but not to be asked: there is no key for them, or this server does not have them."""

    @property
    def names(self) -> list[str]:
        """Each provider once, in this order."""
        return list(dict.fromkeys(place.provider for place in self.places))


def is_servers(config: ProvidersConfig, own: Collection[str]) -> bool:
    """Whether the tenant leaves everything to the server. `own`: the providers that it has keys for."""
    return not own and config.stt is config.llm is config.tts is None


def order_of(stage: Stage, config: ProvidersConfig, own: Collection[str], house: Sequence[str]) -> Order:
    """Who is asked in this stage. `house`: whom the server itself asks there."""
    named: Sequence[str] | None = {"STT": config.stt, "LLM": config.llm, "TTS": config.tts}[stage]
    servers = tuple(Place(name, "server") for name in house)
    if named is None and not own:
        return Order(servers)
    if named is None:
        named = [name for name in PROVIDERS[stage] if name in own or (name == EMBEDDED and name in house)]
    found = {name: _place(stage, name, config, own, house) for name in named}
    places = [place for place in found.values() if place is not None]
    lacking = tuple(name for name, place in found.items() if place is None)
    if config.fallback_to_server:
        places += [place for place in servers if place not in places]
    return Order(tuple(places), lacking)


def _place(
    stage: Stage, name: str, config: ProvidersConfig, own: Collection[str], house: Sequence[str]
) -> Place | None:
    if name == EMBEDDED:
        # Every assistant can answer something by itself; to hear and to speak, a process must have been started.
        return Place(name, "server") if stage == "LLM" or name in house else None
    if name in own:
        return Place(name, "tenant")
    return Place(name, "server") if config.fallback_to_server and name in house else None
