"""The server that these tests ask."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.voice_server.privacy.private_server import PrivateServer, Somebody, private_server
from voice_server.storage.postgres.database import Database


@pytest.fixture
async def server(database: Database, tmp_path: Path) -> AsyncIterator[PrivateServer]:
    """One task with accounts and privacy."""
    async with private_server(database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def ada(server: PrivateServer) -> AsyncIterator[Somebody]:
    """Somebody who is logged in."""
    async with server.somebody() as person:
        await person.register("ada@example.com", name="Ada")
        yield person


@pytest.fixture
async def bob(server: PrivateServer) -> AsyncIterator[Somebody]:
    """Somebody else."""
    async with server.somebody() as person:
        await person.register("bob@example.com", name="Bob")
        yield person


@pytest.fixture
async def operator(server: PrivateServer) -> AsyncIterator[Somebody]:
    """Who may do everything in the default tenant."""
    async with server.operator() as opened:
        yield opened
