"""Providers by the names that settings use: `openai`, `elevenlabs`, `embedded`.

A vendor's package is imported when it is first named, so that nobody needs what they do not use.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from pipeline import deadlines
from pipeline.deadlines import Deadlines
from pipeline.errors import ProviderUnavailable
from pipeline.providers.failover import LanguageModels, SpeechToTexts, TextToSpeeches
from pipeline.providers.health import HealthRecord, ProviderHealth
from pipeline.providers.health import Stage as Stage  # noqa: PLC0414 -- settings name stages by it
from pipeline.providers.interfaces import LanguageModel, SpeechToText, TextToSpeech
from pipeline.providers.race import Candidate

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_Provider = TypeVar("_Provider", SpeechToText, LanguageModel, TextToSpeech)

PROVIDERS: Mapping[Stage, tuple[str, ...]] = {
    "STT": ("openai", "elevenlabs", "embedded"),
    "LLM": ("openai", "embedded"),
    "TTS": ("elevenlabs", "openai", "embedded"),
}
"""In the order in which they are preferred when several could be used."""

_STREAMING_MODELS = ("live", "realtime")
"""In the name of OpenAI's models that transcribe over a socket, while the user is still speaking."""

KEEP_WARM_SECONDS = 60.0
"""How often connections are used lest they be closed: a vendor closes those that were idle for some minutes."""

DEADLINES: Mapping[Stage, Deadlines] = {
    "STT": deadlines.SPEECH_TO_TEXT,
    "LLM": deadlines.LANGUAGE_MODEL,
    "TTS": deadlines.TEXT_TO_SPEECH,
}


@dataclass(frozen=True, slots=True)
class Access:
    """Where the vendors are, and what they are asked for."""

    openai_api_key: str = field(repr=False)
    openai_base_url: str
    openai_stt_model: str
    openai_llm_model: str
    openai_tts_model: str
    openai_tts_voice: str
    elevenlabs_api_key: str = field(repr=False)
    elevenlabs_base_url: str
    elevenlabs_stt_model: str
    elevenlabs_tts_model: str
    elevenlabs_voice: str


