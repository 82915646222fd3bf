"""Endpoints of OpenAI's API that clients may ask for and that do not exist here: each says so, and what to use."""

from aiohttp import web
from aiohttp.typedefs import Handler

from voice_server.http.errors import ApiError

_WEBRTC = "WebRTC and SIP are not offered; connect a WebSocket to /v1/realtime."
_BETA = "The beta API is not offered; use POST /v1/realtime/client_secrets."
UNSUPPORTED = {
    "/v1/realtime/calls": _WEBRTC,
    "/v1/realtime/calls/{call_id}/{action}": _WEBRTC,
    "/v1/realtime/translations": "Live translation is not offered; an assistant with such instructions is.",
    "/v1/realtime/sessions": _BETA,
    "/v1/realtime/transcription_sessions": _BETA,
    "/v1/audio/translations": "Translation is not offered; use /v1/audio/transcriptions and /v1/chat/completions.",
    "/v1/responses": "Responses are not offered; use /v1/chat/completions.",
    "/v1/embeddings": "Embeddings are not offered.",
}
"""Path to what is said there."""


def unsupported_routes() -> list[web.RouteDef]:
    """One route for each of them."""
    return [web.post(path, _refuse_with(message)) for path, message in UNSUPPORTED.items()]


def _refuse_with(message: str) -> Handler:
    async def refuse(_request: web.Request) -> web.StreamResponse:
        raise ApiError(501, "not_supported", message)

    return refuse
