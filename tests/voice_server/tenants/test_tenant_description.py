"""The description of the routes of tenants: whole, and true of what they answer."""

import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from pydantic.json_schema import models_json_schema

from tests.voice_server.tenants.served_tenants import served_tenants
from voice_server.openapi import answers, tenants
from voice_server.storage.postgres.database import Database

_, MODELS = models_json_schema(
    [(body, "validation") for body in tenants.BODIES], ref_template="#/components/schemas/{model}"
)
DESCRIBED: dict[str, Any] = {
    "paths": tenants.paths(),
    "components": {"schemas": {**MODELS["$defs"], **answers.SCHEMAS, **tenants.SCHEMAS}},
}


async def test_it_has_every_route_and_no_other(database: Database) -> None:
    async with served_tenants(database) as server:
        served = {(route.method.lower(), route.path) for route in server.routes}
    assert served == {(method, path) for path, methods in DESCRIBED["paths"].items() for method in methods}


def test_paths_and_references_are_whole() -> None:
    for reference in set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DESCRIBED))):
        assert reference in DESCRIBED["components"]["schemas"]
    for path, methods in DESCRIBED["paths"].items():
        for described in methods.values():
            names = {each["name"] for each in described.get("parameters", ()) if each["in"] == "path"}
            assert names == set(re.findall(r"{(\w+)}", path))


async def test_answers_are_as_described(database: Database) -> None:
    async with served_tenants(database) as server:
        account_id = await server.account("new@example.com")
        calls: list[tuple[str, str, str, Any]] = [
            ("post", "", "", {"slug": "new", "name": "New", "config": {"assistant": {"name": "maria"}}}),
            ("get", "", "", None),
            ("get", "/{slug}", "/acme", None),
            ("put", "/{slug}/config", "/acme/config", {"config": {}, "version": 0}),
            ("get", "/{slug}/versions", "/acme/versions", None),
            ("get", "/{slug}/versions/{version}", "/acme/versions/1", None),
            ("post", "/{slug}/keys", "/acme/keys", {"name": "site", "scopes": ["speech"]}),
            ("get", "/{slug}/keys", "/acme/keys", None),
            ("put", "/{slug}/secrets/{name}", "/acme/secrets/key", {"value": "a-value"}),
            ("get", "/{slug}/secrets", "/acme/secrets", None),
            ("get", "/{slug}/providers", "/acme/providers", None),
            ("post", "/{slug}/members", "/acme/members", {"email": "new@example.com", "role": "staff"}),
            ("get", "/{slug}/members", "/acme/members", None),
            ("patch", "/{slug}/members/{account_id}", f"/acme/members/{account_id}", {"role": "admin"}),
        ]
        for method, path, address, body in calls:
            status, answer = await server.call("operator", method.upper(), address, body)
            responses = DESCRIBED["paths"][f"/api/v1/tenants{path}"][method]["responses"]
            schema = responses[str(status)]["content"]["application/json"]["schema"]
            jsonschema.validate(answer, {**schema, "components": DESCRIBED["components"]})
