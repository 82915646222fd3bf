"""A provider on a tenant's own account: what goes wrong there is noted for its admins, and no error shows its key."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.audio import AudioFrame
from pipeline.errors import ProviderError
from pipeline.providers.catalog import Stage
from pipeline.providers.interfaces import (
    CompletionOptions,
    LanguageModel,
    ModelDelta,
    ModelMessage,
    SpeechChunk,
    SpeechToText,
    TextToSpeech,
    Transcript,
    TranscriptionOptions,
    VoiceOptions,
)
from voice_server.tenants.provider_keys import secret_name

_NAMES = {"openai": "OpenAI", "elevenlabs": "ElevenLabs"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong last, since it last went well."""

    code: str
    message: str
    at: datetime


class Account:
    """One provider of one stage, on a tenant's account."""

    def __init__(self, stage: Stage, provider: str, key: str) -> None:
        self.stage: Stage = stage
        self.provider = provider
        self.trouble: Trouble | None = None
        self._key = key

    def worked(self) -> None:
        """It has answered."""
        self.trouble = None

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Note a ProviderError of the block, and let it out as the tenant may see it."""
        try:
            yield
        except ProviderError as error:
            error.message = self._shown(error)
            error.args = (error.message,)
            self.trouble = Trouble(error.code, error.message, datetime.now(UTC))
            # The vendor's own exception may repeat the key, and whoever logs this one would log that.
            error.__cause__ = None
            raise error from None

    def _shown(self, error: ProviderError) -> str:
        secret = secret_name(self.provider)
        if error.code == "provider_key_rejected":
            name = _NAMES[self.provider]
            return f"{name} refuses the key of this tenant. Its admins can replace it: it is the secret `{secret}`."
        message = error.message.replace(self._key, "…") if self._key else error.message
        return message.replace(secret.upper(), f"the tenant's secret `{secret}`")


class OwnSpeechToText:
    """Satisfies `SpeechToText`."""

    def __init__(self, provider: SpeechToText, account: Account) -> None:
        self.name = provider.name
        self._provider = provider
        self._account = account

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """See SpeechToText."""
        with self._account.watched():
            async with aclosing(self._provider.transcribe(audio, options)) as transcripts:
                async for transcript in transcripts:
                    self._account.worked()
                    yield transcript


class OwnLanguageModel:
    """Satisfies `LanguageModel`."""

    def __init__(self, provider: LanguageModel, account: Account) -> None:
        self.name = provider.name
        self._provider = provider
        self._account = account

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel."""
        with self._account.watched():
            async with aclosing(self._provider.complete(messages, options)) as deltas:
                async for delta in deltas:
                    self._account.worked()
                    yield delta


class OwnTextToSpeech:
    """Satisfies `TextToSpeech`."""

    def __init__(self, provider: TextToSpeech, account: Account) -> None:
        self.name = provider.name
        self._provider = provider
        self._account = account

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """See TextToSpeech."""
        with self._account.watched():
            async with aclosing(self._provider.speak(clauses, options)) as chunks:
                async for chunk in chunks:
                    self._account.worked()
                    yield chunk
