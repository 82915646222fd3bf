"""`/api/v1/tenants/{slug}/providers`: who is asked in the tenant's conversations, and what went wrong there."""

from dataclasses import asdict

from aiohttp import web

from voice_server.tenants.answers import answer
from voice_server.tenants.chains import Chains, Described
from voice_server.tenants.configs import TenantConfigs
from voice_server.tenants.provider_keys import secret_name
from voice_server.tenants.provider_order import EMBEDDED
from voice_server.tenants.reach import reach
from voice_server.tenants.tenants import Tenants


class ProviderRoutes:
    """The endpoint, to be protected."""

    def __init__(self, tenants: Tenants, configs: TenantConfigs, chains: Chains) -> None:
        self._tenants = tenants
        self._configs = configs
        self._chains = chains

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [web.get("/api/v1/tenants/{slug}/providers", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """Each stage: in which order, on whose account, and the last trouble that this process had with it."""
        _, tenant = await reach(request, self._tenants)
        _, config = await self._configs.current(tenant.id)
        stages = await self._chains.describe(tenant.id, config.providers)
        return answer({stage.lower(): _shown(described) for stage, described in stages.items()})


def _shown(described: Described) -> dict[str, object]:
    asked: list[dict[str, object]] = []
    for place in described.order.places:
        account = described.accounts.get(place.provider) if place.account == "tenant" else None
        trouble = None if account is None or account.trouble is None else asdict(account.trouble)
        asked.append({"provider": place.provider, "account": place.account, "trouble": trouble})
    missing = [{"provider": name, "reason": _reason(name)} for name in described.order.lacking]
    return {"asked": asked, "not_asked": missing}


def _reason(provider: str) -> str:
    if provider == EMBEDDED:
        return "This server has no embedded provider for this stage."
    return f"The tenant has no key for it: keep one as the secret `{secret_name(provider)}`."
