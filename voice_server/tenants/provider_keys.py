"""The keys with which a tenant's conversations ask providers, without asking the database for each conversation.

What was read is believed for five seconds: a key that was replaced is used by all new conversations after that. While
the database is away, what was read last holds on, and the default tenant, if nothing of it was ever read, has none.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from voice_server.auth import DEFAULT_TENANT
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.storage.sealed import CannotOpen

BELIEVED_SECONDS = 5.0
MAX_KEPT = 1000
"""Tenants; the one used longest ago goes first."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The keys of a tenant's own. Two that are equal are one version of them."""

    openai: str = field(default="", repr=False)
    elevenlabs: str = field(default="", repr=False)

    @classmethod
    def of(cls, secrets: Mapping[str, str]) -> "OwnKeys":
        """Out of all secrets of a tenant."""
        return cls(secrets.get(secret_name("openai"), ""), secrets.get(secret_name("elevenlabs"), ""))

    def key(self, provider: str) -> str:
        """For this provider; empty: there is none."""
        return {"openai": self.openai, "elevenlabs": self.elevenlabs}.get(provider, "")

    @property
    def providers(self) -> frozenset[str]:
        """For which there is one."""
        return frozenset(name for name in ("openai", "elevenlabs") if self.key(name))


def secret_name(provider: str) -> str:
    """Under which name a tenant keeps its key for this provider."""
    return f"{provider}_api_key"


class ProviderKeys:
    """Those of all tenants."""

    def __init__(
        self, secrets: Callable[[UUID], Awaitable[Mapping[str, str]]], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`secrets`: a tenant's by their names, such as `TenantSecrets.open`."""
        self._secrets = secrets
        self._now = now
        self._known: OrderedDict[UUID, tuple[float, OwnKeys]] = OrderedDict()
        """Until when they are believed."""

    async def of(self, tenant_id: UUID) -> OwnKeys:
        """Those of this tenant. Raises ApiError 503 if they cannot be opened, StorageUnavailable if unknown."""
        until, keys = self._known.get(tenant_id, (0.0, OwnKeys()))
        if self._now() < until:
            self._known.move_to_end(tenant_id)
            return keys
        asked_at = self._now()
        try:
            keys = OwnKeys.of(await self._secrets(tenant_id))
        except CannotOpen as error:
            _log.error("a tenant's keys for providers cannot be opened", tenant=str(tenant_id), reason=str(error))
            message = "The keys of this tenant cannot be opened: the server's SECRET_KEY was changed. Put them in anew."
            raise ApiError(503, "provider_keys_unreadable", message) from error
        except StorageUnavailable as error:
            if tenant_id not in self._known and tenant_id != DEFAULT_TENANT:
                raise
            # Not asked for again at once: whoever calls now should not wait for a database that is away.
            _log.warning("a tenant's keys for providers may be old", tenant=str(tenant_id), reason=str(error))
        self._known[tenant_id] = (asked_at + BELIEVED_SECONDS, keys)
        self._known.move_to_end(tenant_id)
        while len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)
        return keys
