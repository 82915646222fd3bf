"""The configuration that conversations begin with, without asking the database for each.

What was read is believed for five seconds: an edit is in force everywhere after that. While the database is away, what
was read last holds on, and the default tenant, if nothing of it was ever read, is as a server without tenants.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from uuid import UUID

import structlog

from voice_server.auth import DEFAULT_TENANT
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements
from voice_server.tenants.config import TenantConfig
from voice_server.tenants.tenants import tenant_closed

BELIEVED_SECONDS = 5.0
MAX_KEPT = 1000
"""Tenants whose newest version is known, and versions that are: the one used longest ago goes first."""

_log = structlog.get_logger(__name__)


class UnknownVersion(Exception):
    """There is no such version of this tenant."""


class TenantConfigs:
    """Configurations by tenant and version."""

    def __init__(self, database: Database, *, now: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now = now
        self._current: OrderedDict[UUID, tuple[float, int | None]] = OrderedDict()
        """Until when it is believed, and the version; None: it is closed, or there is none."""
        self._versions: OrderedDict[tuple[UUID, int], TenantConfig] = OrderedDict()

    async def current(self, tenant_id: UUID) -> tuple[int, TenantConfig]:
        """The newest version: its number (0: there is none) and what it says.

        Raises ApiError 409 if the tenant is closed, StorageUnavailable if nothing is known.
        """
        until, version = self._current.get(tenant_id, (0.0, None))
        if self._now() >= until:
            version = await self._refresh(tenant_id)
        else:
            self._current.move_to_end(tenant_id)
        if version is None:
            raise tenant_closed()
        return version, await self.at(tenant_id, version)

    async def at(self, tenant_id: UUID, version: int) -> TenantConfig:
        """What this version says, which never changes. Raises UnknownVersion, StorageUnavailable."""
        if version == 0:
            return TenantConfig()
        known = self._versions.get((tenant_id, version))
        if known is None:
            async with self._database.tenant(tenant_id) as connection:
                row = await connection.fetchrow(Statements.of("tenants")["version"], tenant_id, version)
            if row is None:
                raise UnknownVersion(f"There is no version {version} of the tenant {tenant_id}.")
            known = TenantConfig.from_json(row["config"])
        self._keep(tenant_id, version, known)
        return known

    async def _refresh(self, tenant_id: UUID) -> int | None:
        asked_at = self._now()
        try:
            async with self._database.tenant(tenant_id) as connection:
                row = await connection.fetchrow(Statements.of("tenants")["current"], tenant_id)
        except StorageUnavailable as error:
            if tenant_id not in self._current and tenant_id != DEFAULT_TENANT:
                raise
            _log.warning("tenant's configuration may be old", tenant=str(tenant_id), reason=str(error))
            return self._current.get(tenant_id, (0.0, 0))[1]
        version = None if row is None or row["closed_at"] is not None else row["version"]
        if row is not None and row["config"] is not None:
            self._keep(tenant_id, row["version"], TenantConfig.from_json(row["config"]))
        self._current[tenant_id] = (asked_at + BELIEVED_SECONDS, version)
        self._current.move_to_end(tenant_id)
        while len(self._current) > MAX_KEPT:
            self._current.popitem(last=False)
        return version

    def _keep(self, tenant_id: UUID, version: int, config: TenantConfig) -> None:
        self._versions[tenant_id, version] = config
        self._versions.move_to_end((tenant_id, version))
        while len(self._versions) > MAX_KEPT:
            self._versions.popitem(last=False)
