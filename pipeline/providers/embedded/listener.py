"""Shows words while they are spoken: quick decoders at low priority, asked now and then."""

import asyncio
import contextlib
import logging
from collections import deque

from pipeline.audio import FRAME_SECONDS, AudioFrame
from pipeline.errors import ProviderError
from pipeline.providers.embedded.hypothesis import Hypothesis, choose
from pipeline.providers.embedded.speech_segments import PRE_FRAMES, SPEECH_FRAMES
from pipeline.providers.embedded.worker_process import WorkerProcess
from pipeline.providers.interfaces import Transcript

SHOWN_EVERY_FRAMES = round(0.24 / FRAME_SECONDS)
MAX_SENT_FRAMES = round(1.0 / FRAME_SECONDS)
"""At once: what fits into the pipe to a fork, so that the process which fills it never waits."""
MAX_BEHIND_FRAMES = round(4.0 / FRAME_SECONDS)
"""A machine that is this far behind has better things to do."""

logger = logging.getLogger(__name__)


class Listener:
    """One utterance as it is spoken."""

    def __init__(
        self, worker: WorkerProcess, domain: str | None, mean: str, shown: "asyncio.Queue[Transcript | None]"
    ) -> None:
        """`mean`: the speaker's cepstral mean as an earlier utterance had it, or "". `shown` gets all words so far."""
        self._worker = worker
        self._domain = domain
        self._mean = mean
        self._shown = shown
        self._frames: deque[AudioFrame] = deque(maxlen=PRE_FRAMES + SPEECH_FRAMES)
        self._speaking = False
        self._run = 0
        self._more = asyncio.Event()

    def push(self, frame: AudioFrame) -> None:
        """Hear the next frame."""
        self._frames.append(frame)
        self._run = self._run + 1 if frame.is_speech else 0
        if not self._speaking and self._run >= SPEECH_FRAMES:
            self._speaking = True
            self._frames = deque(self._frames, maxlen=MAX_BEHIND_FRAMES)
        if self._speaking and len(self._frames) >= SHOWN_EVERY_FRAMES:
            self._more.set()

    async def show(self) -> None:
        """Put the words so far into `shown`, until cancelled. A failure costs the words shown meanwhile, no more."""
        await self._more.wait()
        payload = {"do": "listen", "domain": self._domain, "mean": self._mean}
        try:
            async with contextlib.aclosing(self._worker.stream(payload, timeout_seconds=None)) as listening:
                listener = (await anext(listening)).header["listener"]
                await self._show(listener)
        except ProviderError as error:
            logger.warning("no words are shown while they are spoken: %s", error)

    async def _show(self, listener: int) -> None:
        last = ""
        while len(self._frames) < MAX_BEHIND_FRAMES:
            await self._more.wait()
            count = min(len(self._frames), MAX_SENT_FRAMES)
            audio = b"".join(self._frames.popleft().samples.tobytes() for _ in range(count))
            if len(self._frames) < SHOWN_EVERY_FRAMES:
                self._more.clear()
            heard = await self._worker.request({"do": "hear", "listener": listener}, audio, timeout_seconds=None)
            text = choose(Hypothesis(**heard["general"]), Hypothesis(**heard["domain"])).text
            if text and text != last and not self._shown.full():
                self._shown.put_nowait(Transcript(text, is_final=False))
                last = text
