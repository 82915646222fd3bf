"""The providers of a stage as one: with deadlines, one hedge, circuit breakers and an order in which they are asked.

How a call is won is in `race.py`; here is what a call of each stage is about. What was given is never mixed with what
another provider gives: only transcripts that are not final may be replaced by another's, and a speech that breaks off
where it is known exactly what was said goes on from there with another voice.

`health()` tells at any time how the providers are doing.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import TypeVar

from pipeline import deadlines
from pipeline.audio import FRAME_SECONDS, AudioFrame
from pipeline.deadlines import Deadlines
from pipeline.providers.health import HealthRecord, ProviderHealth, Stage
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    LanguageModel,
    ModelDelta,
    ModelMessage,
    SpeechChunk,
    SpeechToText,
    TextDelta,
    TextToSpeech,
    ToolCallDelta,
    Transcript,
    TranscriptionOptions,
    VoiceOptions,
)
from pipeline.providers.race import Candidate, Race, Weight
from pipeline.providers.replay import Replay
from pipeline.providers.takeover import Saying

SLOWEST_CHARACTERS_PER_SECOND = 5.0
"""A model that writes slower than this cannot be listened to: a voice says three times as many."""

_Provider = TypeVar("_Provider", SpeechToText, LanguageModel, TextToSpeech)


def candidate(stage: Stage, provider: _Provider, *, is_local: bool = False) -> Candidate[_Provider]:
    """A provider with a record of its own. Share what this returns to share what is known of the provider."""
    return Candidate(provider, provider.name, HealthRecord(stage, provider.name), is_local)


class SpeechToTexts:
    """Speech to text by the first that can. Satisfies `SpeechToText`."""

    def __init__(
        self, candidates: Sequence[Candidate[SpeechToText]], limits: Deadlines = deadlines.SPEECH_TO_TEXT
    ) -> None:
        self._candidates = candidates
        self._deadlines = limits
        self._settles = False
        self.name = _names(candidates)

    def health(self) -> tuple[ProviderHealth, ...]:
        """How each provider is doing, in their order."""
        return tuple(one.health.snapshot() for one in self._candidates)

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """See SpeechToText."""
        news = asyncio.Event()
        hearing = _Hearing(options, news, settles=self._settles)
        async with Replay(audio, hearing.came) as frames:
            hearing.frames = frames
            race = Race(hearing, self._candidates, self._deadlines, news)
            async with contextlib.aclosing(race.values()) as transcripts:
                async for transcript in transcripts:
                    self._settles = self._settles or transcript.is_settled
                    yield transcript


class LanguageModels:
    """A reply by the first that answers. Satisfies `LanguageModel`."""

    def __init__(
        self, candidates: Sequence[Candidate[LanguageModel]], limits: Deadlines = deadlines.LANGUAGE_MODEL
    ) -> None:
        self._candidates = candidates
        self._deadlines = limits
        self.name = _names(candidates)

    def health(self) -> tuple[ProviderHealth, ...]:
        """How each provider is doing, in their order."""
        return tuple(one.health.snapshot() for one in self._candidates)

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel."""
        race = Race(_Writing(messages, options), self._candidates, self._deadlines, asyncio.Event())
        async with contextlib.aclosing(race.values()) as deltas:
            async for delta in deltas:
                yield delta


class TextToSpeeches:
    """Speech by the first that can. Satisfies `TextToSpeech`."""

    def __init__(
        self, candidates: Sequence[Candidate[TextToSpeech]], limits: Deadlines = deadlines.TEXT_TO_SPEECH
    ) -> None:
        self._candidates = candidates
        self._deadlines = limits
        self.name = _names(candidates)

    def health(self) -> tuple[ProviderHealth, ...]:
        """How each provider is doing, in their order."""
        return tuple(one.health.snapshot() for one in self._candidates)

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """See TextToSpeech."""
        news = asyncio.Event()
        saying = Saying(options, news)
        async with Replay(clauses, saying.came) as texts:
            saying.texts = texts
            race = Race(saying, self._candidates, self._deadlines, news)
            async with contextlib.aclosing(race.values()) as chunks:
                async for chunk in chunks:
                    yield chunk


