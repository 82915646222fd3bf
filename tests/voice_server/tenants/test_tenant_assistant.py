"""From a configuration to how a conversation begins."""

from dataclasses import replace
from typing import Any

from pipeline.providers.interfaces import ToolDefinition
from pipeline.settings import SessionSettings
from pipeline.tools import Tool
from tests.voice_server.full_server import assistant
from voice_server.tenants.assistant import TenantAssistant, base_of, tenant_assistant
from voice_server.tenants.config import AssistantConfig, TenantConfig


def tool(name: str) -> Tool:
    async def run(_arguments: object) -> str:
        return name

    return Tool(ToolDefinition(name, "", {}), run)


BASE = replace(assistant("galion"), greeting="Hello!", tools=(tool("timer"), tool("laboratory")))
SETTINGS = SessionSettings(instructions="You are galion.", voice="kal", language="en", domain="galion")


def own(**fields: Any) -> TenantConfig:
    return TenantConfig(assistant=AssistantConfig(name="maria", **fields))


def begun(config: TenantConfig, language: str | None = None) -> TenantAssistant:
    return tenant_assistant(config, BASE, SETTINGS, language)


def test_a_tenant_without_a_configuration_has_the_servers_assistants() -> None:
    assert begun(TenantConfig(retention_days=3)) == TenantAssistant("galion", SETTINGS, "Hello!", BASE.tools)
    assert base_of(TenantConfig(), "galion") == "galion"
    assert base_of(TenantConfig(), None) is None


def test_whatever_name_is_asked_for_a_tenant_with_an_assistant_has_this_one() -> None:
    assert base_of(own(base="galion"), "other") == "galion"
    assert base_of(own(), "other") is None


def test_what_is_left_out_is_as_the_base_has_it() -> None:
    assert begun(own()) == TenantAssistant("maria", SETTINGS, "Hello!", BASE.tools)


def test_what_is_said_counts() -> None:
    config = own(instructions="Book tables.", voice="marin", languages=("it", "de"), tools=("timer",), greeting="Ciao!")
    told = begun(config)
    settings = replace(SETTINGS, instructions="Book tables.", voice="marin", language="it", domain=None)
    assert told == TenantAssistant("maria", settings, "Ciao!", BASE.tools[:1])


def test_no_words_are_words_too() -> None:
    told = begun(own(instructions="", greeting="", tools=()))
    assert (told.settings.instructions, told.greeting, told.tools) == ("", None, ())


def test_the_language_of_the_person_counts_if_the_assistant_speaks_it() -> None:
    config = own(languages=("it", "de"))
    assert [begun(config, wanted).settings.language for wanted in ("de", "fr", None)] == ["de", "it", "it"]
    assert begun(own(), "de").settings.language == "en"
