"""Health: `GET /health` says that the process is alive, `GET /ready` whether to send conversations to it.

An overloaded server is alive: whoever restarts servers that do not answer 200 at `/health` must not end conversations
that go on. It is not ready, so that a load balancer which asks `/ready` sends newcomers elsewhere.
"""

from aiohttp import web

from voice_server.http.admission import Admission

_NO_STORE = {"Cache-Control": "no-store"}


class Health:
    """The two endpoints."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._not_ready: str | None = "The server is starting."

    def routes(self) -> list[web.RouteDef]:
        """Where they are reached."""
        return [web.get("/health", self.health), web.get("/ready", self.ready)]

    async def opened(self, _app: web.Application) -> None:
        """Everything that conversations need is there; for `Application.on_startup`."""
        self._not_ready = None

    async def stopping(self, _app: web.Application) -> None:
        """See `drain`; for `Application.on_shutdown`."""
        self.drain()

    def drain(self) -> None:
        """No conversation should begin here any more."""
        self._not_ready = "The server is shutting down."

    async def health(self, _request: web.Request) -> web.Response:
        """Alive, be it with more to do than it can."""
        status = "overloaded" if self._admission.is_overloaded else "ok"
        return web.json_response({"status": status}, headers=_NO_STORE)

    async def ready(self, _request: web.Request) -> web.Response:
        """Ready for one more conversation, or 503 with the reason."""
        reason = self._not_ready
        if reason is None and (refusal := self._admission.refusal):
            reason = self._admission.why(refusal)
        if reason is not None:
            return web.json_response({"status": "not ready", "reason": reason}, status=503, headers=_NO_STORE)
        return web.json_response({"status": "ready", "conversations": self._admission.count}, headers=_NO_STORE)
