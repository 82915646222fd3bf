"""The command, and a server that it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Command, address_of


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path)
    yield made
    made.stop_all()


@pytest.fixture(scope="module")
def embedded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with nothing set."""
    made = Command(tmp_path_factory.mktemp("server"))
    address, _ = address_of(made.start("serve", PORT="0"))
    yield address
    made.stop_all()
