"""`GET /v1/models`: the assistants, which is what `model` chooses here, and names that clients send by default."""

from collections.abc import Sequence

from aiohttp import web

from voice_server.http.errors import ApiError

ALIASES = ("gpt-realtime", "gpt-4o-mini", "gpt-4o-mini-transcribe", "whisper-1", "gpt-4o-mini-tts", "tts-1")
"""Names that stand for the default assistant and the server's own providers, as every unknown name does."""


class Models:
    """The list of models."""

    def __init__(self, assistants: Sequence[str], created: int) -> None:
        """`created`: seconds since 1970 that every model shows."""
        self._models = {
            name: {"id": name, "object": "model", "created": created, "owned_by": "voice-server"}
            for name in (*assistants, *ALIASES)
        }

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.get("/v1/models", self.list_all), web.get("/v1/models/{model}", self.show)]

    async def list_all(self, _request: web.Request) -> web.Response:
        """All models."""
        return web.json_response({"object": "list", "data": list(self._models.values())})

    async def show(self, request: web.Request) -> web.Response:
        """One model."""
        name = request.match_info["model"]
        if name not in self._models:
            message = f"There is no model {name}; GET /v1/models lists them. Elsewhere, unknown names mean the default."
            raise ApiError(404, "model_not_found", message, param="model")
        return web.json_response(self._models[name])
