"""Client secrets without a database, for tests about something else."""

from collections.abc import Mapping
from dataclasses import replace

from voice_server.access.client_secrets import ClientSecret, visitor_of
from voice_server.auth import Principal


class SecretsInMemory:
    """They never expire."""

    def __init__(self) -> None:
        self._known: dict[str, Principal] = {}

    async def issue(self, principal: Principal, seconds: int, session_config: Mapping[str, object]) -> ClientSecret:
        """See ClientSecretStore."""
        value = f"ek_{len(self._known)}"
        self._known[value] = replace(visitor_of(principal), session_config=session_config)
        return ClientSecret(value, 2_000_000_000 + seconds)

    async def principal(self, key: str) -> Principal | None:
        """See Credentials."""
        return self._known.get(key)
