"""Request ids: one name by which a client, an answer and the log lines of a request are brought together."""

import re

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from pipeline.items import new_id

HEADER = "X-Request-Id"
_KEY = web.RequestKey("request_id", str)
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(request: web.Request) -> str:
    """The id of this request."""
    return request[_KEY]


@web.middleware
async def name_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take the client's (or proxy's) id if it is a harmless one, else make one; log lines and the answer carry it."""
    given = request.headers.get(HEADER, "")
    request[_KEY] = given if _ACCEPTABLE.fullmatch(given) else new_id("req")
    with structlog.contextvars.bound_contextvars(request_id=request[_KEY]):
        return await handler(request)


async def add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Put the id on the answer; for `Application.on_response_prepare`."""
    if _KEY in request:
        response.headers[HEADER] = request[_KEY]
