"""Which web pages may use the server.

Browsers send an `Origin` with every WebSocket and every cross-origin request. One from elsewhere is refused unless it
is listed, because a page that somebody happens to visit must not talk to a server on their machine. A server on
loopback also refuses foreign `Host` names: a name that was made to point at 127.0.0.1 would else be its own origin.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from voice_server.http.errors import ApiError

_CORS_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Request-Id",
    "Access-Control-Max-Age": "600",
}


def is_loopback_name(name: str | None) -> bool:
    """Whether this host name, without a port, can only mean the machine itself."""
    if name is None:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


class Origins:
    """The rule about origins and host names."""

    def __init__(self, allowed: Collection[str], *, loopback_only: bool) -> None:
        """`allowed`: origins such as `https://example.com`. `loopback_only`: the server listens on loopback."""
        self._allowed = frozenset(allowed)
        self._allowed_hosts = frozenset(urlsplit(origin).hostname for origin in allowed)
        self._loopback_only = loopback_only

    def middleware(self) -> Middleware:
        """Refuses what the rule forbids, and tells browsers of listed origins that they may."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.check(request.headers.get("Host"), request.headers.get("Origin"))
            if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
                return web.Response(status=204, headers=_CORS_HEADERS)
            return await handler(request)

        return check

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let a page of an allowed origin read the answer; for `Application.on_response_prepare`."""
        origin = request.headers.get("Origin")
        if origin is None:
            return
        response.headers["Vary"] = "Origin"
        if self._permits(request.headers.get("Host"), origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "X-Request-Id, Retry-After"

    def check(self, host: str | None, origin: str | None) -> None:
        """Raises ApiError 403 if a request with these two headers is to be refused."""
        if self._loopback_only and not self._is_own_host(host):
            message = f"This server answers to localhost only, not to the host name {host!r}."
            raise ApiError(403, "host_not_allowed", message)
        if origin is not None and not self._permits(host, origin):
            message = f"Pages of {origin} may not use this server; list the origin in ALLOWED_ORIGINS to permit it."
            raise ApiError(403, "origin_not_allowed", message)

    def _is_own_host(self, host: str | None) -> bool:
        name = _split(f"//{host}")[0] if host else None
        return is_loopback_name(name) or (name is not None and name in self._allowed_hosts)

    def _permits(self, host: str | None, origin: str) -> bool:
        origin = origin.lower()
        if origin in self._allowed:
            return True
        name, port = _split(origin)
        if name is None:
            return False
        if host is not None and (name, port) == _split(f"{urlsplit(origin).scheme}://{host.lower()}"):
            return True
        return self._loopback_only and is_loopback_name(name)


def _split(url: str) -> tuple[str | None, int | None]:
    """Host name and port, the scheme's own port filled in."""
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None, None
