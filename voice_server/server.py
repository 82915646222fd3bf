"""A server that listens, from its start to its orderly end."""

import errno
import gc
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from aiohttp import web

from pipeline.errors import ProviderError
from voice_server.app import build_app
from voice_server.assistants.catalog import open_catalog
from voice_server.settings import ServerSettings
from voice_server.stages import open_stages

YOUNG_OBJECTS = 10_000
"""More of them than before make the garbage collector look through the new ones: some seconds of audio of a hundred
conversations. With Python's 700 it comes by dozens of times a second, mostly to find frames that are still in use."""
SHUTDOWN_SECONDS = 3.0
"""How long requests that are still being answered may take when the server stops."""


class StartFailed(Exception):
    """The server cannot start. The message is one line: what is wrong, and what to do."""


@asynccontextmanager
async def open_server(settings: ServerSettings) -> AsyncGenerator[str, None]:
    """Listen while the context lasts; gives the address to open. Raises StartFailed."""
    _try_port(settings)
    async with AsyncExitStack() as resources:
        try:
            assistants = await resources.enter_async_context(open_catalog())
            stages = await resources.enter_async_context(open_stages(settings, assistants))
        except ProviderError as error:
            raise StartFailed(error.message) from error
        app = build_app(settings, assistants, stages)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        resources.push_async_callback(runner.cleanup)
        url = await _listen(runner, settings)
        # First, because aiohttp's own cleanup begins with reading nothing any more: neither what clients say last, nor
        # that they agree to close, for which every conversation would wait in vain.
        resources.push_async_callback(app.shutdown)
        with _settled_memory():
            yield url


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


async def _listen(runner: web.AppRunner, settings: ServerSettings) -> str:
    """Open the port; gives the address. Raises StartFailed."""
    try:
        await runner.setup()
    except OSError as error:
        raise StartFailed(_why_not_written(settings, error)) from error
    try:
        await web.TCPSite(runner, settings.host.strip("[]"), settings.port).start()
    except OSError as error:
        raise StartFailed(_why_not(settings, error)) from error
    host, port = runner.addresses[0][:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "localhost"}.get(host, host)  # noqa: S104 -- only shown
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _why_not_written(settings: ServerSettings, error: OSError) -> str:
    name, folder = "DATA_DIR", settings.data_dir
    logs = settings.session_log_dir
    if logs is not None and logs.is_relative_to(error.filename):
        name, folder = "SESSION_LOG_DIR", logs
    return f"{name}: {folder} cannot be written to ({error.strerror}); name another folder."


def _try_port(settings: ServerSettings) -> None:
    """Find out that the port is taken before seconds are spent on opening providers. Raises StartFailed."""
    try:
        host = settings.host.strip("[]")
        family, kind, protocol, _, address = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise StartFailed(_why_not(settings, error)) from error


def _why_not(settings: ServerSettings, error: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    match error.errno:
        case errno.EADDRINUSE:
            return f"PORT: {where} is in use by another program; stop it, or set PORT to another number."
        case errno.EACCES:
            return f"PORT: {where} needs more rights than this program has; set PORT to a number above 1023."
        case _:
            return f"HOST: {where} cannot be listened on ({error.strerror}); set HOST to an address of this machine."
