"""What browsers say for their users with every request: `Sec-GPC: 1`, a no to selling and sharing.

It counts from the first request on by which it is known who they are, be it about something else.
"""

import asyncpg
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from voice_server.auth import found_principal
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.privacy.consents import Consents
from voice_server.storage.postgres.database import StorageUnavailable

_log = structlog.get_logger(__name__)


def heeding(consents: Consents) -> Middleware:
    """Writes it down for whoever is logged in."""

    @web.middleware
    async def heed(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            await _heed(consents, request)

    return heed


async def _heed(consents: Consents, request: web.Request) -> None:
    principal = found_principal(request)
    if principal is None or principal.account_id is None:
        return
    try:
        await consents.take_signal(principal, request.headers, request_id_of(request))
    except (ApiError, StorageUnavailable, asyncpg.PostgresError) as error:
        # Nothing was asked for: somebody who was erased by this very request is nobody's customer any more.
        _log.warning("a browser's opt-out was not written down; it says so again", reason=str(error))
