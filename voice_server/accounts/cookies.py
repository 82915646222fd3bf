"""What browsers keep for a person: refresh tokens, one for each tenant, and that they were here before. No script sees
them."""

from base64 import urlsafe_b64decode
from binascii import Error as NotBase64

from aiohttp import web

from voice_server.accounts.log_ins import REFRESH_SECONDS
from voice_server.accounts.secret_tokens import digest_of, token_text
from voice_server.auth import DEFAULT_SLUG
from voice_server.storage.sealed import CannotOpen, Sealed

REFRESH = "voice_refresh"
DEVICE = "voice_device"
_PATH = "/api/v1/auth"
_DEVICE_SECONDS = 365 * 86_400
_MAX_CHARACTERS = 512


class Cookies:
    """Sets and reads them. Other sites' pages cannot have them sent: they are SameSite=Strict."""

    def __init__(self, sealed: Sealed, *, secure: bool) -> None:
        """`secure`: the server is reached by https."""
        self._sealed = sealed
        self._secure = secure

    def refresh_token(self, request: web.Request, tenant: str) -> str | None:
        """The refresh token for this tenant that came as a cookie."""
        token = request.cookies.get(_name(tenant))
        return token if token and len(token) <= _MAX_CHARACTERS else None

    def keep_refresh_token(self, response: web.StreamResponse, tenant: str, token: str) -> None:
        """Let the browser keep it, beside those for other tenants."""
        self._set(response, _name(tenant), token, REFRESH_SECONDS)

    def drop_refresh_token(self, response: web.StreamResponse, tenant: str) -> None:
        """Let the browser forget it."""
        self._set(response, _name(tenant), "", 0)

    def drop_refresh_tokens(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser forget those for all tenants."""
        for name in request.cookies:
            if name == REFRESH or name.startswith(f"{REFRESH}."):
                self._set(response, name, "", 0)

    def known_device(self, request: web.Request, email: str) -> str | None:
        """A name for this browser if the person has logged in with it before."""
        cookie = request.cookies.get(DEVICE, "")
        if not cookie or len(cookie) > _MAX_CHARACTERS:
            return None
        try:
            opened = self._sealed.open(urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)), DEVICE.encode())
        except (CannotOpen, NotBase64, ValueError):
            return None
        return digest_of(cookie).hex() if opened == digest_of(email) else None

    def keep_device(self, request: web.Request, response: web.StreamResponse, email: str) -> None:
        """Remember that the person has logged in with this browser."""
        if self.known_device(request, email) is None:
            value = token_text("", self._sealed.seal(digest_of(email), DEVICE.encode()))
            self._set(response, DEVICE, value, _DEVICE_SECONDS)

    def _set(self, response: web.StreamResponse, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path=_PATH, httponly=True, secure=self._secure, samesite="Strict"
        )


def _name(tenant: str) -> str:
    return REFRESH if tenant == DEFAULT_SLUG else f"{REFRESH}.{tenant}"
