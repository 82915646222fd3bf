"""What stock clients need to run."""

import os
from pathlib import Path

import pytest

from tests.acceptance.stock_clients import node


@pytest.fixture(scope="session")
def sdk() -> Path:
    """The folder in which the Agents SDK is installed."""
    if node.program("npm") is None or node.program("node") is None:
        if os.environ.get("CI"):
            pytest.fail("node and npm are needed to run the Agents SDK, and were not found on the PATH.")
        pytest.skip("node and npm were not found on the PATH")
    return node.sdk_folder()
