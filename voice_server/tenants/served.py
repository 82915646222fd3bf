"""Whoever asks over HTTP is served as their tenant wants it: with its assistant, and by its providers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from pipeline.providers.interfaces import LanguageModel
from pipeline.settings import SessionSettings
from voice_server.auth import Principal
from voice_server.http.errors import ApiError
from voice_server.sessions import Sessions
from voice_server.stages import Stages
from voice_server.tenants.assistant import TenantAssistant, base_of, tenant_assistant
from voice_server.tenants.chains import Chains
from voice_server.tenants.config import TenantConfig
from voice_server.tenants.configs import TenantConfigs

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """What one request is answered with."""

    stages: Stages
    config: TenantConfig
    assistant: TenantAssistant
    model: LanguageModel


class Serving:
    """For those who show a key."""

    def __init__(self, sessions: Sessions, stages: Stages, configs: TenantConfigs, chains: Chains) -> None:
        """`stages`: the server's."""
        self._sessions = sessions
        self._stages = stages
        self._configs = configs
        self._chains = chains

    @asynccontextmanager
    async def serve(self, principal: Principal, model: str | None = None) -> AsyncIterator[Served]:
        """While the request lasts. `model`: the assistant that is asked for; one that is unknown means the default.

        Raises ApiError 409 if the tenant is closed, 503 if its keys cannot be opened; StorageUnavailable.
        """
        _, config = await self._configs.current(principal.tenant_id)
        async with self._chains.hold(principal.tenant_id, config.providers) as equipment:
            stages = self._stages if equipment is None else equipment.stages
            base, assistant = self._found(config, model)
            yield Served(stages, config, assistant, stages.language_models[base])

    @asynccontextmanager
    async def reader(self, tenant_id: UUID) -> AsyncIterator[LanguageModel | None]:
        """Who may read the tenant's conversations that are over; None: nobody. Raises StorageUnavailable."""
        async with AsyncExitStack() as held:
            try:
                _, config = await self._configs.current(tenant_id)
                equipment = await held.enter_async_context(self._chains.hold(tenant_id, config.providers))
            except ApiError as error:
                _log.info("no model reads a tenant's conversations", tenant=str(tenant_id), reason=error.message)
                reader = None
            else:
                reader = (self._stages if equipment is None else equipment.stages).reader
            yield reader

    async def assistant(self, principal: Principal, model: str | None) -> tuple[str, SessionSettings]:
        """The name of the assistant, and how conversations with it begin. Raises as `serve`."""
        _, config = await self._configs.current(principal.tenant_id)
        _, found = self._found(config, model)
        return found.name, found.settings

    async def own_assistant(self, principal: Principal) -> str | None:
        """The name of the tenant's own, which is the only one then. Raises as `serve`."""
        _, config = await self._configs.current(principal.tenant_id)
        return None if config.assistant is None else config.assistant.name

    def _found(self, config: TenantConfig, model: str | None) -> tuple[str, TenantAssistant]:
        base, settings = self._sessions.find_assistant(base_of(config, model))
        return base, tenant_assistant(config, self._sessions.assistant(base), settings)
