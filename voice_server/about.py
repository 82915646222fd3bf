"""`GET /api/v1/about`: what runs here, for a page to say before anybody speaks."""

from aiohttp import web

from voice_server import __version__
from voice_server.assistants.catalog import Catalog
from voice_server.settings import ServerSettings

EMBEDDED_NOTICES = {
    "stt": "Speech is recognised by the embedded recogniser: English only, with a small vocabulary.",
    "llm": "Answers are computed offline by the assistant itself: no language model is connected.",
    "tts": "The voice is the embedded one: quick and clear, but robotic.",
}
SWITCH_NOTICE = "Set OPENAI_API_KEY, and ELEVENLABS_API_KEY for the voice, to switch to real providers."


def notices(settings: ServerSettings) -> list[str]:
    """What users should know of the providers that come first."""
    first = {"stt": settings.stt[0], "llm": settings.llm[0], "tts": settings.tts[0]}
    told = [EMBEDDED_NOTICES[stage] for stage, provider in first.items() if provider == "embedded"]
    return [*told, SWITCH_NOTICE] if told else []


class About:
    """The endpoint."""

    def __init__(self, settings: ServerSettings, assistants: Catalog) -> None:
        told = notices(settings)
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

    async def about(self, _request: web.Request) -> web.Response:
        """What runs here."""
        return web.json_response(self._answer)
