"""Who may use the server.

There are several kinds of keys: those of the settings, which are known without a database; and those that are given out
while the server runs, each kind of which is one of `Credentials`: API keys of tenants (`vs_…`), access tokens of people
who are logged in, and client secrets (`ek_…`) for browsers, which open sessions and nothing else. A server without keys
in its settings listens on loopback only and lets everybody in; it accepts any key, since client libraries cannot send
none, except one that it gave out itself and that no longer holds: nobody becomes more by showing it.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, cast
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from voice_server.access.roles import Scope, require_scope
from voice_server.http.errors import ApiError


@dataclass(frozen=True, slots=True)
class CustomerIdentity:
    """One way to recognise a person who talks to a tenant's assistant."""

    kind: Literal["account", "phone", "subject"]
    value: str


_KEY_PROTOCOL = "openai-insecure-api-key."
CLIENT_SECRET_PREFIX = "ek_"  # noqa: S105 -- the beginning of secrets
API_KEY_PREFIX = "vs_"


Role = Literal["customer", "staff", "admin", "operator"]
"""Who talks to an assistant; who works for its tenant; who decides there; who runs the server."""

DEFAULT_TENANT = UUID("00000000-0000-0000-0000-000000000001")
DEFAULT_SLUG = "default"
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

    def json(self) -> dict[str, object]:
        """To be kept, without the session object."""
        return {
            "name": self.name,
            "tenant_id": str(self.tenant_id),
            "roles": sorted(self.roles),
            "account_id": None if self.account_id is None else str(self.account_id),
            "scopes": sorted(self.scopes),
            "customer": [[identity.kind, identity.value] for identity in self.customer],
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any], session_config: Mapping[str, object] | None = None) -> Self:
        """What `json` has made."""
        return cls(
            kept["name"],
            session_config,
            UUID(kept["tenant_id"]),
            frozenset(kept["roles"]),
            None if kept["account_id"] is None else UUID(kept["account_id"]),
            frozenset(kept["scopes"]),
            tuple(CustomerIdentity(kind, value) for kind, value in kept["customer"]),
        )


class Credentials(Protocol):
    """One kind of key."""

    async def principal(self, key: str) -> Principal | None:
        """Who shows it; None if it is of another kind, unknown, expired or revoked. Raises StorageUnavailable."""
        ...


_PRINCIPAL = web.RequestKey("principal", Principal)

LOCAL = Principal("local", roles=frozenset({"operator"}))
"""Everybody, where no keys are set."""


class Authenticator:
    """Tells who sent a request, by its key."""

    def __init__(
        self,
        api_keys: Sequence[str],
        *,
        credentials: Sequence[Credentials] = (),
        client_secrets: Credentials | None = None,
    ) -> None:
        """`api_keys`: of the settings, asked first and without the database. Then `credentials`, in this order.

        `client_secrets` open sessions and nothing else. Without `api_keys`, whoever shows no key is LOCAL.
        """
        self._principals = {
            digest_of(key): Principal(f"key-{digest_of(key).hex()[:12]}", roles=frozenset({"operator"}))
            for key in api_keys
        }
        self._credentials = tuple(credentials)
        self._of_sessions = (*self._credentials, *((client_secrets,) if client_secrets is not None else ()))

    @property
    def needs_key(self) -> bool:
        """Whether requests without a key are refused."""
        return bool(self._principals)

    async def authorize(self, request: web.Request) -> Principal:
        """Who this is, by any key but a client secret. Raises ApiError 401, StorageUnavailable."""
        principal = request[_PRINCIPAL] = await self._who(_key_of(request), self._credentials)
        return principal

    async def authorize_session(self, request: web.Request) -> Principal:
        """Who opens a session. Raises ApiError 401, or 403 for a key that is for something else; StorageUnavailable."""
        principal = request[_PRINCIPAL] = await self._who(_key_of(request), self._of_sessions)
        require_scope(principal, "sessions")
        return principal

    def protect(self, routes: Sequence[web.RouteDef], scope: Scope | None = None) -> list[web.RouteDef]:
        """The same routes, for those who show a key; their handlers learn by `principal_of` who it is.

        `scope`: what a tenant's API key must have been made for. None: the handlers look for themselves, by roles.
        """
        return [
            web.RouteDef(route.method, route.path, self._protected(cast("Handler", route.handler), scope), route.kwargs)
            for route in routes
        ]

    async def _who(self, key: str | None, kinds: Sequence[Credentials]) -> Principal:
        if key is not None:
            # Digests have one length, and every one of them is compared: the time taken tells nothing.
            digest = digest_of(key)
            matches = [who for known, who in self._principals.items() if hmac.compare_digest(known, digest)]
            if matches:
                return matches[0]
            for kind in kinds:
                principal = await kind.principal(key)
                if principal is not None:
                    return principal
        if not self._principals and (key is None or not _was_given_out(key)):
            return LOCAL
        raise _refusal(key)

    def _protected(self, handler: Handler, scope: Scope | None) -> Handler:
        async def authorized(request: web.Request) -> web.StreamResponse:
            principal = await self.authorize(request)
            if scope is not None:
                require_scope(principal, scope)
            return await handler(request)

        return authorized


def principal_of(request: web.Request) -> Principal:
    """Who sent this request to a protected route."""
    return request[_PRINCIPAL]


def found_principal(request: web.Request) -> Principal | None:
    """Who sent this request, if anybody has asked for that."""
    return request.get(_PRINCIPAL)


async def known_principal(request: web.Request) -> Principal:
    """The same, for those who have to wait for it elsewhere."""
    return principal_of(request)


def _key_of(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    for protocols in request.headers.getall("Sec-WebSocket-Protocol", []):
        for protocol in protocols.split(","):
            if protocol.strip().startswith(_KEY_PROTOCOL):
                return protocol.strip().removeprefix(_KEY_PROTOCOL)
    return None


def digest_of(key: str) -> bytes:
    """What is kept of a key: SHA-256, which is enough for keys of 32 random bytes."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()


def _was_given_out(key: str) -> bool:
    """Whether it looks like an API key of a tenant or an access token. Client secrets do not count: browser clients
    insist on a key that begins so, even where none is needed."""
    return key.startswith(API_KEY_PREFIX) or (key.startswith("eyJ") and key.count(".") == 2)


def _refusal(key: str | None) -> ApiError:
    if key is None:
        message = "No key was sent; send `Authorization: Bearer KEY`."
    elif key.startswith(CLIENT_SECRET_PREFIX):
        message = "This client secret has expired, is unknown, or is used for something else than opening a session."
    else:
        message = "The key is wrong, has expired or was revoked; send one of the server's API_KEYS, or one it gave out."
    return ApiError(401, "invalid_api_key", message, headers={"WWW-Authenticate": "Bearer"})
