"""Phrases that were spoken in advance, in the assistant's own voice: they need no provider any more."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace

from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    SpeechChunk,
    SpokenText,
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

    def between(self, before: str, after: str) -> "PreparedSpeech":
        """The same with white space before and behind its text."""
        places = [place for place, chunk in enumerate(self.chunks) if chunk.spoken]
        if not places:
            return self
        chunks = list(self.chunks)
        first = chunks[places[0]]
        chunks[places[0]] = replace(first, spoken=(_spaced(first.spoken[0], before, ""), *first.spoken[1:]))
        last = chunks[places[-1]]
        chunks[places[-1]] = replace(last, spoken=(*last.spoken[:-1], _spaced(last.spoken[-1], "", after)))
        return PreparedSpeech(f"{before}{self.text}{after}", tuple(chunks))


def _spaced(piece: SpokenText, before: str, after: str) -> SpokenText:
    return replace(piece, text=f"{before}{piece.text}{after}")


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
