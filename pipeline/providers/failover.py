"""Several providers of one stage, in order: when one fails before it gave anything, the next is asked the same.

What was given cannot be taken back, so a provider that fails later fails for all of them; only transcripts that are not
final may be replaced by another's. A provider that hangs is no failure yet: how long to wait is the caller's to decide.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

from pipeline.audio import AudioFrame
from pipeline.errors import ProviderError
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

_log = logging.getLogger(__name__)

_Value = TypeVar("_Value")
_Provider = TypeVar("_Provider", SpeechToText, LanguageModel, TextToSpeech)


class SpeechToTexts:
    """Speech to text by the first provider that can."""

    def __init__(self, providers: Sequence[SpeechToText]) -> None:
        self._providers = providers
        self.name = _names(providers)

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """See SpeechToText."""
        async with contextlib.aclosing(_Replay(audio)) as frames:
            stream = _first_that_can(
                self._providers,
                lambda provider: provider.transcribe(frames.from_the_start(), options),
                binds=lambda transcript: transcript.is_final,
            )
            async with contextlib.aclosing(stream):
                async for transcript in stream:
                    yield transcript


class LanguageModels:
    """A reply by the first provider that can."""

    def __init__(self, providers: Sequence[LanguageModel]) -> None:
        self._providers = providers
        self.name = _names(providers)

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel."""
        stream = _first_that_can(self._providers, lambda provider: provider.complete(messages, options))
        async with contextlib.aclosing(stream):
            async for delta in stream:
                yield delta


class TextToSpeeches:
    """Speech by the first provider that can."""

    def __init__(self, providers: Sequence[TextToSpeech]) -> None:
        self._providers = providers
        self.name = _names(providers)

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """See TextToSpeech."""
        async with contextlib.aclosing(_Replay(clauses)) as texts:
            stream = _first_that_can(self._providers, lambda provider: provider.speak(texts.from_the_start(), options))
            async with contextlib.aclosing(stream):
                async for chunk in stream:
                    yield chunk


async def _first_that_can(
    providers: Sequence[_Provider],
    ask: Callable[[_Provider], AsyncGenerator[_Value, None]],
    binds: Callable[[_Value], bool] = lambda _: True,
) -> AsyncGenerator[_Value, None]:
    """What the first provider gives that does not fail before it gave a value that `binds`."""
    for following, provider in enumerate(providers, start=1):
        is_bound = following == len(providers)
        try:
            async with contextlib.aclosing(ask(provider)) as stream:
                async for value in stream:
                    is_bound = is_bound or binds(value)
                    yield value
        except ProviderError as error:
            if is_bound:
                raise
            _log.warning("%s failed, asking the next provider: %s", provider.name, error.message)
        else:
            return


class _Replay(Generic[_Value]):
    """An iterator that can be started again. It remembers one utterance, or the clauses of one reply."""

    def __init__(self, source: AsyncIterator[_Value]) -> None:
        self._source = source
        self._seen: list[_Value] = []
        self._next: asyncio.Future[_Value] | None = None

    async def from_the_start(self) -> AsyncIterator[_Value]:
        """Everything from the beginning; one reader at a time."""
        count = 0
        while True:
            if count == len(self._seen):
                try:
                    self._seen.append(await self._fetch())
                except StopAsyncIteration:
                    return
            yield self._seen[count]
            count += 1

    async def aclose(self) -> None:
        """Stop reading the source."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)

    async def _fetch(self) -> _Value:
        # A provider that fails may be cancelled while it waits for more. That must not reach the source: a generator
        # that is cancelled has ended, and the next provider would find it empty.
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._source))
        value = await asyncio.shield(self._next)
        self._next = None
        return value


def _names(providers: Sequence[_Provider]) -> str:
    return ", ".join(provider.name for provider in providers)
