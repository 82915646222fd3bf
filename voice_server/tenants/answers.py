"""What the routes of tenants answer: times in ISO 8601, nothing to be kept by anybody on the way."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web


def answer(fields: Mapping[str, Any], *, status: int = 200, version: int | None = None) -> web.Response:
    """JSON; `version` becomes the ETag."""
    headers = {"Cache-Control": "no-store"}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    body = orjson.dumps(fields, default=_plain, option=orjson.OPT_UTC_Z)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def _plain(value: object) -> str:
    """Ids as the database gives them are of a class of its own, which the writer of JSON does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
