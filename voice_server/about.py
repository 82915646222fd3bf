"""`GET /api/v1/about`: what runs here, for a page to say before anybody speaks."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from pipeline.providers.catalog import Stage
from voice_server import __version__
from voice_server.assistants.catalog import Catalog
from voice_server.auth import Authenticator, Principal
from voice_server.http.errors import ApiError
from voice_server.settings import ServerSettings
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.tenants.chains import Chains
from voice_server.tenants.config import TenantConfig
from voice_server.tenants.configs import TenantConfigs

EMBEDDED_NOTICES = {
    "stt": "Speech is recognised by the embedded recogniser: English only, with a small vocabulary.",
    "llm": "Answers are computed offline by the assistant itself: no language model is connected.",
    "tts": "The voice is the embedded one: quick and clear, but robotic.",
}
SWITCH_NOTICE = "Set OPENAI_API_KEY, and ELEVENLABS_API_KEY for the voice, to switch to real providers."


def notices(settings: ServerSettings) -> list[str]:
    """What users should know of the providers that come first."""
    told = _embedded_notices({"stt": settings.stt, "llm": settings.llm, "tts": settings.tts})
    return [*told, SWITCH_NOTICE] if told else []


class About:
    """The endpoint: whoever shows a tenant's key learns of its assistant, all others of the server's."""

    def __init__(
        self,
        settings: ServerSettings,
        assistants: Catalog,
        authenticator: Authenticator,
        configs: TenantConfigs,
        chains: Chains,
    ) -> None:
        told = notices(settings)
        self._assistants = assistants
        self._authenticator = authenticator
        self._configs = configs
        self._chains = chains
        self._answer = {
            "version": __version__,
            "assistants": [
                {
                    "name": assistant.name,
                    "title": assistant.title,
                    "description": assistant.description,
                    "examples": list(assistant.examples),
                }
                for assistant in assistants.all()
            ],
            "providers": {"stt": list(settings.stt), "llm": list(settings.llm), "tts": list(settings.tts)},
            "embedded": bool(told),
            "notices": told,
            "authentication": "key" if settings.api_keys else "none",
            "languages": sorted({settings.language or assistant.language for assistant in assistants.all()}),
        }

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.get("/api/v1/about", self.about)]

    async def about(self, request: web.Request) -> web.Response:
        """What runs here."""
        headers = {"Cache-Control": "no-store", "Vary": "Authorization"}
        try:
            own = await self._of_tenant(await self._who(request))
        except (ApiError, StorageUnavailable):
            # It is for those, too, who have no key yet, and while nobody can be known.
            own = {}
        return web.json_response({**self._answer, **own}, headers=headers)

    async def _who(self, request: web.Request) -> Principal:
        """By a key that opens sessions, or one for anything else. Raises ApiError, StorageUnavailable."""
        try:
            return await self._authenticator.authorize_session(request)
        except ApiError:
            return await self._authenticator.authorize(request)

    async def _of_tenant(self, principal: Principal) -> Mapping[str, object]:
        """What is otherwise for these. Raises ApiError, StorageUnavailable."""
        _, config = await self._configs.current(principal.tenant_id)
        own: dict[str, object] = {} if config.assistant is None else self._assistant(config)
        if not await self._chains.leaves_to_server(principal.tenant_id, config.providers):
            stages = await self._chains.describe(principal.tenant_id, config.providers)
            providers = {_KEYS[stage]: stages[stage].order.names for stage in _KEYS}
            told = _embedded_notices(providers)
            own |= {"providers": providers, "embedded": bool(told), "notices": told}
        return own

    def _assistant(self, config: TenantConfig) -> dict[str, object]:
        own = config.assistant
        assert own is not None
        base = self._assistants.get(own.base)
        is_base = own.instructions is None
        shown = {
            "name": own.name,
            "title": base.title if is_base else own.name,
            "description": base.description if is_base else "",
            "examples": list(base.examples) if is_base else [],
        }
        return {"assistants": [shown], "languages": sorted(own.languages) or self._answer["languages"]}


_KEYS: Mapping[Stage, str] = {"STT": "stt", "LLM": "llm", "TTS": "tts"}


def _embedded_notices(orders: Mapping[str, Sequence[str]]) -> list[str]:
    """Of the stages whose first provider is the embedded one."""
    return [EMBEDDED_NOTICES[stage] for stage, names in orders.items() if tuple(names[:1]) == ("embedded",)]
