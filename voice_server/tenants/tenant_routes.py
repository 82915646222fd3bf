"""`/api/v1/tenants`: operators make and close them, admins see and change how their own is held."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict

from aiohttp import web

from voice_server.access.roles import require
from voice_server.auth import principal_of
from voice_server.http.bodies import read_body
from voice_server.http.errors import ApiError
from voice_server.http.request_id import request_id_of
from voice_server.tenants.answers import answer
from voice_server.tenants.bodies import ConfigBody, NewTenantBody
from voice_server.tenants.config import TenantConfig
from voice_server.tenants.reach import limit_of, not_found, number_of, reach
from voice_server.tenants.tenants import Tenant, Tenants

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')
_NEWEST = 999_999_999


class TenantRoutes:
    """The endpoints, to be protected."""

    def __init__(self, tenants: Tenants, tools: Mapping[str, Collection[str]], default_assistant: str) -> None:
        """`tools`: the names of the server's assistants, each with those of its functions."""
        self._tenants = tenants
        self._tools = tools
        self._default_assistant = default_assistant

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [
            web.get("/api/v1/tenants", self.list),
            web.post("/api/v1/tenants", self.create),
            web.get("/api/v1/tenants/{slug}", self.read),
            web.delete("/api/v1/tenants/{slug}", self.close),
            web.put("/api/v1/tenants/{slug}/config", self.edit),
            web.get("/api/v1/tenants/{slug}/versions", self.versions),
            web.get("/api/v1/tenants/{slug}/versions/{version}", self.version),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """All tenants by their slugs; `after` is the last one of the page before."""
        require(principal_of(request), "operator")
        after = request.query.get("after", "")
        if not after.isascii() or len(after) > 63:
            raise ApiError(400, "invalid_value", "after must be the slug of a tenant.", param="after")
        found = await self._tenants.page(after, limit_of(request))
        return answer({"tenants": [_shown(tenant) for tenant in found]})

    async def create(self, request: web.Request) -> web.Response:
        """A new one."""
        principal = principal_of(request)
        require(principal, "operator")
        body = await read_body(request, NewTenantBody)
        if body.config is not None:
            self._check(body.config)
        tenant = await self._tenants.create(principal, body.slug, body.name, body.config, request_id_of(request))
        return await self._with_config(tenant, status=201)

    async def read(self, request: web.Request) -> web.Response:
        """One, as it is held now."""
        _, tenant = await reach(request, self._tenants)
        return await self._with_config(tenant)

    async def close(self, request: web.Request) -> web.Response:
        """Let nothing begin there any more."""
        principal, tenant = await reach(request, self._tenants, "operator")
        await self._tenants.close(principal, tenant, request_id_of(request))
        return web.Response(status=204)

    async def edit(self, request: web.Request) -> web.Response:
        """The next version; conversations that go on keep theirs."""
        principal, tenant = await reach(request, self._tenants, writes=True)
        body = await read_body(request, ConfigBody)
        self._check(body.config)
        expected = _expected(request, body)
        added = await self._tenants.edit(principal, tenant.id, expected, body.config, request_id_of(request))
        return answer(asdict(added) | {"config": _config(added.config)}, version=added.version)

    async def versions(self, request: web.Request) -> web.Response:
        """What there was, the newest first; `before` is the last number of the page before."""
        _, tenant = await reach(request, self._tenants)
        found = await self._tenants.versions(tenant.id, number_of(request, "before", _NEWEST), limit_of(request))
        return answer({"versions": [asdict(entry) for entry in found]})

    async def version(self, request: web.Request) -> web.Response:
        """One of them."""
        _, tenant = await reach(request, self._tenants)
        number = request.match_info["version"]
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        found = await self._tenants.version(tenant.id, int(number)) if is_number else None
        if found is None:
            raise not_found("version", "There is no such version of this tenant.")
        return answer(asdict(found) | {"config": _config(found.config)})

    async def _with_config(self, tenant: Tenant, status: int = 200) -> web.Response:
        found = await self._tenants.version(tenant.id, tenant.version) if tenant.version else None
        config = TenantConfig() if found is None else found.config
        return answer(_shown(tenant) | {"config": _config(config)}, status=status, version=tenant.version)

    def _check(self, config: TenantConfig) -> None:
        """Raises ApiError 400 for an assistant, or a function of it, that this server does not have."""
        if config.assistant is None:
            return
        base = config.assistant.base or self._default_assistant
        if base not in self._tools:
            message = f"There is no assistant {base}; there are {', '.join(sorted(self._tools))}."
            raise ApiError(400, "invalid_value", message, param="config.assistant.base")
        unknown = set(config.assistant.tools or ()).difference(self._tools[base])
        if unknown:
            message = (
                f"{base} has no function {min(unknown)}; it has: {', '.join(sorted(self._tools[base])) or 'none'}."
            )
            raise ApiError(400, "invalid_value", message, param="config.assistant.tools")


def _expected(request: web.Request, body: ConfigBody) -> int:
    """The version that the client has seen. Raises ApiError 400."""
    header = request.headers.get("If-Match")
    if header is None:
        if body.version is None:
            message = "Send the version that you have read, in `version` or in the header If-Match."
            raise ApiError(400, "missing_required_parameter", message, param="version")
        return body.version
    tag = _ETAG.fullmatch(header.strip())
    if tag is None or body.version not in (None, int(tag[1])):
        message = 'If-Match must be the ETag of what you have read, such as "3", and the same as `version`.'
        raise ApiError(400, "invalid_value", message, param="If-Match")
    return int(tag[1])


def _shown(tenant: Tenant) -> dict[str, object]:
    return asdict(tenant)


def _config(config: TenantConfig) -> dict[str, object]:
    return config.model_dump(mode="json")
