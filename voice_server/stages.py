"""The providers of all stages, opened once for the whole server."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pipeline.providers.catalog import Access, Catalog
from pipeline.providers.interfaces import LanguageModel, SpeechToText, TextToSpeech
from voice_server.assistants import catalog
from voice_server.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Stages:
    """Who hears, thinks and speaks."""

    speech_to_text: SpeechToText
    text_to_speech: TextToSpeech
    language_models: Mapping[str, LanguageModel]
    """By an assistant's name."""


@asynccontextmanager
async def open_stages(settings: ServerSettings, assistants: catalog.Catalog) -> AsyncGenerator[Stages, None]:
    """Open what the settings name. Raises ProviderUnavailable if something cannot be opened."""
    domains = {assistant.name: assistant.vocabulary() for assistant in assistants.all()}
    pronunciations = {word: phones for each in assistants.all() for word, phones in each.pronunciations.items()}
    async with Catalog(_access(settings), domains, pronunciations) as catalog:
        yield Stages(
            speech_to_text=await catalog.speech_to_text(settings.stt),
            text_to_speech=await catalog.text_to_speech(settings.tts),
            language_models={
                assistant.name: await catalog.language_model(settings.llm, assistant.offline_model)
                for assistant in assistants.all()
            },
        )


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