class Catalog:
    """Opens providers, and closes them all when it is closed. One task at a time asks it for them."""

    def __init__(
        self,
        access: Access,
        domains: Mapping[str, Sequence[str]],
        pronunciations: Mapping[str, str] | None = None,
        limits: Mapping[Stage, Deadlines] = DEADLINES,
    ) -> None:
        """`domains`: by an assistant's name, what people are likely to say to it, for recognisers that prepare.
        `pronunciations`: of words in them that are in no dictionary. `limits`: how long each stage may take."""
        self._access = access
        self._deadlines = limits
        self._health: dict[tuple[Stage, str], HealthRecord] = {}
        self._hearing: dict[str, Candidate[SpeechToText]] = {}
        self._speaking: dict[str, Candidate[TextToSpeech]] = {}
        self._domains = domains
        self._pronunciations = pronunciations
        self._resources = contextlib.AsyncExitStack()
        self._client: AsyncOpenAI | None = None

    async def __aenter__(self) -> Self:
        """Ready; providers are opened when they are asked for."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close everything that was opened."""
        await self._resources.aclose()

    def of_account(self, openai_api_key: str, elevenlabs_api_key: str) -> "Catalog":
        """The same vendors at the same addresses, on somebody else's account: with connections, and with knowledge of
        how they are doing, of its own. Enter it; nothing embedded is to be asked of it."""
        access = replace(self._access, openai_api_key=openai_api_key, elevenlabs_api_key=elevenlabs_api_key)
        return Catalog(access, {}, limits=self._deadlines)

    async def speech_to_text(self, names: Sequence[str]) -> SpeechToText:
        """The first of these that can hear an utterance. Raises ProviderUnavailable if one cannot be opened."""
        return self.hearing([await self.hears(name) for name in names])

    async def language_model(self, names: Sequence[str], embedded: LanguageModel | None) -> LanguageModel:
        """The first of these that answers. `embedded` is what the assistant can do by itself, if anything."""
        found = [await self.thinks(name, embedded) for name in names]
        candidates = [candidate for candidate in found if candidate is not None]
        if not candidates:
            message = "This assistant cannot answer by itself; set OPENAI_API_KEY, or LLM to a provider that can."
            raise ProviderUnavailable(message, code="no_language_model", retryable=False)
        return self.thinking(candidates)

    async def text_to_speech(self, names: Sequence[str]) -> TextToSpeech:
        """The first of these that can speak. Raises ProviderUnavailable if one cannot be opened."""
        return self.speaking([await self.speaks(name) for name in names])

    async def hears(self, name: str) -> Candidate[SpeechToText]:
        """A recogniser for a chain, opened once. Raises ProviderUnavailable if that fails."""
        if name not in self._hearing:
            self._hearing[name] = self._candidate("STT", name, await self._speech_to_text(name))
        return self._hearing[name]

    async def thinks(self, name: str, embedded: LanguageModel | None) -> Candidate[LanguageModel] | None:
        """A model for a chain; None if it is the embedded one, and the assistant has none."""
        model = await self._language_model(name, embedded)
        return None if model is None else self._candidate("LLM", name, model)

    async def speaks(self, name: str) -> Candidate[TextToSpeech]:
        """A voice for a chain, opened once. Raises ProviderUnavailable if that fails."""
        if name not in self._speaking:
            self._speaking[name] = self._candidate("TTS", name, await self._text_to_speech(name))
        return self._speaking[name]

    def hearing(self, candidates: Sequence[Candidate[SpeechToText]]) -> SpeechToText:
        """A chain of recognisers, with the deadlines of the stage."""
        return SpeechToTexts(candidates, self._deadlines["STT"])

    def thinking(self, candidates: Sequence[Candidate[LanguageModel]]) -> LanguageModel:
        """A chain of models."""
        return LanguageModels(candidates, self._deadlines["LLM"])

    def speaking(self, candidates: Sequence[Candidate[TextToSpeech]]) -> TextToSpeech:
        """A chain of voices."""
        return TextToSpeeches(candidates, self._deadlines["TTS"])

    def health(self) -> tuple[ProviderHealth, ...]:
        """How every provider of every stage is doing, for all conversations together."""
        return tuple(record.snapshot() for record in self._health.values())

    async def warm_up(self) -> None:
        """Open connections ahead of need, and keep open those that are. Never fails: who needs one will see.

        For the start of a server and every KEEP_WARM_SECONDS after it. What is embedded is warm when it is opened, and
        the sockets of ElevenLabs are opened while the user still speaks or the model still writes.
        """
        if self._client is not None:
            from pipeline.providers.openai.client import warm_up  # noqa: PLC0415 -- see the module's docstring

            await warm_up(self._client)

    def _candidate(self, stage: Stage, name: str, provider: _Provider) -> Candidate[_Provider]:
        record = self._health.setdefault((stage, name), HealthRecord(stage, name))
        return Candidate(provider, provider.name, record, is_local=name == "embedded")

    async def _speech_to_text(self, name: str) -> SpeechToText:
        access = self._access
        match name:
            case "openai":
                from pipeline.providers.openai import speech_to_text  # noqa: PLC0415 -- see the module's docstring

                streams = any(word in access.openai_stt_model for word in _STREAMING_MODELS)
                kind = speech_to_text.OpenAIRealtimeTranscription if streams else speech_to_text.OpenAITranscription
                return kind(await self._openai(), access.openai_stt_model)
            case "elevenlabs":
                from pipeline.providers.elevenlabs.speech_to_text import ElevenLabsSpeechToText  # noqa: PLC0415

                return ElevenLabsSpeechToText(
                    access.elevenlabs_api_key, access.elevenlabs_base_url, access.elevenlabs_stt_model
                )
            case "embedded":
                with _embedded_packages():
                    from pipeline.providers.embedded.speech_to_text import EmbeddedSpeechToText  # noqa: PLC0415
                recogniser = EmbeddedSpeechToText(self._domains, pronunciations=self._pronunciations)
                return await self._resources.enter_async_context(recogniser)
        raise _unknown(name, "STT")

    async def _language_model(self, name: str, embedded: LanguageModel | None) -> LanguageModel | None:
        match name:
            case "openai":
                from pipeline.providers.openai.language_model import OpenAILanguageModel  # noqa: PLC0415

                return OpenAILanguageModel(await self._openai(), self._access.openai_llm_model)
            case "embedded":
                return embedded
        raise _unknown(name, "LLM")

    async def _text_to_speech(self, name: str) -> TextToSpeech:
        access = self._access
        match name:
            case "openai":
                from pipeline.providers.openai.text_to_speech import OpenAITextToSpeech  # noqa: PLC0415

                return OpenAITextToSpeech(await self._openai(), access.openai_tts_model, access.openai_tts_voice)
            case "elevenlabs":
                from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech  # noqa: PLC0415

                return ElevenLabsTextToSpeech(
                    access.elevenlabs_api_key,
                    access.elevenlabs_base_url,
                    access.elevenlabs_tts_model,
                    access.elevenlabs_voice,
                )
            case "embedded":
                with _embedded_packages():
                    from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech  # noqa: PLC0415
                return await self._resources.enter_async_context(EmbeddedTextToSpeech())
        raise _unknown(name, "TTS")

    async def _openai(self) -> "AsyncOpenAI":
        """The connection that all stages share."""
        if self._client is None:
            from pipeline.providers.openai.client import client  # noqa: PLC0415

            # A server that imitates OpenAI may want no key, but the client library does.
            key = self._access.openai_api_key or "none"
            # Certificates are read from the disk: others converse meanwhile.
            made = await asyncio.to_thread(client, key, self._access.openai_base_url)
            self._client = await self._resources.enter_async_context(made)
        return self._client


def _unknown(name: str, stage: Stage) -> ProviderUnavailable:
    message = f"There is no provider {name} for {stage}; there are {', '.join(PROVIDERS[stage])}."
    return ProviderUnavailable(message, code="unknown_provider", retryable=False)


@contextlib.contextmanager
def _embedded_packages() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        message = f"The embedded providers lack the package {error.name}: pip install 'voice-server[embedded]'."
        raise ProviderUnavailable(message, code="not_installed", retryable=False) from error
