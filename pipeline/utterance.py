"""One stretch of the user's speech: audio in, transcript out."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

import numpy as np

from pipeline.audio import FRAME_SECONDS, SILENCE, AudioFrame, Samples
from pipeline.errors import ProviderError, ProviderTimeout
from pipeline.providers.interfaces import SpeechToText, Transcript, TranscriptionOptions

WAKE_FRAMES = round(0.1 / FRAME_SECONDS)
"""That come together before the recogniser is woken for them, unless they change what it has to do: each time costs
more than a frame does, and nobody waits for words in the middle of speech."""


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
        self._told = 0
        """Frames that its recogniser was woken for."""
        self._closed = asyncio.Event()
        self._deadline: asyncio.Timeout | None = None
        self._deadline_seconds = deadline_seconds
        self._done = asyncio.Event()
        self.words: str | None = None
        """What was said up to the pause that lasts now, or in all; None: nobody paused, or they are not known (yet)."""
        self.error: ProviderError | None = None
        """Why its words will never be known."""
        self._is_marked = False
        """Whether its recogniser was told of the pause that lasts now."""
        self._shown = ShownWords()
        self._final = ""

    def push(self, frames: Iterable[AudioFrame]) -> None:
        """The user speaks on, or is silent."""
        is_news = False
        for frame in frames:
            self._frames.append(frame)
            is_news |= frame.may_be_last or (frame.is_speech and self._is_marked)
            if frame.is_speech:
                self.words, self._is_marked = None, False
            self._is_marked |= frame.may_be_last
        if is_news or len(self._frames) >= self._told + WAKE_FRAMES:
            self._told = len(self._frames)
            self._more.set()

    def more_to_show(self, text: str) -> str:
        """Take the newest transcript; give the words that may be shown in addition to those that were."""
        return self._shown.more(text)

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
        return self.last_samples(self.seconds)

    def last_samples(self, seconds: float) -> Samples:
        """The last of its audio: int16, 16 kHz."""
        frames = self._frames[-round(seconds / FRAME_SECONDS) :] if seconds else []
        return np.concatenate([frame.samples for frame in frames]) if frames else SILENCE

    async def settled(self) -> None:
        """Wait until the words are known, or known to be lost."""
        await self._done.wait()

    async def transcript(self) -> str:
        """Wait for the words. Raises ProviderError if they will never be known."""
        await self.settled()
        if self.error:
            raise self.error
        return self._final

    async def transcripts(
        self, recogniser: SpeechToText, options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Have it transcribed while it is still spoken; the last transcript is final, or else there is an `error`."""
        final = None
        try:
            async with aclosing(self._transcribe(recogniser, options)) as transcripts:
                async for transcript in transcripts:
                    if transcript.is_final:
                        final = transcript
                        break
                    if transcript.is_settled:
                        if not self._is_marked:
                            # Speech went on while it was being made.
                            continue
                        self.words = transcript.text
                    yield transcript
        except ProviderError as error:
            if (task := asyncio.current_task()) and task.cancelling():
                # A recogniser that cannot even be cancelled in peace: nobody waits for the end of this utterance.
                raise asyncio.CancelledError from error
            self.error = error
        # A recogniser may end or fail before the user does; the news is about a whole utterance.
        await self._closed.wait()
        if final:
            self.words = self._final = final.text
        self._done.set()
        if final:
            yield final

    async def _transcribe(
        self, recogniser: SpeechToText, options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
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
                        yield transcript
                        if transcript.is_final:
                            return
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
