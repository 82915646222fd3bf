"""One utterance on its way through the exact decoders: what was decoded, what is being, and what was in vain."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from pipeline.audio import AudioFrame
from pipeline.providers.embedded.speech_segments import SegmentKept, SegmentReady, SpeechSegments, Step


class Hearing:
    """Decodes at every pause and gives the words of all segments at the end."""

    def __init__(self, decode: Callable[[bytes], Awaitable[str]]) -> None:
        self._decode = decode
        self._segments = SpeechSegments()
        self._decodes: list[asyncio.Task[str]] = []
        self._last_is_open = False
        """Whether the last decode is of a segment that may still grow."""
        self._dropped: set[asyncio.Task[str]] = set()

    def push(self, frame: AudioFrame) -> None:
        """Hear the next frame."""
        self._take(self._segments.push(frame))

    def finish(self) -> None:
        """There are no more frames."""
        self._take(self._segments.finish())

    async def text(self) -> str:
        """All words, once they are decoded. Raises ProviderError."""
        # Whoever gives up waiting must not take the words from those who still want them.
        texts = [await asyncio.shield(decode) for decode in self._decodes]
        return " ".join(text for text in texts if text)

    async def aclose(self) -> None:
        """Stop whatever is still being decoded."""
        decodes = {*self._decodes, *self._dropped}
        for decode in decodes:
            decode.cancel()
        await asyncio.gather(*decodes, return_exceptions=True)

    def _take(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, SegmentReady):
                self._decodes.append(asyncio.create_task(self._words(step.audio)))
                self._last_is_open = True
            elif isinstance(step, SegmentKept):
                self._last_is_open = False
            elif self._last_is_open:
                self._drop(self._decodes.pop())

    async def _words(self, audio: bytes) -> str:
        return await self._decode(audio)

    def _drop(self, decode: "asyncio.Task[str]") -> None:
        decode.cancel()
        self._dropped.add(decode)
        decode.add_done_callback(self._forget)

    def _forget(self, decode: "asyncio.Task[str]") -> None:
        self._dropped.discard(decode)
        if not decode.cancelled():
            decode.exception()  # Retrieved: nobody wants its words, so nobody misses them.
