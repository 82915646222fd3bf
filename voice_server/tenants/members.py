"""Who belongs to a tenant, and as what. There is no way to leave it without an admin, once it has one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from voice_server.accounts.ended_access import end_access
from voice_server.audit import note
from voice_server.auth import Principal
from voice_server.http.errors import ApiError
from voice_server.storage.postgres.database import Connection, Database
from voice_server.storage.postgres.statements import Statements

MemberRole = Literal["customer", "staff", "admin"]


@dataclass(frozen=True, slots=True)
class Member:
    """A person, as one tenant sees them."""

    account_id: UUID
    email: str
    name: str
    role: MemberRole
    created_at: datetime


class Members:
    """Those of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = Statements.of("memberships")

    async def list(self, tenant_id: UUID, after: UUID, role: MemberRole | None, limit: int) -> "list[Member]":
        """By their ids, from behind `after`."""
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(self._statements["list"], tenant_id, after, role, limit)
        return [Member(**row) for row in rows]

    async def find(self, tenant_id: UUID, account_id: UUID) -> Member | None:
        """One of them."""
        async with self._database.tenant(tenant_id) as connection:
            row = await connection.fetchrow(self._statements["find"], tenant_id, account_id)
        return None if row is None else Member(**row)

    async def add(
        self, principal: Principal, tenant_id: UUID, email: str, role: MemberRole, request_id: str
    ) -> Member | None:
        """Let the person of this address be that, whatever they were; None if nobody has verified the address."""
        # Everyone, because the tenant does not see who is not yet its member.
        async with self._database.everyone() as connection:
            account_id = await connection.fetchval(self._statements["find_account"], email)
            if account_id is None:
                await note(connection, principal, "look_up", "account", "unknown", request_id, tenant_id=tenant_id)
                return None
            if await self._may_change(connection, tenant_id, account_id, role):
                await end_access(connection, [account_id])
            return await self._put(connection, principal, tenant_id, account_id, role, request_id)

    async def change(
        self, principal: Principal, tenant_id: UUID, account_id: UUID, role: MemberRole, request_id: str
    ) -> Member | None:
        """Let this member be something else; None if it is none. Raises ApiError 409 for the last admin."""
        # Everyone, because what ends their access tokens is of no tenant.
        async with self._database.everyone() as connection:
            if not await self._may_change(connection, tenant_id, account_id, role):
                return None
            await end_access(connection, [account_id])
            return await self._put(connection, principal, tenant_id, account_id, role, request_id)

    async def remove(self, principal: Principal, tenant_id: UUID, account_id: UUID, request_id: str) -> bool:
        """Let them be nobody here; False if they are. Raises ApiError 409 for the last admin."""
        # Everyone, because what ends their access tokens is of no tenant.
        async with self._database.everyone() as connection:
            if not await self._may_change(connection, tenant_id, account_id, None):
                return False
            await connection.execute(self._statements["remove"], tenant_id, account_id)
            await connection.execute(self._statements["revoke_log_ins"], tenant_id, account_id)
            await end_access(connection, [account_id])
            await note(connection, principal, "remove", "member", str(account_id), request_id, tenant_id=tenant_id)
        return True

    async def _put(
        self,
        connection: Connection,
        principal: Principal,
        tenant_id: UUID,
        account_id: UUID,
        role: MemberRole,
        request_id: str,
    ) -> Member:
        await connection.execute(self._statements["put"], tenant_id, account_id, role)
        action = f"make_{role}"
        await note(connection, principal, action, "member", str(account_id), request_id, tenant_id=tenant_id)
        row = await connection.fetchrow(self._statements["find"], tenant_id, account_id)
        assert row is not None
        return Member(**row)

    async def _may_change(
        self, connection: Connection, tenant_id: UUID, account_id: UUID, role: MemberRole | None
    ) -> bool:
        """Whether it is a member. Raises ApiError 409 if the tenant would be left without an admin."""
        # One after the other: two admins who remove each other at one moment would both see the other still there.
        await connection.execute(Statements.of("tenants")["lock"], tenant_id)
        member = await connection.fetchrow(self._statements["find"], tenant_id, account_id)
        if member is None:
            return False
        is_left = member["role"] == "admin" and role != "admin"
        if is_left and not await connection.fetchval(self._statements["other_admins"], tenant_id, account_id):
            raise ApiError(409, "last_admin", "This is the tenant's last admin; make somebody else one first.")
        return True
