"""`GET /openapi.json` and `GET /docs`: the description for programs, and as a page for people."""

from pathlib import Path

from aiohttp import web

from voice_server.openapi.description import describe

_FOLDER = Path(__file__).parent


class Docs:
    """The endpoints."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """Where they are reached."""
        return [
            web.get("/openapi.json", self.describe),
            web.get("/docs", self.page),
            web.get("/docs/{file:docs\\.(?:js|css)}", self.file),
        ]

    async def describe(self, _request: web.Request) -> web.Response:
        """The description."""
        return web.json_response(describe())

    async def page(self, _request: web.Request) -> web.FileResponse:
        """The page."""
        return web.FileResponse(_FOLDER / "docs.html", headers={"Cache-Control": "no-cache"})

    async def file(self, request: web.Request) -> web.FileResponse:
        """What the page needs."""
        return web.FileResponse(_FOLDER / request.match_info["file"], headers={"Cache-Control": "no-cache"})
