"""A server that listens, from its start to its orderly end."""

import asyncio
import errno
import gc
import socket
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager

from aiohttp import web

from pipeline.errors import ProviderError
from voice_server.app import open_app
from voice_server.assistants.catalog import Catalog, open_catalog
from voice_server.opening import opening
from voice_server.settings import ServerSettings
from voice_server.stages import Stages, open_stages
from voice_server.storage.opened import StorageFailed, open_storage

YOUNG_OBJECTS = 10_000
"""More of them than before make the garbage collector look through the new ones: some seconds of audio of a hundred
conversations. With Python's 700 it comes by dozens of times a second, mostly to find frames that are still in use."""
SHUTDOWN_SECONDS = 3.0
"""How long requests that are still being answered may take when the server stops."""


class StartFailed(Exception):
    """The server cannot start. The message is one line: what is wrong, and what to do."""


@asynccontextmanager
async def open_server(settings: ServerSettings) -> AsyncGenerator[str, None]:
    """Listen while the context lasts; gives the address to open. Raises StartFailed, SettingsError."""
    async with AsyncExitStack() as resources:
        # Before seconds are spent on opening the rest, and because links begin with the address.
        sockets = resources.enter_context(_bound(settings))
        url = _url_of(sockets[0])
        public_url = settings.public_url or url
        opened = resources.enter_async_context
        storing = await opened(opening(open_storage(settings, public_url), "storage"))
        providing = await opened(opening(_open_providers(settings), "providers"))
        try:
            storage, (assistants, stages) = await asyncio.gather(storing, providing)
            app = await opened(open_app(settings, assistants, stages, storage, public_url))
        except ProviderError as error:
            raise StartFailed(error.message) from error
        except StorageFailed as error:
            raise StartFailed(str(error)) from error
        except OSError as error:
            raise StartFailed(_why_not_written(settings, error)) from error
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        resources.push_async_callback(runner.cleanup)
        await _listen(runner, sockets, settings)
        # First, because aiohttp's own cleanup begins with reading nothing any more: neither what clients say last, nor
        # that they agree to close, for which every conversation would wait in vain.
        resources.push_async_callback(app.shutdown)
        with _settled_memory():
            yield url


@asynccontextmanager
async def _open_providers(settings: ServerSettings) -> AsyncGenerator[tuple[Catalog, Stages], None]:
    """Who is talked to, and who hears, thinks and speaks for them. Raises ProviderUnavailable."""
    async with open_catalog() as assistants, open_stages(settings, assistants) as stages:
        yield assistants, stages


@contextmanager
def _settled_memory() -> Iterator[None]:
    """What the start has made stays until the end: the garbage collector need not look through it.

    It would hold up every conversation for tens of milliseconds each time, and therefore come by so rarely that the
    audio of conversations long over waits for it.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # So that it counts from nothing, for it comes by when there is a quarter more than the last time.
    usual = gc.get_threshold()
    gc.set_threshold(YOUNG_OBJECTS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@contextmanager
def _bound(settings: ServerSettings) -> Iterator[list[socket.socket]]:
    """A socket for each address of HOST, all of one port; nobody is let in yet. Raises StartFailed."""
    with ExitStack() as opened:
        try:
            host = settings.host.strip("[]")
            found = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets: list[socket.socket] = []
            for family, kind, protocol, _, address in dict.fromkeys(found):
                each = opened.enter_context(socket.socket(family, kind, protocol))
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                port = sockets[0].getsockname()[1] if sockets else settings.port
                each.bind((address[0], port, *address[2:]))
                sockets.append(each)
        except OSError as error:
            raise StartFailed(_why_not(settings, error)) from error
        yield sockets


def _url_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "localhost"}.get(host, host)  # noqa: S104 -- only shown
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


async def _listen(runner: web.AppRunner, sockets: Iterable[socket.socket], settings: ServerSettings) -> None:
    """Let clients in. Raises StartFailed."""
    await runner.setup()
    try:
        for bound in sockets:
            await web.SockSite(runner, bound).start()
    except OSError as error:
        raise StartFailed(_why_not(settings, error)) from error


def _why_not_written(settings: ServerSettings, error: OSError) -> str:
    name, folder = "DATA_DIR", settings.data_dir
    logs = settings.session_log_dir
    if logs is not None and error.filename is not None and logs.is_relative_to(error.filename):
        name, folder = "SESSION_LOG_DIR", logs
    return f"{name}: {folder} cannot be written to ({error.strerror}); name another folder."


def _why_not(settings: ServerSettings, error: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"PORT: {where} is in use by another program; stop it, or set PORT to another number."
        case errno.EACCES:
            return f"PORT: {where} needs more rights than this program has; set PORT to a number above 1023."
        case _:
            return f"HOST: {where} cannot be listened on ({error.strerror}); set HOST to an address of this machine."
