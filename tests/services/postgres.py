"""A real PostgreSQL for tests: one server for the run, a fresh database with all migrations for each test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.services.background_loop import BackgroundLoop
from tests.services.missing import missing
from voice_server.storage.postgres.cluster import Cluster, EmbeddedPostgresFailed
from voice_server.storage.postgres.migrate import migrate

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Database

# What a crash of the machine would lose is of no interest here.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
# Some tests run dozens of servers.
_MANY = {"max_connections": "200"}
_TEMPLATE = "migrated"
_ROOM = 1 << 30


@dataclass(frozen=True)
class Postgres:
    """A running server, and somebody who may do everything in it."""

    url: str
    _loop: BackgroundLoop
    _administrator: "asyncpg.Connection[asyncpg.Record]"

    def execute(self, statement: str) -> None:
        """Run one statement as the administrator, without a transaction."""
        self._loop.run(self._administrator.execute(statement))

    def url_of(self, database: str) -> str:
        """The address of another database of the server."""
        return self.url.replace("/postgres?", f"/{database}?")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this run."""
    # A short path: that of a socket may not be long.
    with tempfile.TemporaryDirectory(prefix="vs-", dir=_memory()) as folder, BackgroundLoop() as loop:
        cluster = Cluster(Path(folder) / "postgres", _FAST | _MANY)
        try:
            cluster.hold()
        except EmbeddedPostgresFailed as error:
            missing(str(error))
        try:
            cluster.start()
            administrator = loop.run(asyncpg.connect(cluster.url))
            yield Postgres(cluster.url, loop, administrator)
            loop.run(administrator.close())
        finally:
            cluster.stop()
            cluster.release()


def _memory() -> Path | None:
    """A folder in memory with room, if there is one: a database is a thousand files, and each test makes one."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < _ROOM:
        return None
    return shared


@pytest.fixture(scope="session")
def _template(postgres: Postgres) -> str:
    postgres.execute(f"CREATE DATABASE {_TEMPLATE}")
    with BackgroundLoop() as loop:
        loop.run(migrate(postgres.url_of(_TEMPLATE)))
    return _TEMPLATE


_numbers = itertools.count(1)


@pytest.fixture
def empty_database_url(postgres: Postgres) -> Iterator[str]:
    """The address of a database in which there is nothing; it is gone after the test."""
    yield from _database(postgres, "template0")


@pytest.fixture
def database_url(postgres: Postgres, _template: str) -> Iterator[str]:
    """The address of a database with all migrations, and nothing else in it; it is gone after the test."""
    yield from _database(postgres, _template)


def _database(postgres: Postgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield postgres.url_of(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator["Database"]:
    """An open pool of such a database."""
    # Imported here, because this file is read by every test run.
    from voice_server.storage.postgres.database import Database

    async with Database.open(database_url) as opened:
        yield opened
