"""`/api/v1/tenants/{slug}/keys` and `/secrets`: what programs show to this server, and what it shows to providers."""

import re
from dataclasses import asdict

from aiohttp import web

from voice_server.access.api_keys import ApiKeys
from voice_server.http.bodies import read_body
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.tenants.answers import answer
from voice_server.tenants.bodies import NewKeyBody, SecretBody
from voice_server.tenants.reach import id_in, not_found, reach
from voice_server.tenants.secrets import TenantSecrets
from voice_server.tenants.tenants import Tenants

_SECRET_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class KeyRoutes:
    """The endpoints, to be protected."""

    def __init__(self, tenants: Tenants, keys: ApiKeys, secrets: TenantSecrets) -> None:
        self._tenants = tenants
        self._keys = keys
        self._secrets = secrets

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/tenants/{slug}/keys", self.list_keys),
            web.post("/api/v1/tenants/{slug}/keys", self.create_key),
            web.delete("/api/v1/tenants/{slug}/keys/{key_id}", self.revoke_key),
            web.get("/api/v1/tenants/{slug}/secrets", self.list_secrets),
            web.put("/api/v1/tenants/{slug}/secrets/{name}", self.put_secret),
            web.delete("/api/v1/tenants/{slug}/secrets/{name}", self.delete_secret),
        ]

    async def list_keys(self, request: web.Request) -> web.Response:
        """API keys, without what they are."""
        _, tenant = await reach(request, self._tenants)
        return answer({"keys": [asdict(key) for key in await self._keys.list(tenant.id)]})

    async def create_key(self, request: web.Request) -> web.Response:
        """A new API key: the only time that its value is told."""
        principal, tenant = await reach(request, self._tenants, writes=True)
        body = await read_body(request, NewKeyBody)
        value, key = await self._keys.create(principal, tenant.id, body.name, body.scopes, request_id_of(request))
        return answer({"value": value, **asdict(key)}, status=201)

    async def revoke_key(self, request: web.Request) -> web.Response:
        """Let it open nothing any more."""
        principal, tenant = await reach(request, self._tenants)
        key_id = id_in(request, "key_id", "api_key")
        if not await self._keys.revoke(principal, tenant.id, key_id, request_id_of(request)):
            raise not_found("api_key", "There is no such API key here, or it is revoked already.")
        return web.Response(status=204)

    async def list_secrets(self, request: web.Request) -> web.Response:
        """The names of the secrets, and how they end."""
        _, tenant = await reach(request, self._tenants)
        return answer({"secrets": [asdict(secret) for secret in await self._secrets.list(tenant.id)]})

    async def put_secret(self, request: web.Request) -> web.Response:
        """Keep a secret; it is never read back."""
        principal, tenant = await reach(request, self._tenants, writes=True)
        name = request.match_info["name"]
        if not _SECRET_NAME.fullmatch(name):
            message = "The name must be small letters, digits and underscores, as in openai_api_key."
            raise ApiError(400, "invalid_value", message, param="name")
        body = await read_body(request, SecretBody)
        kept = await self._secrets.put(principal, tenant.id, name, body.value, request_id_of(request))
        return answer(asdict(kept))

    async def delete_secret(self, request: web.Request) -> web.Response:
        """Forget a secret."""
        principal, tenant = await reach(request, self._tenants)
        name = request.match_info["name"]
        is_name = _SECRET_NAME.fullmatch(name) is not None
        if not is_name or not await self._secrets.delete(principal, tenant.id, name, request_id_of(request)):
            raise not_found("secret", "There is no such secret here.")
        return web.Response(status=204)
