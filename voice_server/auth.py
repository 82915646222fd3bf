"""Who may use the server.

API keys come from the settings. Ephemeral secrets (`ek_…`) are made for browsers: they open sessions and nothing else,
carry the settings those sessions begin with, and live in this process's memory until they expire. A server without keys
listens on loopback only and lets everybody in; it accepts any key, since client libraries cannot send none.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from voice_server.http.errors import ApiError


@dataclass(frozen=True, slots=True)
class CustomerIdentity:
    """One way to recognise a person who talks to a tenant's assistant."""

    kind: Literal["account", "phone", "subject"]
    value: str


_KEY_PROTOCOL = "openai-insecure-api-key."
EPHEMERAL_PREFIX = "ek_"
MAX_SECRETS = 10_000
"""Ephemeral secrets that are alive at once."""


Role = Literal["customer", "staff", "admin", "operator"]
"""Who talks to an assistant; who works for its tenant; who decides there; who runs the server."""

DEFAULT_TENANT = UUID("00000000-0000-0000-0000-000000000001")
"""Where everybody is on a server that nobody has divided into tenants."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent a request."""

    name: str
    """Stable for one key or account, and tells nothing of it: what belongs to somebody is kept under this name."""
    session_config: Mapping[str, object] | None = None
    """The session object that came with an ephemeral secret: what the session begins with."""
    tenant_id: UUID = DEFAULT_TENANT
    roles: frozenset[Role] = frozenset()
    account_id: UUID | None = None
    """The person, where one is logged in."""
    scopes: frozenset[str] = frozenset()
    """What a tenant's API key may be used for."""
    customer: tuple[CustomerIdentity, ...] = ()
    """By what the person who talks is recognised, if that is known."""


@dataclass(frozen=True, slots=True)
class EphemeralSecret:
    """A key for a browser."""

    value: str
    expires_at: int
    """Seconds since 1970."""


_PRINCIPAL = web.RequestKey("principal", Principal)

LOCAL = Principal("local", roles=frozenset({"operator"}))
"""Everybody, where no keys are set."""


class Authenticator:
    """Tells who sent a request, by its key."""

    def __init__(self, api_keys: Sequence[str], *, now: Callable[[], float] = time.time) -> None:
        self._principals = {
            _digest(key): Principal(f"key-{_digest(key).hex()[:12]}", roles=frozenset({"operator"})) for key in api_keys
        }
        self._secrets: dict[bytes, tuple[int, Principal]] = {}
        self._now = now

    @property
    def needs_key(self) -> bool:
        """Whether requests without a key are refused."""
        return bool(self._principals)

    def authorize(self, request: web.Request) -> Principal:
        """Who this is, by an API key. Raises ApiError 401."""
        key = _key_of(request)
        if not self._principals:
            return LOCAL
        if key is not None:
            # Digests have one length, and every one of them is compared: the time taken tells nothing.
            matches = [who for digest, who in self._principals.items() if hmac.compare_digest(digest, _digest(key))]
            if matches:
                return matches[0]
        raise _refusal(key)

    def authorize_session(self, request: web.Request) -> Principal:
        """Who opens a session, by an API key or an ephemeral secret. Raises ApiError 401."""
        key = _key_of(request)
        if key is not None and key.startswith(EPHEMERAL_PREFIX):
            self._forget_expired()
            # A dictionary of digests: how far a wrong digest matches cannot be steered by choosing the secret.
            known = self._secrets.get(_digest(key))
            if known is not None:
                return known[1]
        return self.authorize(request)

    def protect(self, routes: Sequence[web.RouteDef]) -> list[web.RouteDef]:
        """The same routes, for those who show an API key; their handlers learn by `principal_of` who it is."""
        return [
            web.RouteDef(route.method, route.path, self._protected(cast("Handler", route.handler)), route.kwargs)
            for route in routes
        ]

    def issue(self, principal: Principal, seconds: int, session_config: Mapping[str, object]) -> EphemeralSecret:
        """Make a secret that opens sessions for so many seconds. Raises ApiError 429 if too many are alive."""
        self._forget_expired()
        if len(self._secrets) >= MAX_SECRETS:
            raise ApiError(429, "rate_limit_exceeded", "Too many client secrets are alive; wait until some expire.")
        value = EPHEMERAL_PREFIX + secrets.token_urlsafe(32)
        expires_at = int(self._now()) + seconds
        visitor = replace(principal, session_config=session_config, roles=frozenset())
        self._secrets[_digest(value)] = (expires_at, visitor)
        return EphemeralSecret(value, expires_at)

    def _protected(self, handler: Handler) -> Handler:
        async def authorized(request: web.Request) -> web.StreamResponse:
            request[_PRINCIPAL] = self.authorize(request)
            return await handler(request)

        return authorized

    def _forget_expired(self) -> None:
        now = self._now()
        expired = [digest for digest, (expires_at, _) in self._secrets.items() if expires_at <= now]
        for digest in expired:
            del self._secrets[digest]


def principal_of(request: web.Request) -> Principal:
    """Who sent this request to a protected route."""
    return request[_PRINCIPAL]


def _key_of(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    for protocols in request.headers.getall("Sec-WebSocket-Protocol", []):
        for protocol in protocols.split(","):
            if protocol.strip().startswith(_KEY_PROTOCOL):
                return protocol.strip().removeprefix(_KEY_PROTOCOL)
    return None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()


def _refusal(key: str | None) -> ApiError:
    if key is None:
        message = "No key was sent; send `Authorization: Bearer KEY` with one of the server's API_KEYS."
    elif key.startswith(EPHEMERAL_PREFIX):
        message = "This client secret has expired, is unknown, or is used for something else than opening a session."
    else:
        message = "The key is wrong; send one of the server's API_KEYS."
    return ApiError(401, "invalid_api_key", message, headers={"WWW-Authenticate": "Bearer"})
