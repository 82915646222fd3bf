"""One conversation as a person has it: speaks, listens, interrupts, coughs; and writes down what happened.

The microphone never stops: a frame of 20 ms every 20 ms, in real time. What it hears is the recording of the moment, an
echo of the loudspeaker and noise, as the scenario says.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from benchmarks.caller import Caller, News, Sound
from benchmarks.emulators.toned_answers import QUIETEST, heard_number
from benchmarks.emulators.tones import RATE, Samples
from benchmarks.loudspeaker import Loudspeaker
from benchmarks.recordings import Recording

FRAME_SAMPLES = RATE // 50
FRAME_SECONDS = 0.02
SILENT_FRAME: Samples = np.zeros(FRAME_SAMPLES, dtype=np.int16)
LATE_SECONDS = 0.01
"""A frame that is sent later than this counts as late."""
REPORT_SECONDS = 0.1
ANSWER_SECONDS = 12.0
"""After the end of the speech, an answer that has not begun by then has failed."""
LONGEST_ANSWER_SECONDS = 60.0
QUIET_SECONDS = 0.4
"""An answer is over when the target says so, or nothing has come for so long after all was played."""
QUIET_WITHOUT_WORD_SECONDS = 1.5
"""The same for a target that does not say when an answer is over."""
RESUME_SECONDS = 2.0
"""The same after a sound: an answer that it stopped for nothing may yet go on."""
POLL_SECONDS = 0.05
SOON_SECONDS = 0.01
"""Between two looks where the moment matters."""
DUCKED = 0.2
"""How loud a ducked answer is played."""

TurnKind = Literal["question", "interruption", "sound"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the user does."""

    recording: str
    kind: TurnKind = "question"
    over: float | None = None
    """So many seconds after the answer began to play; None: when all is quiet."""
    think: float = 1.0
    """Seconds of silence before it, where `over` is None."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the microphone hears besides the user."""

    echo: float = 0.0
    """The loudspeaker, as a factor of its amplitude."""
    noise: float = 0.0
    """Root mean square of white noise, of full scale 32768."""


