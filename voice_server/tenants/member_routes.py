"""`/api/v1/tenants/{slug}/members`: the people of a tenant."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from math import ceil
from typing import cast, get_args
from uuid import UUID

from aiohttp import web

from voice_server.accounts.addresses import normal_address
from voice_server.auth import Principal
from voice_server.http.bodies import read_body
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.storage.shared.interfaces import RateLimits
from voice_server.tenants.answers import answer
from voice_server.tenants.bodies import MemberBody, NewMemberBody
from voice_server.tenants.members import MemberRole, Members
from voice_server.tenants.reach import id_in, limit_of, not_found, reach
from voice_server.tenants.tenants import Tenants

Invite = Callable[[Principal, UUID, str, MemberRole, str], Awaitable[UUID | None]]
ADDED_AN_HOUR = 60
"""Addresses that a tenant may try: an admin learns by it who has an account here."""


class MemberRoutes:
    """The endpoints, to be protected."""

    def __init__(self, tenants: Tenants, members: Members, rate_limits: RateLimits, invite: Invite) -> None:
        """`invite`: where the tenant invites; see `Invitations`. It gives the account; None if there can be none."""
        self._invite = invite
        self._tenants = tenants
        self._members = members
        self._rate_limits = rate_limits

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/tenants/{slug}/members", self.list),
            web.post("/api/v1/tenants/{slug}/members", self.add),
            web.patch("/api/v1/tenants/{slug}/members/{account_id}", self.change),
            web.delete("/api/v1/tenants/{slug}/members/{account_id}", self.remove),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """All by their ids, or those of one `role`; `after` is the last id of the page before."""
        _, tenant = await reach(request, self._tenants)
        role = request.query.get("role")
        if role is not None and role not in get_args(MemberRole):
            raise ApiError(
                400, "invalid_value", f"role must be one of {', '.join(get_args(MemberRole))}.", param="role"
            )
        try:
            after = UUID(request.query.get("after", str(UUID(int=0))))
        except ValueError:
            raise ApiError(400, "invalid_value", "after must be the id of a member.", param="after") from None
        found = await self._members.list(tenant.id, after, cast("MemberRole | None", role), limit_of(request))
        return answer({"members": [asdict(member) for member in found]})

    async def add(self, request: web.Request) -> web.Response:
        """Somebody by their address: who has an account, or, where the tenant invites, whoever gets the letter."""
        principal, tenant = await reach(request, self._tenants, writes=True)
        body = await read_body(request, NewMemberBody)
        try:
            address = normal_address(body.email)
        except ValueError as error:
            raise ApiError(400, "invalid_value", f"email: {error}.", param="email") from error
        wait = await self._rate_limits.take(f"members/{tenant.id}", ADDED_AN_HOUR, 3600.0)
        if wait > 0:
            message = "Too many addresses were tried; wait a while."
            raise ApiError(429, "rate_limit_exceeded", message, headers={"Retry-After": str(ceil(wait))})
        request_id = request_id_of(request)
        member = await self._members.add(principal, tenant.id, address, body.role, request_id)
        if member is None:
            invited = await self._invite(principal, tenant.id, address, body.role, request_id)
            member = None if invited is None else await self._members.find(tenant.id, invited)
        if member is None:
            raise not_found("account", "Nobody has registered and verified this address; let them do so first.")
        return answer(asdict(member), status=201)

    async def change(self, request: web.Request) -> web.Response:
        """Let a member be something else."""
        principal, tenant = await reach(request, self._tenants, writes=True)
        account_id = id_in(request, "account_id", "member")
        body = await read_body(request, MemberBody)
        member = await self._members.change(principal, tenant.id, account_id, body.role, request_id_of(request))
        if member is None:
            raise not_found("member", "There is no such member here.")
        return answer(asdict(member))

    async def remove(self, request: web.Request) -> web.Response:
        """Let a member be nobody here."""
        principal, tenant = await reach(request, self._tenants, writes=True)
        account_id = id_in(request, "account_id", "member")
        if not await self._members.remove(principal, tenant.id, account_id, request_id_of(request)):
            raise not_found("member", "There is no such member here.")
        return web.Response(status=204)
