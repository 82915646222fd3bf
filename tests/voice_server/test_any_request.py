"""Whatever anybody sends to any route that is described, the answer is none that the server has to be sorry for.

The requests are made up from the description, right and wrong ones; so are those of people with and without a key.
"""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.voice_server.full_server import KEY, FullServer, full_server

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
NOT_HTTP = {"/v1/realtime", "/realtime"}
"""WebSockets."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("key", "times"), [(None, 2), (KEY, 8)], ids=["nobody", "an operator"])
async def test_any_request_is_answered_as_described(key: str | None, times: int) -> None:
    async with full_server(api_keys=(KEY,)) as server:
        await asyncio.to_thread(ask_everything, server, key, times)


def ask_everything(server: FullServer, key: str | None, times: int) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    wrong: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in NOT_HTTP:
            continue
        try:
            ask(operation, headers, times)
        except Exception as error:
            wrong.append(f"{operation.label}: {error}")
    assert not wrong, "\n\n".join(wrong)


def ask(operation: Any, headers: dict[str, str], times: int) -> None:
    @settings(
        max_examples=times,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy())
    def answered(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    answered()
