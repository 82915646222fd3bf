"""All storage of a server, opened as its settings say."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from voice_server.settings import ServerSettings, SettingsError
from voice_server.storage.objects.interfaces import Objects, ObjectsUnavailable
from voice_server.storage.objects.links import Links
from voice_server.storage.objects.store import objects_at
from voice_server.storage.postgres.address import Address
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresFailed
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import MigrationError
from voice_server.storage.sealed import Sealed
from voice_server.storage.shared.interfaces import LiveLog, Shared, SharedUnavailable
from voice_server.storage.shared.memory import open_memory


class StorageFailed(Exception):
    """Storage cannot be opened. The message is one line: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Storage:
    """Where everything is kept."""

    database: Database
    shared: Shared
    live_log: LiveLog | None
    """Redis's. None without Redis: what is in memory is not safe."""
    objects: Objects
    links: Links
    sealed: Sealed
    secrets: Sequence[bytes]
    """Of the server, for what is signed: the newest first."""
    folder: Path
    """What belongs to this server alone goes there: the spool, and mails that nobody sends."""


@asynccontextmanager
async def open_storage(settings: ServerSettings, public_url: str) -> AsyncIterator[Storage]:
    """Everything, with the database brought up to date. `public_url`: what links to objects begin with.

    Raises StorageFailed, SettingsError.
    """
    _require_secret(settings)
    async with AsyncExitStack() as resources:
        try:
            storage = await _opened(settings, public_url, resources)
        except (MigrationError, StorageUnavailable) as error:
            raise StorageFailed(str(error)) from error
        except SharedUnavailable as error:
            raise StorageFailed(f"REDIS_URL: {error}") from error
        except (ObjectsUnavailable, ValueError) as error:
            raise StorageFailed(str(error)) from error
        except OSError as error:
            reason = f"{settings.data_dir} cannot be written to ({error.strerror or error}); name another folder."
            raise StorageFailed(f"DATA_DIR: {reason}") from error
        yield storage


async def _opened(settings: ServerSettings, public_url: str, resources: AsyncExitStack) -> Storage:
    folder = settings.data_dir.absolute()
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    keys = await secrets_of(settings)
    links = Links(keys, public_url)
    address = await resources.enter_async_context(open_address(settings))
    await migrate(address, may_be_newer=True)
    shared = await resources.enter_async_context(_shared(settings.redis_url, settings.redis_password))
    objects = objects_at(settings.object_store_url or (folder / "objects").as_uri(), links)
    return Storage(
        database=await resources.enter_async_context(
            Database.open(address, max_connections=settings.database_connections)
        ),
        shared=shared,
        live_log=shared.live_log if settings.redis_url else None,
        objects=await resources.enter_async_context(objects),
        links=links,
        sealed=Sealed(keys),
        secrets=keys,
        folder=folder,
    )


@asynccontextmanager
async def open_address(settings: ServerSettings, url: str | None = None) -> AsyncIterator[Address]:
    """The database of the settings, and its embedded server running where they name none.

    `url`: a whole address to take instead. Raises StorageFailed.
    """
    if url:
        yield Address(url)
    elif not settings.database_url:
        async with AsyncExitStack() as resources:
            try:
                embedded = await resources.enter_async_context(
                    EmbeddedPostgres(settings.data_dir.absolute() / "postgres")
                )
            except EmbeddedPostgresFailed as error:
                raise StorageFailed(str(error)) from error
            yield Address(embedded)
    elif settings.database_auth == "iam":
        yield Address(settings.database_url, settings.database_user, _tokens(settings))
    else:
        yield Address(settings.database_url, settings.database_user, settings.database_password)


def _tokens(settings: ServerSettings) -> Callable[[], Awaitable[str]]:
    # Imported here, because it is an extra that only servers at Amazon have a use for.
    try:
        from voice_server.storage.postgres.iam import IamTokens, IamUnavailable  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise StorageFailed(
            "DATABASE_AUTH: with iam, botocore is needed; pip install 'voice-server[aws]', or set it to password."
        ) from error
    try:
        return IamTokens(settings.database_url, settings.database_user)
    except IamUnavailable as error:
        raise StorageFailed(str(error)) from error


def _shared(redis_url: str, password: str) -> AbstractAsyncContextManager[Shared]:
    if not redis_url:
        return open_memory()
    # Imported here, because it takes a quarter of a second that a server without Redis has no use for.
    from voice_server.storage.shared.redis import open_redis  # noqa: PLC0415

    return open_redis(redis_url, password=password)


async def secrets_of(settings: ServerSettings) -> Sequence[bytes]:
    """The server's secrets, the newest first; one that is made now and kept where none is given.

    Raises SettingsError, OSError.
    """
    _require_secret(settings)
    newest = [key.encode() for key in settings.secret_key]
    if not newest:
        newest = [await asyncio.to_thread(_kept_secret, settings.data_dir.absolute() / "secret")]
    return [*newest, *(key.encode() for key in settings.secret_key_before)]


def _require_secret(settings: ServerSettings) -> None:
    if settings.database_url and not settings.secret_key:
        raise SettingsError(
            "SECRET_KEY: it is empty, and all servers of one DATABASE_URL must have the same; "
            "write the output of `openssl rand -base64 36`"
        )


def _kept_secret(path: Path) -> bytes:
    """The secret of a server that was given none: made at its first start. Raises OSError."""
    if not path.exists():
        new = path.with_name(f".{path.name}-{os.getpid()}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            # Not a rename: of two that start at once, both take what the first has made.
            os.link(new, path)
        except FileExistsError:
            pass
        finally:
            new.unlink()
    return path.read_bytes().strip()
