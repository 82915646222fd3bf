"""What one reply has said so far, exactly, so that another voice can go on where the first one broke off."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace

from pipeline.audio import OUTPUT_RATE
from pipeline.providers.interfaces import SpeechChunk, SpokenText, TextToSpeech, VoiceOptions
from pipeline.providers.race import Weight
from pipeline.providers.replay import Replay

SAMPLE_SECONDS = 0.001
"""An end that is told in milliseconds may lie so far behind the last sample."""


class Saying:
    """The clauses of one reply are to be heard once each. Audio is due when there is something to say."""

    what = "Text-to-speech"
    extra_seconds = 0.0
    tells_latency = True
    texts: Replay[str]

    def __init__(self, options: VoiceOptions, news: asyncio.Event) -> None:
        self._options = options
        self._news = news
        self._written = ""
        """All clauses so far."""
        self._everything_is_written = False
        self._said = 0
        """Characters of it that were passed on."""
        self._says_what_is_written = True
        """Whether the texts that the voice tells are those that it was given."""
        self._begins_at = 0
        """Characters that were said by another voice before."""
        self._samples = 0
        self._samples_before = 0
        """Those of another voice."""
        self._last_end_seconds: float | None = 0.0
        """When the last piece of text ends, in the time of the whole reply; None: the voice did not tell."""
        self.due_at: float | None = None

    def came(self, clause: str | None) -> None:
        """There is more to say, or there will be no more."""
        if clause is None:
            self._everything_is_written = True
        else:
            self._written += clause
            if self.due_at is None and _has_words(clause):
                self.due_at = asyncio.get_running_loop().time()
        self._news.set()

    async def ask(self, provider: TextToSpeech) -> AsyncGenerator[SpeechChunk, None]:
        async with (
            contextlib.aclosing(self._unsaid(self._begins_at)) as clauses,
            contextlib.aclosing(provider.speak(clauses, self._options)) as chunks,
        ):
            async for chunk in chunks:
                yield chunk

    async def _unsaid(self, begins_at: int) -> AsyncGenerator[str, None]:
        """The clauses, without so many characters at their beginning."""
        async with contextlib.aclosing(self.texts.from_the_start()) as clauses:
            async for clause in clauses:
                if begins_at < len(clause) or not clause:
                    yield clause[begins_at:]
                begins_at = max(0, begins_at - len(clause))

    def weight(self, value: SpeechChunk) -> Weight:
        return Weight.BINDS if len(value.samples) or value.spoken else Weight.PREVIEW

    def passed_on(self, value: SpeechChunk) -> SpeechChunk:
        before_seconds = self._samples_before / OUTPUT_RATE
        spoken = tuple(_later(piece, before_seconds) for piece in value.spoken) if before_seconds else value.spoken
        for piece in spoken:
            told = self._written[self._said : self._said + len(piece.text)]
            self._says_what_is_written = self._says_what_is_written and told == piece.text
            self._said += len(piece.text)
            self._last_end_seconds = piece.end_seconds
        self._samples += len(value.samples)
        return SpeechChunk(value.samples, spoken) if before_seconds else value

    def seconds(self, value: SpeechChunk) -> float:
        return len(value.samples) / OUTPUT_RATE

    def owes(self) -> bool:
        return self._everything_is_written or _has_words(self._written[self._said :]) or self._is_in_a_piece()

    def is_complete(self) -> bool:
        return self._everything_is_written and not _has_words(self._written[self._said :])

    def may_go_on(self) -> bool:
        """Whether it is known exactly what was said. Then that is what another voice leaves out."""
        told_nothing = self._said == self._begins_at and self._samples > self._samples_before
        if told_nothing or not self._says_what_is_written or self._last_end_seconds is None or self._is_in_a_piece():
            return False
        self._begins_at = self._said
        self._samples_before = self._samples
        is_due = _has_words(self._written[self._said :])
        self.due_at = asyncio.get_running_loop().time() if is_due else None
        return True

    def _is_in_a_piece(self) -> bool:
        end = self._last_end_seconds
        return end is not None and end > self._samples / OUTPUT_RATE + SAMPLE_SECONDS


def _later(piece: SpokenText, seconds: float) -> SpokenText:
    end = piece.end_seconds + seconds if piece.end_seconds is not None else None
    return replace(piece, start_seconds=piece.start_seconds + seconds, end_seconds=end)


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)
