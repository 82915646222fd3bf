"""One stretch of the user's speech: audio in, transcript out."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

import numpy as np

from pipeline.audio import FRAME_SECONDS, SILENCE, AudioFrame, Samples
from pipeline.errors import PipelineError, ProviderError, ProviderTimeout
from pipeline.events import Output, TranscriptCompleted, TranscriptDelta, TranscriptFailed
from pipeline.providers.interfaces import SpeechToText, TranscriptionOptions


class Utterance:
    """Collects audio while the user speaks, and hands it to a recogniser at the same time.

    Its audio is bounded by the turn taking, which ends an utterance that goes on for too long.
    """

    def __init__(self, item_id: str, start_seconds: float, deadline_seconds: float) -> None:
        self.item_id = item_id
        self.start_seconds = start_seconds
        """Where it begins in the audio received."""
        self._frames: list[AudioFrame] = []
        self._more = asyncio.Event()
        self._closed = asyncio.Event()
        self._deadline: asyncio.Timeout | None = None
        self._deadline_seconds = deadline_seconds
        self._done = asyncio.Event()
        self._transcript: str | PipelineError = ""

    def push(self, frames: Iterable[AudioFrame]) -> None:
        """The user speaks on."""
        self._frames.extend(frames)
        self._more.set()

    def close(self) -> None:
        """The user is done: the transcript is due."""
        self._closed.set()
        self._more.set()
        self._start_deadline()

    def abandon(self) -> None:
        """Nobody wants to know the words any more: let those go who wait for them."""
        self._done.set()

    @property
    def seconds(self) -> float:
        """Audio so far."""
        return len(self._frames) * FRAME_SECONDS

    def samples(self) -> Samples:
        """All of its audio: int16, 16 kHz."""
        return np.concatenate([frame.samples for frame in self._frames]) if self._frames else SILENCE

    async def settled(self) -> None:
        """Wait until the words are known, or known to be lost."""
        await self._done.wait()

    async def transcript(self) -> str:
        """Wait for the words. Raises ProviderError if they will never be known."""
        await self.settled()
        if isinstance(self._transcript, PipelineError):
            raise self._transcript
        return self._transcript

    async def run(
        self, recogniser: SpeechToText, options: TranscriptionOptions, put: Callable[[Output], None]
    ) -> str | None:
        """Have it transcribed while it is still spoken; give the words, or None if that failed."""
        try:
            self._transcript = await self._hear(recogniser, options, put)
        except ProviderError as error:
            if (task := asyncio.current_task()) and task.cancelling():
                # A recogniser that cannot even be cancelled in peace: nobody waits for the end of this utterance.
                raise asyncio.CancelledError from error
            self._transcript = error
        # A recogniser may end or fail before the user does; the news is about a whole utterance.
        await self._closed.wait()
        self._done.set()
        if isinstance(self._transcript, PipelineError):
            put(TranscriptFailed(self.item_id, self._transcript))
            return None
        put(TranscriptCompleted(self.item_id, self._transcript, self.seconds))
        return self._transcript

    async def _hear(
        self, recogniser: SpeechToText, options: TranscriptionOptions, put: Callable[[Output], None]
    ) -> str:
        shown = ShownWords()

        def show(text: str) -> None:
            if delta := shown.more(text):
                put(TranscriptDelta(self.item_id, delta))

        try:
            return await self._transcribe(recogniser, options, show)
        except ProviderError as error:
            task = asyncio.current_task()
            if self._closed.is_set() or not error.retryable or (task and task.cancelling()):
                raise
        # A connection was lost in mid-speech. All of the audio is kept, and there is time to hear it anew: once.
        return await self._transcribe(recogniser, options, show)

    async def _transcribe(
        self, recogniser: SpeechToText, options: TranscriptionOptions, show: Callable[[str], None]
    ) -> str:
        self._deadline = deadline = asyncio.timeout(None)
        try:
            async with deadline:
                if self._closed.is_set():
                    self._start_deadline()
                async with (
                    aclosing(self._audio()) as audio,
                    aclosing(recogniser.transcribe(audio, options)) as transcripts,
                ):
                    async for transcript in transcripts:
                        if transcript.is_final:
                            return transcript.text
                        show(transcript.text)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ProviderTimeout(
                f"Speech-to-text ({recogniser.name}) gave no transcript within {self._deadline_seconds:g} s of the end "
                "of the utterance. Say it again, or use another provider."
            ) from error
        finally:
            self._deadline = None
        raise ProviderError("no_transcript", f"Speech-to-text ({recogniser.name}) ended without a transcript.")

    def _start_deadline(self) -> None:
        if self._deadline:
            self._deadline.reschedule(asyncio.get_running_loop().time() + self._deadline_seconds)

    async def _audio(self) -> AsyncGenerator[AudioFrame, None]:
        given = 0
        while True:
            while given < len(self._frames):
                given += 1
                yield self._frames[given - 1]
            if self._closed.is_set():
                return
            self._more.clear()
            await self._more.wait()


class ShownWords:
    """Which words of a changing transcript are sure enough to be shown: those that two versions in a row agree on."""

    def __init__(self) -> None:
        self._previous: list[str] = []
        self._shown = 0

    def more(self, text: str) -> str:
        """Take the newest version, give the words to show in addition, with the space that separates them."""
        words = text.split()
        agreed = 0
        for word, previous in zip(words, self._previous, strict=False):
            if word != previous:
                break
            agreed += 1
        self._previous = words
        if agreed <= self._shown:
            return ""
        delta = " ".join(words[self._shown : agreed])
        separator = " " if self._shown else ""
        self._shown = agreed
        return separator + delta
