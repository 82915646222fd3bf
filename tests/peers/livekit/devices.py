"""A microphone and a loudspeaker for an AgentSession that is in no room."""

import asyncio
import time

from livekit import rtc
from livekit.agents.voice import io
from microphone import FRAME_SAMPLES, RATE, Microphone


class MicrophoneInput(io.AudioInput):
    """The microphone as LiveKit takes it."""

    def __init__(self, microphone: Microphone) -> None:
        super().__init__(label="microphone")
        self._microphone = microphone

    async def __anext__(self) -> rtc.AudioFrame:
        return rtc.AudioFrame(await anext(self._microphone), RATE, 1, FRAME_SAMPLES)


class Loudspeaker(io.AudioOutput):
    """Plays in real time what it is given, as far as anybody can tell who asks how much was heard."""

    def __init__(self) -> None:
        super().__init__(label="loudspeaker", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.audio = bytearray()
        """Everything it was ever given."""
        self.first_frame: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """When the first frame came since `listen`, of `time.monotonic`."""
        self.positions: list[tuple[float, bool]] = []
        """Of every segment: how much of it was played, in seconds, and whether it was interrupted."""
        self._given = 0.0
        self._started: float | None = None
        self._end: asyncio.TimerHandle | None = None

    def listen(self) -> "asyncio.Future[float]":
        """Wait for the next first frame, and forget what was heard."""
        self.audio.clear()
        self.first_frame = asyncio.get_running_loop().create_future()
        return self.first_frame

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self.first_frame.done():
            self.first_frame.set_result(time.monotonic())
        self.audio += bytes(frame.data)
        self._given += frame.duration
        if self._started is None:
            self._started = time.monotonic()
            self.on_playback_started(created_at=time.time())

    def flush(self) -> None:
        super().flush()
        if self._started is None:
            return
        left = max(0.0, self._started + self._given - time.monotonic())
        self._end = asyncio.get_running_loop().call_later(left, self._finish, False)

    def clear_buffer(self) -> None:
        if self._started is not None:
            self._finish(True)

    def _finish(self, interrupted: bool) -> None:
        assert self._started is not None
        if self._end is not None:
            self._end.cancel()
        position = min(self._given, time.monotonic() - self._started)
        self._given, self._started, self._end = 0.0, None, None
        self.positions.append((position, interrupted))
        self.on_playback_finished(playback_position=position, interrupted=interrupted)
