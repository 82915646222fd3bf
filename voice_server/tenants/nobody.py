"""Where a tenant has nobody to ask in a stage: its callers hear the apology, and errors say what its admins can do."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from pipeline.audio import AudioFrame
from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import (
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    SpeechChunk,
    Transcript,
    TranscriptionOptions,
    VoiceOptions,
)

NAME = "nobody"


class NoSpeechToText:
    """Satisfies `SpeechToText`."""

    name = NAME

    async def transcribe(
        self,
        audio: AsyncIterator[AudioFrame],  # noqa: ARG002 -- nobody takes it
        options: TranscriptionOptions,  # noqa: ARG002
    ) -> AsyncGenerator[Transcript, None]:
        """Raises ProviderUnavailable."""
        raise _nobody("speech to text")
        yield


class NoLanguageModel:
    """Satisfies `LanguageModel`."""

    name = NAME

    async def complete(
        self,
        messages: Sequence[ModelMessage],  # noqa: ARG002 -- nobody reads them
        options: CompletionOptions,  # noqa: ARG002
    ) -> AsyncGenerator[ModelDelta, None]:
        """Raises ProviderUnavailable."""
        raise _nobody("the language model")
        yield


class NoTextToSpeech:
    """Satisfies `TextToSpeech`."""

    name = NAME

    async def speak(
        self,
        clauses: AsyncIterator[str],  # noqa: ARG002 -- nobody says them
        options: VoiceOptions,  # noqa: ARG002
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Raises ProviderUnavailable."""
        raise _nobody("the voice")
        yield


def _nobody(stage: str) -> ProviderUnavailable:
    message = (
        f"This tenant has no provider for {stage}. Its admins can keep a key for one of those that it names, or let "
        "the server's stand in (providers.fallback_to_server)."
    )
    return ProviderUnavailable(message, code="no_provider", retryable=False)
