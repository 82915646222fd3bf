"""What a test asks for in its middle, where no fixture reaches: a function that many tests call, say."""

from collections.abc import Iterator
from typing import Any

import pytest

_requests: list[pytest.FixtureRequest] = []


@pytest.fixture(autouse=True)
def _running_test(request: pytest.FixtureRequest) -> Iterator[None]:
    _requests.append(request)
    yield
    _requests.pop()


def ask_for(fixture: str) -> Any:
    """The fixture of this name, for the test that is running; made when it is first asked for."""
    return _requests[-1].getfixturevalue(fixture)
