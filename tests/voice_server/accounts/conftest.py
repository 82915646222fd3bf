"""The server that these tests ask."""

from collections.abc import AsyncIterator

import pytest

from tests.voice_server.accounts.account_server import AccountServer, Browser, account_server
from voice_server.storage.postgres.database import Database


@pytest.fixture
async def server(database: Database) -> AsyncIterator[AccountServer]:
    """One task with accounts."""
    async with account_server(database) as opened:
        yield opened


@pytest.fixture
async def browser(server: AccountServer) -> AsyncIterator[Browser]:
    """Somebody who has not been here."""
    async with server.browser() as opened:
        yield opened