class _Hearing:
    """The words of one utterance are due when it is over, or while its speaker pauses and is perhaps done."""

    what = "Speech-to-text"
    frames: Replay[AudioFrame]

    def __init__(self, options: TranscriptionOptions, news: asyncio.Event, *, settles: bool) -> None:
        """`settles`: whether the recognisers of this stage are known to answer before the audio ends."""
        self._options = options
        self._news = news
        self._settles = settles
        self._is_settled = False
        self._is_final = False
        self._seconds = 0.0
        self.due_at: float | None = None
        self.tells_latency = True

    @property
    def extra_seconds(self) -> float:
        too_long = max(0.0, self._seconds - deadlines.LONG_AUDIO_SECONDS)
        return too_long * deadlines.SECONDS_PER_LONG_AUDIO_SECOND

    def came(self, frame: AudioFrame | None) -> None:
        """The utterance goes on, or is over."""
        if frame is None:
            if self.due_at is None:
                self._is_due(tells_latency=not self._is_settled)
            return
        self._seconds += FRAME_SECONDS
        if frame.may_be_last:
            if self._settles:
                self._is_due(tells_latency=True)
        elif frame.is_speech:
            self._is_settled = False
            self.due_at = None

    def _is_due(self, *, tells_latency: bool) -> None:
        self.due_at, self.tells_latency = asyncio.get_running_loop().time(), tells_latency
        self._news.set()

    async def ask(self, provider: SpeechToText) -> AsyncGenerator[Transcript, None]:
        async with (
            contextlib.aclosing(self.frames.from_the_start()) as frames,
            contextlib.aclosing(provider.transcribe(frames, self._options)) as transcripts,
        ):
            async for transcript in transcripts:
                yield transcript

    def weight(self, value: Transcript) -> Weight:
        if value.is_final:
            return Weight.ENDS
        return Weight.SETTLES if value.is_settled and self.due_at is not None else Weight.PREVIEW

    def passed_on(self, value: Transcript) -> Transcript:
        self._is_final = value.is_final
        if value.is_settled:
            self._is_settled, self.due_at = True, None
        return value

    def seconds(self, value: Transcript) -> float:  # noqa: ARG002 nobody listens to a transcript
        return 0.0

    def owes(self) -> bool:
        return self.due_at is not None

    def is_complete(self) -> bool:
        return self._is_final

    def may_go_on(self) -> bool:
        return False


class _Writing:
    """A model is asked once, and whatever it has written stands."""

    what = "The language model"
    extra_seconds = 0.0
    tells_latency = True

    def __init__(self, messages: Sequence[ModelMessage], options: CompletionOptions) -> None:
        self._messages = messages
        self._options = options
        self._has_begun = False
        self._is_complete = False
        self.due_at: float | None = asyncio.get_running_loop().time()

    def ask(self, provider: LanguageModel) -> AsyncGenerator[ModelDelta, None]:
        return provider.complete(self._messages, self._options)

    def weight(self, value: ModelDelta) -> Weight:
        match value:
            case Completed(reason="stop" | "tool_calls") if not self._has_begun:
                return Weight.NOTHING
            case Completed():
                return Weight.ENDS
            case TextDelta("") if not self._has_begun:
                return Weight.PREVIEW
            case _:
                return Weight.BINDS

    def passed_on(self, value: ModelDelta) -> ModelDelta:
        self._has_begun = self._has_begun or value != TextDelta("")
        self._is_complete = isinstance(value, Completed)
        return value

    def seconds(self, value: ModelDelta) -> float:
        match value:
            case TextDelta(text) | ToolCallDelta(arguments=text):
                return len(text) / SLOWEST_CHARACTERS_PER_SECOND
            case _:
                return 0.0

    def owes(self) -> bool:
        return True

    def is_complete(self) -> bool:
        return self._is_complete

    def may_go_on(self) -> bool:
        return False


def _names(candidates: Sequence[Candidate[_Provider]]) -> str:
    return ", ".join(one.name for one in candidates)
