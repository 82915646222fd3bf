"""Client secrets: `ek_…`, which open sessions for some minutes, on every task, and do nothing else.

They are made for browsers by whoever has a key, carry the settings that their sessions begin with, and outlive the key
that made them, for two hours at most.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from voice_server.auth import CLIENT_SECRET_PREFIX, Principal, digest_of
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

MAX_SECRETS = 10_000
"""Of one tenant that are alive at once."""
SWEEP_SECONDS = 600.0
"""How long one that has expired may still lie in the database."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A key for a browser."""

    value: str
    expires_at: int
    """Seconds since 1970."""


class ClientSecretStore(Protocol):
    """Makes them, and knows them again."""

    async def issue(self, principal: Principal, seconds: int, session_config: Mapping[str, object]) -> ClientSecret:
        """Make one that lives so long. Raises ApiError 429 if too many are alive, StorageUnavailable."""
        ...

    async def principal(self, key: str) -> Principal | None:
        """See Credentials."""
        ...


class StoredClientSecrets:
    """Client secrets as rows."""

    def __init__(self, database: Database, *, limit: int = MAX_SECRETS) -> None:
        self._database = database
        self._limit = limit

    async def issue(self, principal: Principal, seconds: int, session_config: Mapping[str, object]) -> ClientSecret:
        """See ClientSecretStore."""
        value = CLIENT_SECRET_PREFIX + secrets.token_urlsafe(32)
        tenant_id = principal.tenant_id
        arguments = (digest_of(value), tenant_id, visitor_of(principal).json(), dict(session_config), seconds)
        async with self._database.tenant(tenant_id) as connection:
            expires_at = await connection.fetchval(Statements.of("client_secrets")["issue"], *arguments, self._limit)
        if expires_at is None:
            message = "Too many client secrets are alive; wait until some expire."
            raise ApiError(429, "rate_limit_exceeded", message, headers={"Retry-After": "60"})
        return ClientSecret(value, expires_at)

    async def principal(self, key: str) -> Principal | None:
        """See Credentials."""
        if not key.startswith(CLIENT_SECRET_PREFIX):
            return None
        # Everyone, because only the secret says which tenant it is of.
        async with self._database.everyone() as connection:
            row = await connection.fetchrow(Statements.of("client_secrets")["find"], digest_of(key))
        return None if row is None else Principal.from_json(row["principal"], row["session_config"])

    async def sweep(self) -> None:
        """Remove what has expired, until cancelled."""
        while True:
            try:
                # Everyone: those of tenants that nobody uses any more, too.
                async with self._database.everyone() as connection:
                    await connection.execute(Statements.of("client_secrets")["sweep"])
            except StorageUnavailable as error:
                _log.warning("expired client secrets are still there", reason=str(error))
            await asyncio.sleep(SWEEP_SECONDS)


def visitor_of(principal: Principal) -> Principal:
    """Who opens sessions with a secret that this principal has made: somebody in its name, who may do nothing else."""
    return replace(principal, session_config=None, roles=frozenset(), scopes=frozenset({"sessions"}))
