"""Where a request comes from, also when it was passed on.

Each proxy writes at the end of `X-Forwarded-For` who asked it; what is further to the front, anybody may have written.
So addresses are counted from the end, as many as there are proxies of ours: one more where a content delivery network
asks them, which shows a secret, because others may ask them too.
"""

from collections.abc import Sequence
from hmac import compare_digest

from aiohttp import web

CDN_SECRET_HEADER = "X-CDN-Secret"  # noqa: S105 -- a name


class ClientAddresses:
    """Finds the address of a client."""

    def __init__(self, proxies: int = 0, cdn_secrets: Sequence[str] = ()) -> None:
        """`proxies`: how many stand before the server. `cdn_secrets`: what a network before them may show."""
        self._proxies = proxies
        self._cdn_secrets = [secret.encode() for secret in cdn_secrets]

    def of(self, request: web.Request) -> str | None:
        """The address of who asks: of who is connected, unless that is a proxy of ours."""
        proxies = self._proxies + self._comes_from_the_cdn(request)
        askers = [each.strip() for line in request.headers.getall("X-Forwarded-For", ()) for each in line.split(",")]
        return askers[-proxies] if 0 < proxies <= len(askers) else request.remote

    def _comes_from_the_cdn(self, request: web.Request) -> bool:
        shown = request.headers.get(CDN_SECRET_HEADER, "").encode(errors="surrogateescape")
        return any(compare_digest(shown, secret) for secret in self._cdn_secrets)


DIRECT = ClientAddresses()
"""Nobody stands before the server."""
