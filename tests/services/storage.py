"""Storage for a whole server: PostgreSQL and a folder that are the test's own, and no Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.services.asking import ask_for
from voice_server.storage.objects.folder import FolderObjects
from voice_server.storage.objects.links import Links
from voice_server.storage.opened import Storage
from voice_server.storage.postgres.database import Database
from voice_server.storage.sealed import Sealed
from voice_server.storage.shared.memory import open_memory

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"a secret of thirty-two characters or more"


@asynccontextmanager
async def storage_of_this_test(public_url: str = "") -> AsyncIterator[Storage]:
    """Open while the context lasts. Whoever opens it twice in a test is a second task over the same database."""
    folder: Path = ask_for("tmp_path") / "data"
    links = Links([SECRET], public_url)
    async with (
        Database.open(ask_for("database_url"), max_connections=4) as database,
        open_memory() as shared,
        FolderObjects(folder / "objects", links) as objects,
    ):
        yield Storage(
            database=database,
            shared=shared,
            live_log=None,
            objects=objects,
            links=links,
            sealed=Sealed([SECRET]),
            secrets=[SECRET],
            folder=folder,
        )
