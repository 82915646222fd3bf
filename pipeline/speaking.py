"""The voice's half of a reply: text in, audio out, at the pace of the ear.

Clauses go to the voice as soon as they are written, and its audio is given on as soon as it is made, but never further
ahead of the listener than agreed. A voice that owes audio and gives none in time is given up; time in which the model
is still thinking, or in which the listener is still hearing, does not count.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from pipeline.audio import OUTPUT_RATE, Samples
from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.playback import Playback
from pipeline.providers.interfaces import SpeechChunk, TextToSpeech, VoiceOptions
from pipeline.sentences import ClauseSplitter

PIECE_SAMPLES = OUTPUT_RATE // 10
"""Audio is given in pieces of at most 100 ms, whatever the voice gives at once."""
FIRST_CLAUSE_WAIT_SECONDS = 0.18
"""Time after the model's first word in which a whole clause may come; then what is there is spoken."""


class Speaking:
    """Says what is written into a queue, until None is written."""

    def __init__(
        self, voice: TextToSpeech, options: VoiceOptions, text: asyncio.Queue[str | None], playback: Playback
    ) -> None:
        self._voice = voice
        self._options = options
        self._text = text
        self._playback = playback
        self._deadline: asyncio.Timeout | None = None
        self._deadline_seconds = 0.0
        self._owed_characters = 0
        self._everything_is_written = False
        self.first_clause_at: float | None = None
        """When the model had written enough to begin, in the event loop's seconds."""

    async def run(self, *, deadline_seconds: float, max_lead_seconds: float) -> AsyncGenerator[SpeechChunk, None]:
        """Give pieces of at most 100 ms (int16, 24 kHz) with the text that begins in them.

        Raises ProviderError.
        """
        self._deadline_seconds = deadline_seconds
        async with aclosing(self._voice.speak(self._clauses(), self._options)) as chunks:
            while chunk := await self._next(chunks):
                self._owed_characters -= sum(len(piece.text) for piece in chunk.spoken)
                self._playback.made(0, chunk.spoken)
                for piece in _pieces(chunk):
                    await self._wait_for_the_ear(max_lead_seconds)
                    self._playback.made(len(piece.samples))
                    yield piece
        if not self._everything_is_written:
            raise ProviderUnavailable(f"Text-to-speech ({self._voice.name}) ended before everything was said.")

    async def _next(self, chunks: AsyncGenerator[SpeechChunk, None]) -> SpeechChunk | None:
        try:
            async with asyncio.timeout(None) as self._deadline:
                self._start_deadline()
                return await anext(chunks, None)
        except TimeoutError as error:
            raise ProviderTimeout(
                f"Text-to-speech ({self._voice.name}) gave no audio for {self._deadline_seconds:g} s."
            ) from error
        finally:
            self._deadline = None

    def _start_deadline(self) -> None:
        """Count from now on, if the voice owes audio. Called when it is asked for audio, and when it gets text."""
        owes = self._owed_characters > 0 or self._everything_is_written
        if self._deadline and owes and self._deadline.when() is None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._deadline_seconds)

    async def _wait_for_the_ear(self, max_lead_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        while (early := self._playback.seconds_too_early(max_lead_seconds, loop.time())) > 0:  # noqa: ASYNC110 (no polling)
            await asyncio.sleep(early)

    async def _clauses(self) -> AsyncIterator[str]:
        splitter = ClauseSplitter()
        while (text := await self._next_text(splitter)) is not None:
            for clause in splitter.push(text) if text else [splitter.hurry()]:
                if clause:
                    yield self._owe(clause)
        self._everything_is_written = True
        if rest := splitter.finish():
            yield self._owe(rest)
        self._start_deadline()

    async def _next_text(self, splitter: ClauseSplitter) -> str | None:
        """The next characters; "" if the first clause has been waited for long enough."""
        try:
            async with asyncio.timeout(FIRST_CLAUSE_WAIT_SECONDS if splitter.is_waiting_for_first else None):
                return await self._text.get()
        except TimeoutError:
            return ""

    def _owe(self, clause: str) -> str:
        if self.first_clause_at is None:
            self.first_clause_at = asyncio.get_running_loop().time()
        self._owed_characters += len(clause)
        self._start_deadline()
        return clause


def _pieces(chunk: SpeechChunk) -> list[SpeechChunk]:
    samples: Samples = chunk.samples
    first, rest = samples[:PIECE_SAMPLES], samples[PIECE_SAMPLES:]
    later = [SpeechChunk(rest[start : start + PIECE_SAMPLES]) for start in range(0, len(rest), PIECE_SAMPLES)]
    return [SpeechChunk(first, chunk.spoken), *later]
