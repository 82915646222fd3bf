"""The browser client: static files that were built into `voice_server/page/`, under a strict content policy."""

from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).with_name("page")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, nothing inline."""

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
}

_NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>voice-server</title>
<h1>voice-server is running</h1>
<p>The browser client is not built: <code>make run</code> builds it before it starts the server. Without it, talk from a
terminal with <code>voice-server talk</code>, or see the <a href="/docs">API</a>.</p>
</html>
"""


class Page:
    """The files of the browser client."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def routes(self) -> list[web.AbstractRouteDef]:
        """Where they are reached."""
        routes: list[web.AbstractRouteDef] = [web.get("/", self.index)]
        if (self._folder / "assets").is_dir():
            routes.append(web.static("/assets", self._folder / "assets"))
        return routes

    async def index(self, _request: web.Request) -> web.StreamResponse:
        """The page itself."""
        index = self._folder / "index.html"
        if not index.is_file():
            return web.Response(text=_NOT_BUILT, content_type="text/html")
        # Assets carry a hash of their content in their names; the page that names them must always be the newest.
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})


async def add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on every answer; for `Application.on_response_prepare`."""
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
