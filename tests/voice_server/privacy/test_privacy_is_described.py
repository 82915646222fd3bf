"""The description of the routes of privacy: whole, and true of what they answer."""

import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from pydantic.json_schema import models_json_schema

from tests.voice_server.privacy.private_server import PrivateServer, Somebody
from voice_server.openapi import answers, privacy
from voice_server.privacy.purposes import wordings

_, MODELS = models_json_schema(
    [(body, "validation") for body in privacy.BODIES], ref_template="#/components/schemas/{model}"
)
DESCRIBED: dict[str, Any] = {
    "paths": privacy.paths(),
    "components": {"schemas": {**MODELS["$defs"], **answers.SCHEMAS, **privacy.SCHEMAS}},
}


async def test_it_has_every_route_and_no_other(server: PrivateServer) -> None:
    routes = [*server.privacy.routes, *server.privacy.protected_routes]
    served = {(route.method.lower(), route.path) for route in routes}
    assert served == {(method, path) for path, methods in DESCRIBED["paths"].items() for method in methods}


def test_paths_and_references_are_whole() -> None:
    for reference in set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DESCRIBED))):
        assert reference in DESCRIBED["components"]["schemas"]
    for path, methods in DESCRIBED["paths"].items():
        for described in methods.values():
            names = {each["name"] for each in described.get("parameters", ()) if each["in"] == "path"}
            assert names == set(re.findall(r"{(\w+)}", path))


async def test_answers_are_as_described(server: PrivateServer, ada: Somebody) -> None:
    async def check(method: str, path: str, address: str, body: object = None) -> dict[str, Any]:
        status, answer = await ada.gdpr(method.upper(), address, body)
        responses = DESCRIBED["paths"][f"/api/v1/gdpr/{path}"][method]["responses"]
        schema = responses[str(status)]["content"]["application/json"]["schema"]
        jsonschema.validate(answer, {**schema, "components": DESCRIBED["components"]})
        return answer

    await check("get", "purposes", "purposes?language=it")
    await check("get", "consents", "consents")
    body = {"purpose": "memory", "granted": True, "wording_version": wordings()["memory"].version}
    await check("post", "consents", "consents", body)
    await check("get", "audit", "audit")
    job = await check("post", "export", "export")
    await server.carry_out()
    await check("get", "jobs/{job_id}", f"jobs/{job['id']}")
    erasure = await check("post", "erasure", "erasure")
    await check("delete", "jobs/{job_id}", f"jobs/{erasure['id']}")
    erasure = await check("post", "erasure", "erasure", {})
    await server.carry_out()
    seen = await check("get", "receipts/{token}", f"receipts/{erasure['receipt_token']}")
    await check("get", "receipts/verify", f"receipts/verify?receipt={seen['receipt']}")
