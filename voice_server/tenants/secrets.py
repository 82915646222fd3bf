"""Keys of a tenant's own for providers: written, never read back, and sealed where they lie."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from voice_server.audit import note
from voice_server.auth import Principal
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.statements import Statements
from voice_server.storage.resealing import SealedRows
from voice_server.storage.sealed import Sealed

_HINT_FROM = 16
"""Characters from which on the last four may be shown: of a shorter one they would be too much."""


@dataclass(frozen=True, slots=True)
class TenantSecret:
    """What is told of one."""

    name: str
    hint: str
    """The last four characters; empty if it is short."""
    updated_at: datetime


class TenantSecrets:
    """Those of all tenants."""

    def __init__(self, database: Database, sealed: Sealed) -> None:
        self._database = database
        self._sealed = sealed
        self._statements = Statements.of("tenant_secrets")

    async def put(self, principal: Principal, tenant_id: UUID, name: str, value: str, request_id: str) -> TenantSecret:
        """Keep it, instead of what was there under this name."""
        ciphertext = self._sealed.seal(value.encode(), _context(tenant_id, name))
        hint = value[-4:] if len(value) >= _HINT_FROM else ""
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(self._statements["put"], tenant_id, name, ciphertext, hint)
            assert row is not None
            await note(connection, principal, "replace", "tenant_secret", name, request_id, tenant_id=tenant_id)
        return TenantSecret(**row)

    async def list(self, tenant_id: UUID) -> "list[TenantSecret]":
        """What there is, by name."""
        async with self._database.tenant(tenant_id) as connection:
            return [TenantSecret(**row) for row in await connection.fetch(self._statements["list"], tenant_id)]

    async def open(self, tenant_id: UUID) -> dict[str, str]:
        """The values by their names, for whoever asks the providers. Raises CannotOpen."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(self._statements["sealed"], tenant_id)
        return {
            row["name"]: self._sealed.open(row["ciphertext"], _context(tenant_id, row["name"])).decode() for row in rows
        }

    async def delete(self, principal: Principal, tenant_id: UUID, name: str, request_id: str) -> bool:
        """Forget it. False if there is none."""
        async with self._database.tenant(tenant_id) as connection:
            if await connection.fetchval(self._statements["delete"], tenant_id, name) is None:
                return False
            await note(connection, principal, "delete", "tenant_secret", name, request_id, tenant_id=tenant_id)
        return True


def _context(tenant_id: UUID, name: str) -> bytes:
    return f"tenant_secrets/{tenant_id}/{name}".encode()


SEALED_ROWS = SealedRows(
    "tenants' keys", "tenant_secrets", ("tenant_id", "name"), lambda row: _context(row["tenant_id"], row["name"])
)
