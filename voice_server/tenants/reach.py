"""From a request to the tenant that it is about, and whether it may be."""

import re
from uuid import UUID

from aiohttp import web

from voice_server.access.roles import require
from voice_server.auth import Principal, Role, principal_of
from voice_server.http.errors import ApiError
from voice_server.tenants.bodies import SLUG
from voice_server.tenants.tenants import Tenant, Tenants, tenant_closed

MAX_PAGE = 500
_SLUG = re.compile(SLUG)
_WHOLE = re.compile(r"[0-9]{1,9}")


async def reach(
    request: web.Request, tenants: Tenants, role: Role = "admin", *, writes: bool = False
) -> tuple[Principal, Tenant]:
    """Who asks, and the tenant in the path. Raises ApiError.

    404 for a tenant that is unknown or somebody else's, which nobody can tell apart; 403 for those who are less than
    `role`; 409 if it is closed and this `writes`.
    """
    principal = principal_of(request)
    slug = request.match_info["slug"]
    tenant = await tenants.find(principal, slug) if _SLUG.fullmatch(slug) else None
    if tenant is None:
        raise not_found("tenant", "There is no such tenant here.")
    require(principal, role)
    if writes and tenant.closed_at is not None:
        raise tenant_closed()
    return principal, tenant


def not_found(noun: str, message: str) -> ApiError:
    """There is none, or it is somebody else's."""
    return ApiError(404, f"{noun}_not_found", message)


def id_in(request: web.Request, name: str, noun: str) -> UUID:
    """An id in the path. Raises ApiError 404 for what is none."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise not_found(noun, f"There is no such {noun.replace('_', ' ')} here.") from None


def number_of(request: web.Request, name: str, otherwise: int) -> int:
    """A whole number of the query. Raises ApiError 400."""
    text = request.query.get(name, str(otherwise))
    if not _WHOLE.fullmatch(text):
        raise ApiError(400, "invalid_value", f"{name} must be a whole number of at most nine digits.", param=name)
    return int(text)


def limit_of(request: web.Request) -> int:
    """How many are asked for at once. Raises ApiError 400."""
    limit = number_of(request, "limit", 100)
    if not 1 <= limit <= MAX_PAGE:
        raise ApiError(400, "invalid_value", f"limit must be from 1 to {MAX_PAGE}.", param="limit")
    return limit
