"""The description has every route of accounts, and what it says of answers holds."""

import re

from pydantic.json_schema import models_json_schema

from tests.voice_server.accounts.account_server import AccountServer, Browser
from voice_server.openapi.accounts import BODIES, SCHEMAS, paths


async def test_every_route_is_described_and_no_other(server: AccountServer) -> None:
    served = {
        (route.method.lower(), route.path) for route in (*server.accounts.routes, *server.accounts.protected_routes)
    }
    assert served == {(method, path) for path, methods in paths().items() for method in methods}


async def test_only_those_that_need_a_key_say_so(server: AccountServer, browser: Browser) -> None:
    for path, methods in paths().items():
        for method, operation in methods.items():
            status, answer = await browser.send(method.upper(), path.replace("{account_id}", "x"))
            refused = status == 401 and answer["error"]["code"] == "invalid_api_key"
            assert refused == ("security" not in operation), path
            assert str(status) in operation["responses"]


async def test_answers_have_what_is_said(browser: Browser) -> None:
    await browser.register()
    tokens = await browser.log_in(refresh_token_in="body")
    _, profile = await browser.send("GET", "/api/v1/users/me")
    _, me = await browser.send("GET", "/api/v1/auth/me")
    for name, fields in (("Tokens", tokens), ("Profile", profile), ("WhoAmI", me)):
        assert set(fields) == set(SCHEMAS[name]["properties"])


def test_every_reference_leads_somewhere() -> None:
    _, bodies = models_json_schema([(body, "validation") for body in BODIES])
    known = {*SCHEMAS, *bodies["$defs"]}
    assert set(re.findall(r"#/components/schemas/(\w+)", str(paths()))) <= known
