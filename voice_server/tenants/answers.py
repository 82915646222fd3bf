"""What the routes of tenants answer: times in ISO 8601, nothing to be kept by anybody on the way."""

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web


def answer(fields: Mapping[str, Any], *, status: int = 200, version: int | None = None) -> web.Response:
    """JSON; `version` becomes the ETag."""
    headers = {"Cache-Control": "no-store"}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    body = orjson.dumps(fields, option=orjson.OPT_UTC_Z)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
