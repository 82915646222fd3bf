"""The description is of this server, whole and valid in itself."""

import json
import re
from typing import Any

from tests.voice_server.full_server import full_server
from tests.voice_server.test_app import routes_of
from voice_server.openai_api.unsupported import UNSUPPORTED

NOT_DESCRIBED = {"/", "/assets", "/docs", "/docs/{file}", "/openapi.json", *UNSUPPORTED}


async def description() -> dict[str, Any]:
    async with full_server() as server, server.http.get("/openapi.json") as answer:
        assert answer.status == 200
        described: dict[str, Any] = await answer.json()
        return described


async def test_it_has_every_route_and_no_other() -> None:
    async with full_server() as server:
        served = {(method.lower(), path) for method, path in routes_of(server.app) if path not in NOT_DESCRIBED}
    described = await description()
    assert served == {(method, path) for path, methods in described["paths"].items() for method in methods}


async def test_every_reference_leads_somewhere() -> None:
    described = await description()
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(described))):
        at: Any = described
        for step in reference.split("/"):
            at = at[step]
        assert at


async def test_every_operation_says_what_it_needs_and_gives() -> None:
    described = await description()
    assert described["openapi"].startswith("3.1")
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["responses"]
            names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert names == set(re.findall(r"{(\w+)}", path))
