"""Several providers of one stage, in order: when one fails before it gave anything, the next is asked the same.

What was given cannot be taken back, so a provider that fails later fails for all of them; only transcripts that are not
final may be replaced by another's. A provider that hangs has failed too, unless there is no other: the last one has
the time that the caller gives.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

from pipeline.audio import AudioFrame
from pipeline.errors import ProviderError, ProviderTimeout
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

PATIENCE_SECONDS = 5.0
"""How long a provider may take for its first value once it has what it needs, if another could be asked: half of the
pipeline's shortest deadline, so that the other half is left for the next."""

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
        # The words of an utterance are due when it is over.
        patience = _Patience()
        async with contextlib.aclosing(_Replay(audio, at_end=patience.begin)) as frames:
            stream = _first_that_can(
                self._providers,
                patience,
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
        patience = _Patience()
        patience.begin()
        stream = _first_that_can(self._providers, patience, lambda provider: provider.complete(messages, options))
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
        # Audio is due when there is something to say.
        patience = _Patience()
        async with contextlib.aclosing(_Replay(clauses, at_first=patience.begin)) as texts:
            stream = _first_that_can(
                self._providers, patience, lambda provider: provider.speak(texts.from_the_start(), options)
            )
            async with contextlib.aclosing(stream):
                async for chunk in stream:
                    yield chunk


class _Patience:
    """How long a provider is waited for. The time counts from the moment at which it has what it needs."""

    def __init__(self) -> None:
        self._has_begun = False
        self._limit: asyncio.Timeout | None = None

    def begin(self) -> None:
        """From now on it counts."""
        if self._has_begun:
            return
        self._has_begun = True
        if self._limit is not None:
            self._limit.reschedule(_soon())

    async def of(self, stream: AsyncGenerator[_Value, None], name: str) -> AsyncGenerator[_Value, None]:
        """Give what a provider gives until its time is over, whatever it gave by then. Raises ProviderTimeout."""
        until: float | None = None
        while True:
            if until is None and self._has_begun:
                until = _soon()
            self._limit = limit = asyncio.timeout_at(until)
            try:
                async with limit:
                    value = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise ProviderTimeout(f"{name} gave nothing within {PATIENCE_SECONDS:g} s.") from error
            finally:
                self._limit = None
            until = limit.when()
            yield value


def _soon() -> float:
    return asyncio.get_running_loop().time() + PATIENCE_SECONDS


async def _first_that_can(
    providers: Sequence[_Provider],
    patience: _Patience,
    ask: Callable[[_Provider], AsyncGenerator[_Value, None]],
    binds: Callable[[_Value], bool] = lambda _: True,
) -> AsyncGenerator[_Value, None]:
    """What the first provider gives that does not fail before it gave a value that `binds`."""
    for following, provider in enumerate(providers, start=1):
        is_bound = following == len(providers)
        try:
            async with contextlib.aclosing(ask(provider)) as stream:
                if not is_bound:
                    async with contextlib.aclosing(patience.of(stream, provider.name)) as first:
                        async for value in first:
                            is_bound = binds(value)
                            yield value
                            if is_bound:
                                break
                async for value in stream:
                    yield value
        except ProviderError as error:
            if is_bound:
                raise
            _log.warning("%s failed, asking the next provider: %s", provider.name, error.message)
        else:
            return


def _nothing() -> None:
    pass


class _Replay(Generic[_Value]):
    """An iterator that can be started again. It remembers one utterance, or the clauses of one reply."""

    def __init__(
        self,
        source: AsyncIterator[_Value],
        *,
        at_first: Callable[[], None] = _nothing,
        at_end: Callable[[], None] = _nothing,
    ) -> None:
        """What is to be called when the source has given its first value, and when it has ended."""
        self._source = source
        self._at_first = at_first
        self._at_end = at_end
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
                    self._at_end()
                    return
                self._at_first()
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
