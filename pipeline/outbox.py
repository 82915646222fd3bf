"""What waits to be sent to the client, in order.

Small facts are never dropped. The work of a reply (its audio, its words) is accepted only while the reply is open:
what a cancelled task still says on its way out never leaves, nor does audio that waited when the reply was stopped.
Audio is bounded by whoever makes it (see playback.py); the number of facts is bounded here, against a client that does
not read.
"""

import asyncio
from collections import deque
from dataclasses import replace

import numpy as np

from pipeline.audio import OUTPUT_RATE
from pipeline.errors import PipelineError
from pipeline.events import (
    Output,
    ReplyArguments,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyStarted,
    ReplyText,
)

MAX_WAITING = 10_000
"""Events. A client that is so far behind will not catch up."""
MAX_TOGETHER_SAMPLES = OUTPUT_RATE // 5
"""Of audio that leaves in one piece."""

_WORK = (ReplyItemStarted, ReplyText, ReplyAudio, ReplyArguments, ReplyItemFinished)


class OutboxClosed(Exception):
    """Nothing comes any more."""


class Outbox:
    """The queue between a conversation and its client."""

    def __init__(self) -> None:
        self._waiting: deque[Output] = deque()
        self._open_replies: set[str] = set()
        self._changed = asyncio.Event()
        self._closed = False
        self._overflowed = False

    def put(self, output: Output) -> None:
        """Let it be sent."""
        if self._closed or self._overflowed:
            return
        if isinstance(output, ReplyStarted):
            self._open_replies.add(output.reply_id)
        elif isinstance(output, (*_WORK, ReplyFinished)):
            if output.reply_id not in self._open_replies:
                return
            if isinstance(output, ReplyFinished):
                self._open_replies.discard(output.reply_id)
        self._waiting.append(output)
        self._overflowed = len(self._waiting) > MAX_WAITING
        self._changed.set()

    def discard(self, reply_id: str) -> None:
        """Forget the audio of this reply that waits. What was written still leaves: it cannot be unwritten."""
        self._waiting = deque(
            output for output in self._waiting if not (isinstance(output, ReplyAudio) and output.reply_id == reply_id)
        )

    async def get(self) -> Output:
        """Give the next event. Raises OutboxClosed at the end, and PipelineError if the client is too slow."""
        while not self._waiting and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if self._overflowed:
            raise PipelineError(
                "client_too_slow", f"The client did not read {MAX_WAITING} events. Read events as they come."
            )
        if not self._waiting:
            raise OutboxClosed
        output = self._waiting.popleft()
        return self._with_what_follows(output) if isinstance(output, ReplyAudio) else output

    def _with_what_follows(self, audio: ReplyAudio) -> ReplyAudio:
        """Audio that waits can leave in larger pieces: each message costs as much, whatever is in it."""
        pieces, count = [audio.samples], len(audio.samples)
        while self._waiting:
            following = self._waiting[0]
            if not isinstance(following, ReplyAudio) or following.item_id != audio.item_id or following.text:
                break
            count += len(following.samples)
            if count > MAX_TOGETHER_SAMPLES:
                break
            pieces.append(following.samples)
            self._waiting.popleft()
        return audio if len(pieces) == 1 else replace(audio, samples=np.concatenate(pieces))

    @property
    def next(self) -> Output | None:
        """What `get` would give at once."""
        return self._waiting[0] if self._waiting and not self._overflowed else None

    def close(self) -> None:
        """Accept nothing more; what waits may still be taken."""
        self._closed = True
        self._changed.set()
