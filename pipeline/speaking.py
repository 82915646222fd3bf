"""The voice's half of a reply: text in, audio out, at the pace of the ear.

Clauses go to the voice as soon as they are written, and its audio is given on as soon as it is made, but never further
ahead of the listener than agreed. A voice that owes audio and gives none in time is given up; time in which the model
is still thinking, or in which the listener is still hearing, does not count.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from pipeline.audio import OUTPUT_RATE, Samples
from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.playback import Playback
from pipeline.providers.interfaces import SpeechChunk, TextToSpeech, VoiceOptions
from pipeline.sentences import ClauseSplitter
from pipeline.writing import Writing

PIECE_SAMPLES = OUTPUT_RATE // 10
"""Audio is given in pieces of at most 100 ms, whatever the voice gives at once."""
ROOM_SECONDS = 0.1
"""Who has to wait for the ear waits so much longer, to give two pieces at once: they leave as one."""
FIRST_CLAUSE_WAIT_SECONDS = 0.18
"""Time after the model's first word in which a whole clause may come; then what is there is spoken."""


class Speaking:
    """Says what is written, until its end."""

    def __init__(
        self,
        voice: TextToSpeech,
        options: VoiceOptions,
        writing: Writing,
        playback: Playback,
        floor: asyncio.Lock,
        start: int = 0,
    ) -> None:
        """`floor`: whoever says something else in the same item holds it. `start`: the character of what is written at
        which to begin."""
        self._floor = floor
        self._voice = voice
        self._options = options
        self._writing = writing
        self._position = start
        self._playback = playback
        self.has_begun = False
        """Whether the voice is heard: from then on nobody else may say something before it."""
        self.given_characters = 0
        """Text that the voice was given."""
        self._deadline: asyncio.Timeout | None = None
        self._deadline_seconds = 0.0
        self._owed_characters = 0
        self._is_waiting_for_text = False
        """Whether the voice has nothing to say at the moment."""
        self._everything_is_written = False
        self._hurry_at: float | None = None
        """When the first clause has been waited for long enough."""
        self.first_clause_at: float | None = None
        """When the model had written enough to begin, in the event loop's seconds."""

    async def run(self, *, deadline_seconds: float, max_lead_seconds: float) -> AsyncGenerator[SpeechChunk, None]:
        """Give pieces of at most 100 ms (int16, 24 kHz) with the text that begins in them.

        Raises ProviderError.
        """
        self._deadline_seconds = deadline_seconds
        async with aclosing(self._clauses()) as clauses, aclosing(self._voice.speak(clauses, self._options)) as chunks:
            began_at: float | None = None
            while chunk := await self._next(chunks):
                if began_at is None:
                    # Something may be said in the same item while the voice is getting ready.
                    async with self._floor:
                        began_at = self._playback.made_seconds
                        self.has_begun = True
                self._owed_characters -= sum(len(piece.text) for piece in chunk.spoken)
                self._playback.made(0, tuple(spoken.later(began_at) for spoken in chunk.spoken))
                for piece in pieces(chunk):
                    await wait_for_the_ear(self._playback, max_lead_seconds)
                    self._playback.made(len(piece.samples))
                    yield piece
        if not self._everything_is_written:
            raise ProviderUnavailable(f"Text-to-speech ({self._voice.name}) ended before everything was said.")
        self._playback.finished()

    async def _next(self, chunks: AsyncGenerator[SpeechChunk, None]) -> SpeechChunk | None:
        self._deadline = deadline = asyncio.timeout(None)
        try:
            async with deadline:
                self._watch()
                return await anext(chunks, None)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ProviderTimeout(
                f"Text-to-speech ({self._voice.name}) gave no audio for {self._deadline_seconds:g} s."
            ) from error
        finally:
            self._deadline = None

    def _watch(self) -> None:
        """Count the time, if the voice owes audio. Called whenever that may have changed."""
        if self._deadline is None:
            return
        owes = self._owed_characters > 0 or self._everything_is_written or not self._is_waiting_for_text
        if not owes:
            self._deadline.reschedule(None)
        elif self._deadline.when() is None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._deadline_seconds)

    async def _clauses(self) -> AsyncGenerator[str, None]:
        splitter = ClauseSplitter()
        while (text := await self._next_text()) is not None:
            self._position += len(text)
            for clause in splitter.push(text):
                yield self._owe(clause)
            if splitter.is_waiting_for_first and self._is_late() and (clause := splitter.hurry()):
                yield self._owe(clause)
        self._everything_is_written = True
        rest = splitter.finish()
        if rest.strip():
            yield self._owe(rest)
        self._watch()

    async def _next_text(self) -> str | None:
        """The next characters; "" if the first clause has been waited for long enough; None at the end."""
        may_hurry = self._hurry_at is not None and self.first_clause_at is None and not self._is_late()
        limit = asyncio.timeout_at(self._hurry_at if may_hurry else None)
        self._is_waiting_for_text = True
        self._watch()
        try:
            async with limit:
                text = await self._writing.read(self._position)
        except TimeoutError:
            return ""
        finally:
            self._is_waiting_for_text = False
        self._watch()
        if not text:
            return None
        if self._hurry_at is None and text.strip():
            self._hurry_at = asyncio.get_running_loop().time() + FIRST_CLAUSE_WAIT_SECONDS
        return text

    def _is_late(self) -> bool:
        return self._hurry_at is not None and asyncio.get_running_loop().time() >= self._hurry_at

    def _owe(self, clause: str) -> str:
        if self.first_clause_at is None:
            self.first_clause_at = asyncio.get_running_loop().time()
        self._owed_characters += len(clause)
        self.given_characters += len(clause)
        self._watch()
        return clause


def pieces(chunk: SpeechChunk) -> list[SpeechChunk]:
    """The same in pieces of at most 100 ms; the text goes with the first of them. None if there is nothing in it."""
    if not len(chunk.samples) and not any(piece.text for piece in chunk.spoken):
        # It told where a piece of text ends.
        return []
    samples: Samples = chunk.samples
    first, rest = samples[:PIECE_SAMPLES], samples[PIECE_SAMPLES:]
    later = [SpeechChunk(rest[start : start + PIECE_SAMPLES]) for start in range(0, len(rest), PIECE_SAMPLES)]
    return [SpeechChunk(first, chunk.spoken), *later]


async def wait_for_the_ear(playback: Playback, max_lead_seconds: float) -> None:
    """Until more may be sent."""
    loop = asyncio.get_running_loop()
    while (early := playback.seconds_too_early(max_lead_seconds, loop.time())) > 0:  # noqa: ASYNC110 (no polling)
        await asyncio.sleep(early + min(ROOM_SECONDS, max_lead_seconds / 4))
