"""Providers that follow a script, for tests and demonstrations: what they answer and how long they take is chosen.

Each takes a script of answers and gives them in order, the last one again and again. A ProviderError in a script is
raised in its turn. Delays are awaited on the event loop, so that a virtual clock makes them free.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import TypeVar

import numpy as np

from pipeline.audio import FRAME_SECONDS, OUTPUT_RATE, AudioFrame, Samples
from pipeline.errors import ProviderError
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    SpeechChunk,
    SpokenText,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Transcript,
    TranscriptionOptions,
    Usage,
    VoiceOptions,
)
from pipeline.providers.transcription_requests import TranscriptionRequests

_Answer = TypeVar("_Answer")

SPEECH_HERTZ = 440.0
CHUNK_SAMPLES = OUTPUT_RATE // 10
SHOWN_EVERY_SECONDS = 0.3


class ScriptedSpeechToText:
    """Hears the words of its script, whatever was said.

    By default, all of them, as soon as the utterance is or may be over; one more is shown for each third of a second
    until then. With `seconds_per_word`, as many of them as fit into the speech so far, and never more: so speech that
    goes on after a pause has more words than it had at the pause.
    """

    name = "scripted"

    def __init__(
        self, *script: str | ProviderError, final_seconds: float = 0.0, seconds_per_word: float | None = None
    ) -> None:
        self._script = script or ("hello",)
        self._final_seconds = final_seconds
        self._seconds_per_word = seconds_per_word
        self.requests: list[TranscriptionOptions] = []
        """How it was asked, in order."""
        self.attempts: list[float] = []
        """The length of the audio at each attempt to know the words, in order: at pauses and at the end."""
        self.heard_seconds: list[float] = []
        """The length of each utterance that was heard to its end."""

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """See SpeechToText."""
        answer = _next_of(self._script, len(self.requests))
        self.requests.append(options)
        requests = TranscriptionRequests(lambda frames: self._words(frames, answer))
        async with (
            contextlib.aclosing(self._heard(audio, answer, requests.show)) as heard,
            contextlib.aclosing(requests.transcripts(heard)) as transcripts,
        ):
            async for transcript in transcripts:
                yield transcript

    async def _heard(
        self, audio: AsyncIterator[AudioFrame], answer: str | ProviderError, show: Callable[[str], None]
    ) -> AsyncGenerator[AudioFrame, None]:
        words = [] if isinstance(answer, ProviderError) else answer.split()
        every = round((self._seconds_per_word or SHOWN_EVERY_SECONDS) / FRAME_SECONDS)
        frames = counted = 0
        async for frame in audio:
            frames += 1
            is_counted = frame.is_speech or self._seconds_per_word is None
            counted += is_counted
            if is_counted and counted % every == 0 and counted // every <= len(words):
                show(" ".join(words[: counted // every]))
            yield frame
        self.heard_seconds.append(frames * FRAME_SECONDS)

    async def _words(self, frames: Sequence[AudioFrame], answer: str | ProviderError) -> str:
        self.attempts.append(len(frames) * FRAME_SECONDS)
        await asyncio.sleep(self._final_seconds)
        if isinstance(answer, ProviderError):
            raise answer
        if self._seconds_per_word is None:
            return answer
        every = round(self._seconds_per_word / FRAME_SECONDS)
        return " ".join(answer.split()[: sum(frame.is_speech for frame in frames) // every])


class ScriptedLanguageModel:
    """Writes the answers of its script, word by word; a ToolCall in it is called instead."""

    name = "scripted"

    def __init__(
        self,
        *script: str | ToolCall | ProviderError,
        first_token_seconds: float = 0.0,
        seconds_per_token: float = 0.0,
    ) -> None:
        self._script = script
        self._first_token_seconds = first_token_seconds
        self._seconds_per_token = seconds_per_token
        self.requests: list[tuple[Sequence[ModelMessage], CompletionOptions]] = []
        """What it was shown and asked, in order."""

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel. Without a script it says what the user said."""
        answer = _next_of(self._script or (_echo(messages),), len(self.requests))
        self.requests.append((list(messages), options))
        await asyncio.sleep(self._first_token_seconds)
        if isinstance(answer, ProviderError):
            raise answer
        input_tokens = sum(len(message.text.split()) for message in messages)
        if isinstance(answer, ToolCall):
            yield ToolCallDelta(0, answer.call_id, answer.name, "")
            half = len(answer.arguments) // 2
            yield ToolCallDelta(0, None, None, answer.arguments[:half])
            yield ToolCallDelta(0, None, None, answer.arguments[half:])
            yield Completed("tool_calls", Usage(input_tokens, 0, len(answer.arguments.split())))
            return
        tokens = re.findall(r"\S+\s*|\s+", answer)
        for token in tokens[: options.max_output_tokens]:
            yield TextDelta(token)
            await asyncio.sleep(self._seconds_per_token)
        was_cut = options.max_output_tokens is not None and len(tokens) > options.max_output_tokens
        yield Completed("length" if was_cut else "stop", Usage(input_tokens, 0, len(tokens)))


class ScriptedTextToSpeech:
    """Says each word as a short tone whose length follows the length of the word, and tells exactly when."""

    name = "scripted"

    def __init__(
        self,
        *,
        first_audio_seconds: float = 0.0,
        seconds_per_character: float = 0.06,
        error: ProviderError | None = None,
    ) -> None:
        self._first_audio_seconds = first_audio_seconds
        self._seconds_per_character = seconds_per_character
        self._error = error
        self.requests: list[VoiceOptions] = []
        """How it was asked, in order."""
        self.clauses: list[str] = []
        """What it was given to say, in order."""

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """See TextToSpeech."""
        self.requests.append(options)
        said = 0
        async for clause in clauses:
            self.clauses.append(clause)
            await asyncio.sleep(self._first_audio_seconds)
            if self._error:
                raise self._error
            for word in re.findall(r"\s*\S+\s*|\s+", clause):
                samples = self._tone(word)
                start, end = said / OUTPUT_RATE, (said + len(samples)) / OUTPUT_RATE
                said += len(samples)
                yield SpeechChunk(samples[:CHUNK_SAMPLES], (SpokenText(word, start, end),))
                for offset in range(CHUNK_SAMPLES, len(samples), CHUNK_SAMPLES):
                    yield SpeechChunk(samples[offset : offset + CHUNK_SAMPLES])

    def _tone(self, word: str) -> Samples:
        """A tone with a gap at its end, so that words can be counted by ear and by program."""
        count = int(len(word) * self._seconds_per_character * OUTPUT_RATE)
        wave = np.sin(np.arange(count) * (2 * np.pi * SPEECH_HERTZ / OUTPUT_RATE)) * 8000
        wave[int(count * 0.8) :] = 0
        tone: Samples = wave.astype(np.int16)
        return tone


def _next_of(script: Sequence[_Answer], asked: int) -> _Answer:
    return script[min(asked, len(script) - 1)]


def _echo(messages: Sequence[ModelMessage]) -> str:
    said = next((message.text for message in reversed(messages) if message.role == "user"), "nothing")
    return f"You said: {said}"