@dataclass(slots=True)
class Turn:
    """One utterance and what came of it, as `benchmarks.results` describes."""

    turn: int
    clip: str
    kind: TurnKind
    session: int = 0
    session_id: str = ""
    speech_began: float | None = None
    speech_ended: float | None = None
    arrivals: list[tuple[float, float, float | None, int | None]] = field(default_factory=list)
    events: list[tuple[float, str]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    played: dict[int, float] = field(default_factory=dict)
    """Seconds that had been played, until the turn was over, of each answer of which something arrived."""
    failure: str = ""
    spans: list[tuple[str, float, float]] = field(default_factory=list)
    committed_ms: float | None = None
    wasted: dict[str, float] | None = None


class Conversation:
    """Plays its steps to a caller that is connected."""

    def __init__(
        self,
        caller: Caller,
        steps: Sequence[Step],
        recordings: Mapping[str, Recording],
        room: Room,
        *,
        marks_end: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._caller = caller
        self._steps = steps
        self._recordings = recordings
        self._room = room
        self._marks_end = marks_end
        self._speaker = Loudspeaker()
        self._turns: list[Turn] = []
        self._rest: Samples = np.zeros(0, dtype=np.int16)
        """What the user has still to say."""
        self._audible: tuple[int, int] = (0, 0)
        """Of the recording: samples until its first and its last audible one, from here."""
        self._is_speaking = asyncio.Event()
        self._has_spoken = asyncio.Event()
        self._pending = 0
        """Answers that have begun and are not over."""
        self._says_done = False
        self._last_at = 0.0
        self._is_ducked = False
        self._session_id = ""
        self._item = ""
        self._chance = np.random.default_rng(len(steps))
        self.late_frames = 0
        self.frames = 0

    def turns(self) -> list[dict[str, Any]]:
        """What has happened so far."""
        return [asdict(turn) | {"session_id": self._session_id} for turn in self._turns]

    async def run(self) -> None:
        """Hold the conversation. Raises ConnectionError if the target ends it."""
        tasks = [asyncio.create_task(part()) for part in (self._listen, self._hear_room, self._report)]
        script = asyncio.create_task(self._play())
        try:
            done, _ = await asyncio.wait([script, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if script not in done:
                raise ConnectionError("the target ended the conversation")
        finally:
            for task in (script, *tasks):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _play(self) -> None:
        await self._quiet(self._clock() + LONGEST_ANSWER_SECONDS)
        for index, step in enumerate(self._steps):
            if step.over is None:
                await asyncio.sleep(step.think)
            self._begin(step)
            await self._has_spoken.wait()
            if self._marks_end:
                await self._caller.mark_end()
            following = self._steps[index + 1] if index + 1 < len(self._steps) else None
            if following is not None and following.over is not None:
                await self._answered(self._turns[-1], following.over)
            else:
                await self._over(self._turns[-1])

    def _begin(self, step: Step) -> None:
        recording = self._recordings[step.recording]
        self._close_turn()
        self._turns.append(Turn(len(self._turns), step.recording, step.kind))
        self._rest, self._audible = recording.samples, recording.audible
        self._has_spoken.clear()
        self._is_speaking.set()

    def _close_turn(self) -> None:
        if self._turns:
            self._speaker.advance(self._clock())
            self._turns[-1].gaps = list(self._speaker.gaps)
            heard = {number for *_, number in self._turns[-1].arrivals}
            played = self._speaker.answers
            self._turns[-1].played = {number: seconds for number, seconds in played.items() if number in heard}
            self._speaker.gaps.clear()

    async def _answered(self, turn: Turn, seconds: float) -> None:
        """Until so much of the answer has been played."""
        assert turn.speech_ended is not None
        deadline = turn.speech_ended + ANSWER_SECONDS
        while self._clock() < deadline:
            first = next(
                (at for at, _, audible, _ in turn.arrivals if audible is not None and at > turn.speech_ended), None
            )
            if first is not None and self._clock() >= first + seconds:
                return
            await asyncio.sleep(SOON_SECONDS)
        turn.failure = "no answer to speak over"

    async def _over(self, turn: Turn) -> None:
        """Until the answer has been played, or there will be none."""
        assert turn.speech_ended is not None
        if turn.kind != "sound":
            while not any(at > turn.speech_ended and audible is not None for at, _, audible, _ in turn.arrivals):
                if self._clock() > turn.speech_ended + ANSWER_SECONDS:
                    turn.failure = turn.failure or "no answer"
                    break
                await asyncio.sleep(POLL_SECONDS)
        if not await self._quiet(self._clock() + LONGEST_ANSWER_SECONDS):
            turn.failure = turn.failure or "the answer did not end"
        self._close_turn()

    async def _quiet(self, deadline: float) -> bool:
        """Until nothing plays and nothing more is to come; False if that does not happen in time."""
        while self._clock() < deadline:
            now = self._clock()
            patience = QUIET_SECONDS if self._says_done or not self._turns else QUIET_WITHOUT_WORD_SECONDS
            if self._turns and self._turns[-1].kind == "sound":
                patience = max(patience, RESUME_SECONDS)
            idle = now - max(self._speaker.ends, self._last_at)
            if self._pending <= 0 and idle > patience:
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _hear_room(self) -> None:
        began = self._clock()
        while True:
            self.frames += 1
            due = began + self.frames * FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - self._clock()))
            if self._marks_end and not self._is_speaking.is_set():
                continue
            frame = self._next_frame(due)
            now = self._clock()
            self.late_frames += now > due + LATE_SECONDS
            await self._caller.send(frame)

    def _next_frame(self, due: float) -> bytes:
        now = self._clock()
        frame = self._rest[:FRAME_SAMPLES]
        if self._is_speaking.is_set():
            self._note_speech(now)
        if len(frame) < FRAME_SAMPLES:
            # Most frames are silent, and callers share their core with the vendors.
            frame = np.concatenate((frame, SILENT_FRAME[len(frame) :])) if len(frame) else SILENT_FRAME
        if self._room.echo or self._room.noise:
            # A room goes on evenly, however late this program is: else each frame would begin with a click.
            frame = self._in_room(frame, due)
        return frame.tobytes()

    def _note_speech(self, now: float) -> None:
        """A frame's last sample was heard when the frame is sent."""
        turn = self._turns[-1]
        first, last = self._audible
        self._rest = self._rest[FRAME_SAMPLES:]
        self._audible = first - FRAME_SAMPLES, last - FRAME_SAMPLES
        if turn.speech_began is None and first < FRAME_SAMPLES:
            turn.speech_began = now - FRAME_SECONDS + first / RATE
        if turn.speech_ended is None and last < FRAME_SAMPLES:
            turn.speech_ended = now - FRAME_SECONDS + (last + 1) / RATE
            # What is left of the recording is silence, which the microphone hears anyway.
            self._rest = self._rest[:0]
            self._is_speaking.clear()
            self._has_spoken.set()

    def _in_room(self, frame: Samples, due: float) -> Samples:
        loudness = self._room.echo * (DUCKED if self._is_ducked else 1.0)
        mixed = frame + loudness * self._speaker.sound(due - FRAME_SECONDS, FRAME_SAMPLES)
        if self._room.noise:
            mixed = mixed + self._chance.normal(0.0, self._room.noise, FRAME_SAMPLES)
        return np.asarray(np.clip(mixed, -32768, 32767), dtype=np.int16)

    async def _report(self) -> None:
        reported: tuple[str, float, bool] | None = None
        while True:
            now = self._clock()
            heard = (self._speaker.playing_item(now), self._speaker.heard_seconds(now), self._speaker.is_playing(now))
            if heard[0] and heard != reported:
                await self._caller.report(heard[0], heard[1], playing=heard[2])
                reported = heard
            await asyncio.sleep(REPORT_SECONDS)

    async def _listen(self) -> None:
        async with contextlib.aclosing(self._caller.heard()) as heard:
            async for what in heard:
                self._last_at = max(self._last_at, what.at) if isinstance(what, Sound) else self._last_at
                if isinstance(what, Sound):
                    self._hear(what)
                else:
                    await self._learn(what)

    def _hear(self, sound: Sound) -> None:
        number = heard_number(sound.samples)
        loud = np.flatnonzero(np.abs(sound.samples.astype(np.int32)) > QUIETEST)
        # Where the target does not say which answer this is, its tone does.
        self._item = sound.item or (f"answer {number}" if number is not None else self._item)
        self._speaker.play(sound.at, self._item, number, sound.samples)
        if self._turns:
            audible = round(float(loud[0]) / RATE, 4) if len(loud) else None
            self._turns[-1].arrivals.append((sound.at, len(sound.samples) / RATE, audible, number))

    async def _learn(self, news: News) -> None:
        match news.name:
            case "session":
                self._session_id = str(news.fields["id"])
            case "duck" | "restore":
                self._is_ducked = news.name == "duck"
            case "speech_started" | "clear":
                await self._fall_silent(news.at)
            case "reply_started":
                self._pending += 1
            case "reply_done":
                self._pending -= 1
                self._says_done = True
            case "turn":
                self._note_turn(news.fields)
        if self._turns:
            name = news.name
            if name == "error":
                name = f"error: {news.fields.get('error', {}).get('message', '')}"
            elif name == "reply_done" and (status := news.fields.get("response", {}).get("status")):
                name = f"reply_done {status}"
                if status == "failed":
                    self._turns[-1].failure = self._turns[-1].failure or "the answer failed"
            self._turns[-1].events.append((news.at, name))

    async def _fall_silent(self, now: float) -> None:
        self._is_ducked = False
        if self._speaker.is_playing(now):
            item, seconds = self._speaker.playing_item(now), self._speaker.heard_seconds(now)
            self._speaker.stop(now)
            await self._caller.report(item, seconds, playing=False)

    def _note_turn(self, told: Mapping[str, Any]) -> None:
        if self._turns:
            turn = self._turns[-1]
            turn.spans = [(span["name"], span["start_ms"], span["end_ms"]) for span in told["spans"]]
            turn.committed_ms = told.get("committed_ms")
            turn.wasted = told.get("wasted")
