"""`POST /v1/realtime/client_secrets`: a key for a browser, which opens sessions for some minutes."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from pipeline.errors import RequestError
from pipeline.items import new_id
from pipeline.settings import SessionSettings
from voice_server.access.client_secrets import ClientSecretStore
from voice_server.auth import Principal, principal_of
from voice_server.http.bodies import Body, read_body
from voice_server.wire.fields import Fields
from voice_server.wire.session_config import SessionConfig, start_session

SESSION_SECONDS = 3600


FindAssistant = Callable[[Principal, str | None], Awaitable[tuple[str, SessionSettings]]]
"""The assistant of this name that whoever asks may talk to, and how conversations with it begin."""


class ExpiresAfter(Body):
    """How long the secret opens sessions."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Field(ge=10, le=7200)] = 600


class ClientSecretBody(Body):
    """A request for a secret."""

    expires_after: ExpiresAfter = ExpiresAfter()
    session: Annotated[dict[str, object], Field(description="What its sessions begin with.")] = Field(
        default_factory=dict
    )


class ClientSecrets:
    """The endpoint."""

    def __init__(self, store: ClientSecretStore, find_assistant: FindAssistant) -> None:
        self._store = store
        self._find_assistant = find_assistant

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.post("/v1/realtime/client_secrets", self.create)]

    async def create(self, request: web.Request) -> web.Response:
        """Make a secret."""
        principal = principal_of(request)
        body = await read_body(request, ClientSecretBody) if request.can_read_body else ClientSecretBody()
        config = await self._session(principal, body.session)
        secret = await self._store.issue(principal, body.expires_after.seconds, body.session)
        answer = {"value": secret.value, "expires_at": secret.expires_at, "session": config.json()}
        return web.json_response(answer, headers={"Cache-Control": "no-store"})

    async def _session(self, principal: Principal, session: Mapping[str, object]) -> SessionConfig:
        """What a session with this config would begin with. Raises RequestError if it makes no sense."""
        model = session.get("model")
        if model is not None and not isinstance(model, str):
            raise RequestError("invalid_type", "session.model must be a string.", param="session.model")
        name, settings = await self._find_assistant(principal, model)
        config = start_session(new_id("sess"), name, settings, int(time.time()) + SESSION_SECONDS)
        return config.updated(Fields({"type": "realtime", **session}, "session"))
