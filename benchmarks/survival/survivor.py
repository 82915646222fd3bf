"""One person who talks to a server, in real time, whatever happens to it."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from voice_client import ConnectionFailed, VoiceClient
from voice_client.events import (
    RATE,
    ConnectionLost,
    ConnectionResumed,
    ConversationRestarted,
    Event,
    ReplyAudio,
    ReplyFinished,
    ReplyStarted,
    SessionStarted,
    SpeechStarted,
    UserTranscript,
)
from voice_client.speaker import VirtualSpeaker

from benchmarks.emulators.tones import Samples
from benchmarks.recordings import Recording

FRAME_SAMPLES = RATE // 50
FRAME_SECONDS = 0.02
REPORT_SECONDS = 0.1
ANSWER_SECONDS = 40.0
"""After the end of the speech, an answer that is not over by then has failed."""
IDLE_SECONDS = 0.7
LOOK_SECONDS = 0.02

Phase = Literal["quiet", "user speaks", "answer due", "assistant speaks"]


@dataclass(slots=True)
class Asked:
    """One question, and when it was asked."""

    text: str
    began: float
    failure: str = ""


@dataclass(slots=True)
class Survivor:
    """Asks until it is cancelled, or told to stop."""

    client: VoiceClient
    recordings: Sequence[Recording]
    chance: random.Random
    asked: list[Asked] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)
    """What the client told, with the moment by the monotonic clock; without audio."""
    failure: str = ""
    """Why the conversation ended."""
    session_id: str = ""
    stops: asyncio.Event = field(default_factory=asyncio.Event)
    _speaker: VirtualSpeaker = field(default_factory=VirtualSpeaker)
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.int16))
    _open: set[str] = field(default_factory=set)
    """Answers that are being given."""
    _is_answered: bool = True
    _last_at: float = 0.0
    """When something happened last."""

    @property
    def phase(self) -> Phase:
        """What is going on now."""
        if len(self._rest):
            return "user speaks"
        heard = self._speaker.heard()
        if self._open:
            return "assistant speaks" if heard and heard.playing else "answer due"
        return "quiet" if self._is_answered else "answer due"

    async def talk(self) -> None:
        """Until it is told to stop, and the last answer is over. Never raises; see `failure`."""
        try:
            async with self.client:
                parts = [asyncio.create_task(part()) for part in (self._listen, self._hear_room, self._report)]
                script = asyncio.create_task(self._ask())
                try:
                    done, _ = await asyncio.wait([script, *parts], return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                finally:
                    for task in (script, *parts):
                        task.cancel()
                    await asyncio.gather(script, *parts, return_exceptions=True)
        except ConnectionFailed as error:
            self.failure = str(error)

    async def _ask(self) -> None:
        while not self.session_id:  # noqa: ASYNC110 -- what is waited for has many reasons, none of which tells
            await asyncio.sleep(LOOK_SECONDS)
        while not self.stops.is_set():
            await asyncio.sleep(self.chance.uniform(0.3, 1.5))
            recording = self.chance.choice(self.recordings)
            asked = Asked(" ".join(word.text for word in recording.words), time.monotonic())
            self.asked.append(asked)
            self._is_answered = False
            self._rest = recording.samples
            while len(self._rest):  # noqa: ASYNC110 -- the same
                await asyncio.sleep(LOOK_SECONDS)
            self._last_at = time.monotonic()
            if not await self._answered(time.monotonic() + ANSWER_SECONDS):
                asked.failure = "no answer, or one without an end"
                self._is_answered = True

    async def _answered(self, deadline: float) -> bool:
        while time.monotonic() < deadline:
            heard = self._speaker.heard()
            is_idle = time.monotonic() - self._last_at > IDLE_SECONDS
            if self._is_answered and not self._open and is_idle and not (heard and heard.playing):
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def _hear_room(self) -> None:
        began, frames = time.monotonic(), 0
        silent = np.zeros(FRAME_SAMPLES, np.int16)
        while True:
            frames += 1
            await asyncio.sleep(max(0.0, began + frames * FRAME_SECONDS - time.monotonic()))
            frame, self._rest = self._rest[:FRAME_SAMPLES], self._rest[FRAME_SAMPLES:]
            await self.client.send_audio(np.concatenate((frame, silent[len(frame) :])))

    async def _report(self) -> None:
        reported = None
        while True:
            heard = self._speaker.heard()
            if heard is not None and self._open:
                # A loudspeaker that has run dry in the middle of an answer goes on: nobody has stopped it.
                heard = replace(heard, playing=True)
            if heard is not None and heard != reported:
                await self.client.report_playback(heard.item_id, heard.milliseconds, playing=heard.playing)
                reported = heard
            await asyncio.sleep(REPORT_SECONDS)

    async def _listen(self) -> None:
        async with contextlib.aclosing(self.client.events()) as events:
            async for event in events:
                now = self._last_at = time.monotonic()
                if isinstance(event, ReplyAudio):
                    self._speaker.play(event.item_id, event.samples)
                    continue
                self.events.append((now, event))
                await self._learn(event)

    async def _learn(self, event: Event) -> None:
        match event:
            case SessionStarted(session_id):
                self.session_id = session_id
            case ConversationRestarted():
                self.failure = "another conversation was begun"
            case SpeechStarted():
                if heard := self._speaker.stop():
                    await self.client.report_playback(heard.item_id, heard.milliseconds, playing=False)
            case ReplyStarted(reply_id):
                self._open.add(reply_id)
            case ReplyFinished(reply_id, status):
                self._open.discard(reply_id)
                # A cut one is gone on with.
                self._is_answered = self._is_answered or (status != "incomplete" and not len(self._rest))
            case _:
                return

    def resumed_after(self, moment: float) -> float | None:
        """When the conversation was there again, seconds after a moment; None: it was not, or was never away."""
        later = [at for at, event in self.events if at >= moment and isinstance(event, ConnectionResumed)]
        return later[0] - moment if later else None

    @property
    def losses(self) -> int:
        """How often the connection was lost."""
        return sum(isinstance(event, ConnectionLost) for _, event in self.events)

    @property
    def transcripts(self) -> dict[str, str]:
        """Final ones, by item."""
        told = (event for _, event in self.events)
        return {event.item_id: event.text for event in told if isinstance(event, UserTranscript) and event.is_final}
