"""Phrases that were spoken in advance, in the assistant's own voice: they need no provider any more."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass

from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    SpeechChunk,
    TextDelta,
    Usage,
    VoiceOptions,
)


@dataclass(frozen=True, slots=True)
class PreparedSpeech:
    """A phrase, ready to be played."""

    text: str
    chunks: tuple[SpeechChunk, ...]
    """As a voice gave them."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """What an assistant can say at any time. None: it is not prepared (yet), and is left out."""

    greeting: PreparedSpeech | None = None
    """When a conversation begins."""
    moment: PreparedSpeech | None = None
    """When an answer takes longer than anybody likes to wait in silence."""
    apology: PreparedSpeech | None = None
    """When there is no answer."""


class PreparedWords:
    """A model that has one answer. Satisfies `LanguageModel`."""

    name = "prepared"

    def __init__(self, phrase: PreparedSpeech) -> None:
        self._phrase = phrase

    async def complete(
        self,
        messages: Sequence[ModelMessage],  # noqa: ARG002 (whatever is asked)
        options: CompletionOptions,  # noqa: ARG002
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel."""
        yield TextDelta(self._phrase.text)
        yield Completed("stop", Usage())


class PreparedVoice:
    """A voice that has said it already. Satisfies `TextToSpeech`."""

    name = "prepared"

    def __init__(self, phrase: PreparedSpeech) -> None:
        self._phrase = phrase

    async def speak(
        self,
        clauses: AsyncIterator[str],
        options: VoiceOptions,  # noqa: ARG002 (it was chosen when the phrase was prepared)
    ) -> AsyncGenerator[SpeechChunk, None]:
        """See TextToSpeech."""
        async for _ in clauses:
            pass
        for chunk in self._phrase.chunks:
            yield chunk
