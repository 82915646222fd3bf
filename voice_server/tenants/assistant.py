"""From a tenant's configuration and one of the server's assistants to how a conversation begins."""

from dataclasses import dataclass, replace

from pipeline.settings import SessionSettings
from pipeline.tools import Tool
from voice_server.assistants.assistant import Assistant
from voice_server.tenants.config import TenantConfig


@dataclass(frozen=True, slots=True)
class TenantAssistant:
    """Who is talked to."""

    name: str
    settings: SessionSettings
    greeting: str | None
    """What it says first; None: it waits to be spoken to."""
    tools: tuple[Tool, ...]


def base_of(config: TenantConfig, asked: str | None) -> str | None:
    """Which of the server's assistants it is, by the name that was asked for; None: the default one.

    A tenant that has an assistant of its own has this one only.
    """
    return asked if config.assistant is None else config.assistant.base


def tenant_assistant(
    config: TenantConfig, base: Assistant, settings: SessionSettings, language: str | None = None
) -> TenantAssistant:
    """The tenant's assistant over `base`, whose conversations begin with `settings`.

    `language`: the one of the person who talks, ISO 639-1, if it is known; it counts if the assistant speaks it.
    """
    own = config.assistant
    if own is None:
        return TenantAssistant(base.name, settings, base.greeting, base.tools)
    settings = replace(
        settings,
        instructions=settings.instructions if own.instructions is None else own.instructions,
        voice=own.voice or settings.voice,
        language=_language(own.languages, language) or settings.language,
        # The words that the base expects are those of its own subject.
        domain=settings.domain if own.instructions is None else None,
    )
    tools = base.tools if own.tools is None else tuple(tool for tool in base.tools if tool.definition.name in own.tools)
    greeting = base.greeting if own.greeting is None else own.greeting
    return TenantAssistant(own.name, settings, greeting or None, tools)


def _language(spoken: tuple[str, ...], wanted: str | None) -> str | None:
    if wanted in spoken:
        return wanted
    return spoken[0] if spoken else None
