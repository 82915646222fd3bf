"""The providers of all stages, opened once for the whole server."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from pipeline.providers.catalog import DEADLINES, KEEP_WARM_SECONDS, Access, Catalog, Stage
from pipeline.providers.health import ProviderHealth
from pipeline.providers.interfaces import LanguageModel, SpeechToText, TextToSpeech
from voice_server.assistants import catalog
from voice_server.background import running
from voice_server.server_roles import stages_of
from voice_server.settings import ServerSettings
from voice_server.tenants.nobody import NoLanguageModel, NoSpeechToText, NoTextToSpeech


@dataclass(frozen=True, slots=True)
class House:
    """What the server's operator provides."""

    catalog: Catalog
    orders: Mapping[Stage, tuple[str, ...]]
    """Which providers are asked, by their names, in each stage that the server's roles need."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Who hears, thinks and speaks."""

    speech_to_text: SpeechToText
    text_to_speech: TextToSpeech
    language_models: Mapping[str, LanguageModel]
    """By an assistant's name."""
    own_voice: TextToSpeech
    """The first that was configured, without those that stand in for it when it fails."""
    health: Callable[[], Sequence[ProviderHealth]]
    """How they are all doing."""
    reader: LanguageModel | None = None
    """Reads conversations that are over, for what is to be remembered. It is asked without the chain: how long it takes
    there says nothing about whether it may answer somebody who waits. None: there is none but what is embedded."""
    house: House | None = None
    """What else they are made of; None: tenants cannot have chains of their own, or nobody is asked here."""


@asynccontextmanager
async def open_stages(settings: ServerSettings, assistants: catalog.Catalog) -> AsyncGenerator[Stages, None]:
    """Open what the settings name, as far as the roles need it.

    Raises ProviderUnavailable if something cannot be opened.
    """
    orders = _orders(settings)
    domains = {assistant.name: assistant.vocabulary() for assistant in assistants.all()}
    pronunciations = {word: phones for each in assistants.all() for word, phones in each.pronunciations.items()}
    limits = {**DEADLINES, "LLM": DEADLINES["LLM"].with_first(settings.llm_deadline_seconds)}
    async with Catalog(_access(settings), domains, pronunciations, limits) as catalog:
        speaks, thinks = "TTS" in orders, "LLM" in orders
        text_to_speech = await catalog.text_to_speech(settings.tts) if speaks else NoTextToSpeech()
        stages = Stages(
            speech_to_text=await catalog.speech_to_text(settings.stt) if "STT" in orders else NoSpeechToText(),
            text_to_speech=text_to_speech,
            own_voice=await catalog.text_to_speech(settings.tts[:1]) if speaks and settings.tts[1:] else text_to_speech,
            language_models={
                each.name: await catalog.language_model(settings.llm, each.offline_model)
                if thinks
                else NoLanguageModel()
                for each in assistants.all()
            },
            health=catalog.health,
            reader=await _reader(catalog, orders.get("LLM", ())),
            house=House(catalog, orders) if orders else None,
        )
        async with running("warm connections", partial(_keep_warm, catalog)):
            yield stages


def _orders(settings: ServerSettings) -> Mapping[Stage, tuple[str, ...]]:
    """Of the stages that the roles need."""
    named: Mapping[Stage, tuple[str, ...]] = {"STT": settings.stt, "LLM": settings.llm, "TTS": settings.tts}
    needed = stages_of(settings.roles)
    return {stage: names for stage, names in named.items() if stage in needed}


async def _reader(catalog: Catalog, names: Sequence[str]) -> LanguageModel | None:
    """The first model that is a real one."""
    for name in names:
        if name != "embedded" and (found := await catalog.thinks(name, None)) is not None:
            return found.provider
    return None


async def _keep_warm(catalog: Catalog) -> None:
    """No conversation should wait for a connection to be opened."""
    while True:
        await catalog.warm_up()
        await asyncio.sleep(KEEP_WARM_SECONDS)


def _access(settings: ServerSettings) -> Access:
    return Access(
        openai_api_key=settings.openai_api_key,
        openai_base_url=settings.openai_base_url,
        openai_stt_model=settings.openai_stt_model,
        openai_llm_model=settings.openai_llm_model,
        openai_tts_model=settings.openai_tts_model,
        openai_tts_voice=settings.openai_tts_voice,
        elevenlabs_api_key=settings.elevenlabs_api_key,
        elevenlabs_base_url=settings.elevenlabs_base_url,
        elevenlabs_stt_model=settings.elevenlabs_stt_model,
        elevenlabs_tts_model=settings.elevenlabs_tts_model,
        elevenlabs_voice=settings.elevenlabs_voice,
    )
