"""The words of an utterance by request: asked for when it is over, and ahead of that whenever it may be."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from pipeline.audio import AudioFrame
from pipeline.providers.interfaces import Transcript

MAX_SHOWN = 64
"""Transcripts that nobody has taken yet; of more, only the newest are kept."""

_log = logging.getLogger(__name__)


class TranscriptionRequests:
    """One utterance whose words `ask` gives for the frames so far, each time anew. Raises what `ask` raises at the end.

    An attempt begins at a frame that may be the last and is given up when speech goes on. One that fails before the
    utterance is over costs nothing but itself.
    """

    def __init__(self, ask: Callable[[Sequence[AudioFrame]], Coroutine[Any, Any, str]]) -> None:
        self._ask = ask
        self._frames: list[AudioFrame] = []
        self._attempt: asyncio.Task[str] | None = None
        self._is_over = False
        self._shown: deque[Transcript] = deque(maxlen=MAX_SHOWN)
        self._news = asyncio.Event()

    def show(self, text: str) -> None:
        """Give a transcript that is not final."""
        self._give(Transcript(text, is_final=False))

    async def transcripts(self, audio: AsyncIterator[AudioFrame]) -> AsyncGenerator[Transcript, None]:
        """See SpeechToText."""
        reading = asyncio.create_task(self._read(audio))
        reading.add_done_callback(lambda _: self._news.set())
        try:
            while not reading.done() or self._shown:
                await self._news.wait()
                self._news.clear()
                while self._shown:
                    yield self._shown.popleft()
            yield Transcript(reading.result(), is_final=True)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)  # Raised above if anybody is to hear of it.

    def _give(self, transcript: Transcript) -> None:
        self._shown.append(transcript)
        self._news.set()

    async def _read(self, audio: AsyncIterator[AudioFrame]) -> str:
        try:
            async for frame in audio:
                self._frames.append(frame)
                if frame.is_speech:
                    await self._give_up()
                if frame.may_be_last and self._attempt is None:
                    self._begin()
            self._is_over = True
            return await self._words()
        finally:
            await self._give_up()

    def _begin(self) -> None:
        self._attempt = asyncio.create_task(self._ask(tuple(self._frames)))
        self._attempt.add_done_callback(self._settle)

    def _settle(self, attempt: "asyncio.Task[str]") -> None:
        if attempt is not self._attempt or attempt.cancelled() or self._is_over:
            return
        if error := attempt.exception():
            _log.warning("the words so far could not be had at a pause: %s", error)
            self._attempt = None
        else:
            self._give(Transcript(attempt.result(), is_final=False, is_settled=True))

    async def _give_up(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None and not attempt.done():
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)

    async def _words(self) -> str:
        attempt = self._attempt
        if attempt is None or (attempt.done() and attempt.exception()):
            return await self._ask(tuple(self._frames))
        return await attempt
