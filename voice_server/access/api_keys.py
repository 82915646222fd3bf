"""API keys of tenants: `vs_…`, shown once, of which only a digest is kept.

Who shows a key is looked up at most every ten seconds in each process, so that the database is not on the path of each
request. That is also how long a revoked key may still be accepted.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from voice_server.access.roles import Scope
from voice_server.audit import note
from voice_server.auth import API_KEY_PREFIX, Principal, Role, digest_of
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements

REMEMBERED_SECONDS = 10.0
MAX_REMEMBERED = 10_000
MAX_KEYS = 100
"""Of one tenant that are not revoked."""
_LENGTH = len(API_KEY_PREFIX) + 43
_ROLES: dict[str, Role] = {"sessions": "customer", "history": "staff", "admin": "admin"}
"""What a program with a key may do where roles are asked for."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key."""

    id: UUID
    name: str
    hint: str
    """The last four characters."""
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None


class ApiKeys:
    """The keys of all tenants."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now = now
        self._remembered: dict[bytes, tuple[float, Principal]] = {}

    async def principal(self, key: str) -> Principal | None:
        """See Credentials."""
        if not key.startswith(API_KEY_PREFIX) or len(key) != _LENGTH:
            return None
        digest = digest_of(key)
        until, remembered = self._remembered.get(digest, (0.0, None))
        if remembered is not None and self._now() < until:
            return remembered
        asked_at = self._now()
        principal = await self._find(digest)
        self._remembered.pop(digest, None)
        if principal is not None:
            if len(self._remembered) >= MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[digest] = (asked_at + REMEMBERED_SECONDS, principal)
        return principal

    async def create(
        self, principal: Principal, tenant_id: UUID, name: str, scopes: Sequence[Scope], request_id: str
    ) -> tuple[str, ApiKey]:
        """A new key: its value, which nobody can learn later, and what is known of it. Raises ApiError 409."""
        value = API_KEY_PREFIX + secrets.token_urlsafe(32)
        arguments = (tenant_id, name, digest_of(value), value[-4:], sorted(set(scopes)), principal.name, MAX_KEYS)
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(Statements.of("api_keys")["create"], *arguments)
            if row is None:
                raise ApiError(409, "too_many_keys", f"There are {MAX_KEYS} keys already; revoke one first.")
            made = _api_key(row)
            await note(connection, principal, "create", "api_key", str(made.id), request_id, tenant_id=tenant_id)
        return value, made

    async def list(self, tenant_id: UUID) -> "list[ApiKey]":
        """All that are not revoked, and those that were within the last 30 days; the newest first."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(Statements.of("api_keys")["list"], tenant_id)
        return [_api_key(row) for row in rows]

    async def revoke(self, principal: Principal, tenant_id: UUID, key_id: UUID, request_id: str) -> bool:
        """Let it open nothing any more, everywhere within REMEMBERED_SECONDS. False if there is no such key."""
        async with self._database.tenant(tenant_id) as connection:
            digest = await connection.fetchval(Statements.of("api_keys")["revoke"], tenant_id, key_id)
            if digest is None:
                return False
            await note(connection, principal, "revoke", "api_key", str(key_id), request_id, tenant_id=tenant_id)
        self._remembered.pop(digest, None)
        return True

    async def _find(self, digest: bytes) -> Principal | None:
        statements = Statements.of("api_keys")
        # Everyone, because only the key says which tenant it is of.
        async with self._database.everyone() as connection:
            row = await connection.fetchrow(statements["find"], digest)
            if row is None:
                return None
            if row["is_due"]:
                await connection.execute(statements["use"], row["id"])
        scopes = frozenset(row["scopes"])
        roles = frozenset(_ROLES[scope] for scope in scopes if scope in _ROLES)
        return Principal(f"key-{row['id']}", tenant_id=row["tenant_id"], roles=roles, scopes=scopes)


def _api_key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(
        row["id"],
        row["name"],
        row["hint"],
        tuple(row["scopes"]),
        row["created_at"],
        row["created_by"],
        row["last_used_at"],
        row["revoked_at"],
    )
