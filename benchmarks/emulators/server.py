"""An emulated vendor on a real socket of this machine."""

from types import TracebackType
from typing import Self

import aiohttp.web
from aiohttp.typedefs import Handler


class Server:
    """Serves an application on 127.0.0.1 while it is entered."""

    def __init__(self, app: aiohttp.web.Application, port: int = 0) -> None:
        self._port = port
        self.active = 0
        """How many requests are being answered, open sockets included."""
        app.middlewares.append(self._counted)
        # A handler ends with its connection: nothing is left over of a client that has gone away.
        self._runner = aiohttp.web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    @property
    def connections(self) -> int:
        """How many connections are open, idle ones included."""
        return len(self._runner.server.connections) if self._runner.server else 0

    @aiohttp.web.middleware
    async def _counted(self, request: aiohttp.web.Request, handler: Handler) -> aiohttp.web.StreamResponse:
        self.active += 1
        try:
            return await handler(request)
        finally:
            self.active -= 1

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await aiohttp.web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
