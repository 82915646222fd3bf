"""`GET /v1/models`: the assistants, which is what `model` chooses here, and names that clients send by default."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from voice_server.auth import Principal, principal_of
from voice_server.http.errors import ApiError

ALIASES = ("gpt-realtime", "gpt-4o-mini", "gpt-4o-mini-transcribe", "whisper-1", "gpt-4o-mini-tts", "tts-1")
"""Names that stand for the default assistant and the server's own providers, as every unknown name does."""


class Models:
    """The list of models."""

    def __init__(
        self, assistants: Sequence[str], created: int, own_assistant: Callable[[Principal], Awaitable[str | None]]
    ) -> None:
        """`created`: seconds since 1970 that every model shows. `own_assistant`: the one of the caller's tenant, which
        has no other then.
        """
        self._assistants = assistants
        self._created = created
        self._own_assistant = own_assistant

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.get("/v1/models", self.list_all), web.get("/v1/models/{model}", self.show)]

    async def list_all(self, request: web.Request) -> web.Response:
        """All models."""
        return web.json_response({"object": "list", "data": list((await self._models(request)).values())})

    async def show(self, request: web.Request) -> web.Response:
        """One model."""
        name, models = request.match_info["model"], await self._models(request)
        if name not in models:
            message = f"There is no model {name}; GET /v1/models lists them. Elsewhere, unknown names mean the default."
            raise ApiError(404, "model_not_found", message, param="model")
        return web.json_response(models[name])

    async def _models(self, request: web.Request) -> Mapping[str, Mapping[str, object]]:
        own = await self._own_assistant(principal_of(request))
        return {
            name: {"id": name, "object": "model", "created": self._created, "owned_by": "voice-server"}
            for name in (*(self._assistants if own is None else (own,)), *ALIASES)
        }
