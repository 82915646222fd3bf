"""Tenants, and the versions of how their assistants are held."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from voice_server.access.roles import has_role
from voice_server.audit import note
from voice_server.auth import DEFAULT_TENANT, Principal
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Connection, Database
from voice_server.storage.postgres.statements import Statements
from voice_server.tenants.config import TenantConfig


@dataclass(frozen=True, slots=True)
class Tenant:
    """One of them."""

    id: UUID
    slug: str
    name: str
    version: int
    """Of its configuration; 0: it has none yet."""
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TenantVersion:
    """How a tenant's assistant was held at a time."""

    version: int
    config: TenantConfig
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """The same in a list."""

    version: int
    created_at: datetime
    created_by: str


class Tenants:
    """All of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = Statements.of("tenants")

    async def create(
        self, principal: Principal, slug: str, name: str, config: TenantConfig | None, request_id: str
    ) -> Tenant:
        """A new one. Raises ApiError 409 if the slug is taken, also by one that is closed."""
        # Everyone, because it is nobody's before it is there; only operators come here.
        async with self._database.everyone() as connection:
            row = await connection.fetchrow(self._statements["create"], slug, name)
            if row is None:
                raise ApiError(
                    409, "slug_taken", f"There is a tenant {slug} already; choose another slug.", param="slug"
                )
            tenant_id = row["id"]
            if config is not None:
                await self._add(connection, principal, tenant_id, 1, config)
            await note(connection, principal, "create", "tenant", str(tenant_id), request_id, tenant_id=tenant_id)
        return Tenant(**{**row, "version": 0 if config is None else 1})

    async def page(self, after: str, limit: int) -> list[Tenant]:
        """By their slugs, from behind `after`; for operators."""
        # Everyone: that is the list.
        async with self._database.everyone() as connection:
            return [Tenant(**row) for row in await connection.fetch(self._statements["list"], after, limit)]

    async def find(self, principal: Principal, slug: str) -> Tenant | None:
        """The tenant of this slug, as far as this principal can see: an operator sees all, others their own."""
        seen = self._database.everyone() if has_role(principal, "operator") else None
        async with seen or self._database.tenant(principal.tenant_id) as connection:
            row = await connection.fetchrow(self._statements["find"], slug)
        return None if row is None else Tenant(**row)

    async def close(self, principal: Principal, tenant: Tenant, request_id: str) -> None:
        """Let nothing begin there any more. Raises ApiError 409 for the default tenant."""
        if tenant.id == DEFAULT_TENANT:
            message = "The default tenant cannot be closed: it is where everybody is who is of no other."
            raise ApiError(409, "default_tenant", message)
        async with self._database.tenant(tenant.id) as connection:
            if await connection.fetchval(self._statements["close"], tenant.id) is not None:
                subject = str(tenant.id)
                await note(connection, principal, "close", "tenant", subject, request_id, tenant_id=tenant.id)

    async def edit(
        self, principal: Principal, tenant_id: UUID, expected_version: int, config: TenantConfig, request_id: str
    ) -> TenantVersion:
        """The next version. Raises ApiError 409 unless `expected_version` is the newest, 403 for others' quotas."""
        async with self._database.tenant(tenant_id) as connection:
            version, closed_at = await connection.fetchrow(self._statements["lock"], tenant_id) or (0, None)
            if closed_at is not None:
                raise tenant_closed()
            if version != expected_version:
                message = f"Somebody has changed it meanwhile: version {version} is the newest. Read it and try again."
                raise ApiError(409, "version_conflict", message, param="version")
            config = await self._with_quotas(connection, principal, tenant_id, version, config)
            added = await self._add(connection, principal, tenant_id, version + 1, config)
            await note(connection, principal, "configure", "tenant", str(tenant_id), request_id, tenant_id=tenant_id)
        return added

    async def version(self, tenant_id: UUID, version: int) -> TenantVersion | None:
        """One version; 0 is none."""
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(self._statements["version"], tenant_id, version)
        return None if row is None else _version(row)

    async def versions(self, tenant_id: UUID, before: int, limit: int) -> list[VersionEntry]:
        """The newest first, from below `before`."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(self._statements["versions"], tenant_id, before, limit)
        return [VersionEntry(**row) for row in rows]

    async def _with_quotas(
        self, connection: Connection, principal: Principal, tenant_id: UUID, version: int, config: TenantConfig
    ) -> TenantConfig:
        """With the quotas that hold, which admins of a tenant cannot change: they are what it is granted."""
        row = await connection.fetchrow(self._statements["version"], tenant_id, version)
        quotas = None if row is None else _version(row).config.quotas
        if config.quotas is None:
            return config.model_copy(update={"quotas": quotas})
        if config.limits != TenantConfig(quotas=quotas).limits and not has_role(principal, "operator"):
            message = "Only an operator of the server changes quotas; leave config.quotas out to keep them."
            raise ApiError(403, "insufficient_role", message, param="config.quotas")
        return config

    async def _add(
        self, connection: Connection, principal: Principal, tenant_id: UUID, version: int, config: TenantConfig
    ) -> TenantVersion:
        kept = config.model_dump(mode="json", exclude_none=True)
        arguments = (tenant_id, version, kept, principal.name)
        row = await connection.fetchrow(self._statements["add_version"], *arguments)
        assert row is not None
        await connection.execute(self._statements["count_version"], tenant_id, version)
        return _version(row)


def tenant_closed() -> ApiError:
    """Why nothing can be changed or begun there."""
    return ApiError(409, "tenant_closed", "This tenant is closed; nothing can be changed or begun there any more.")


def _version(row: asyncpg.Record) -> TenantVersion:
    return TenantVersion(row["version"], TenantConfig.from_json(row["config"]), row["created_at"], row["created_by"])
