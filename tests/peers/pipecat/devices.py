"""A microphone and a loudspeaker as a Pipecat transport, and a place in the pipeline that notes what passes."""

import asyncio
import time
from collections.abc import Callable

from microphone import FRAME_SECONDS, RATE, Microphone
from pipecat.frames.frames import Frame, InputAudioRawFrame, OutputAudioRawFrame, StartFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams


class MicrophoneInput(BaseInputTransport):
    """Pushes the microphone's audio, in real time, from the start of the pipeline to its end."""

    def __init__(self, microphone: Microphone) -> None:
        super().__init__(TransportParams(audio_in_enabled=True, audio_in_sample_rate=RATE))
        self._microphone = microphone
        self._listening: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._listening = self.create_task(self._listen())

    async def cleanup(self) -> None:
        if self._listening is not None:
            await self.cancel_task(self._listening)
        await super().cleanup()  # type: ignore[no-untyped-call]  # so it is in Pipecat

    async def _listen(self) -> None:
        async for audio in self._microphone:
            await self.push_audio_frame(InputAudioRawFrame(audio, RATE, 1))


class Loudspeaker(BaseOutputTransport):
    """Takes as long for a frame as it lasts."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE))
        self.played = bytearray()
        """Everything it has played."""
        self._free_at = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        now = time.monotonic()
        if self._free_at < now - FRAME_SECONDS:
            self._free_at = now
        self.played += frame.audio
        self._free_at += len(frame.audio) / 2 / RATE
        await asyncio.sleep(self._free_at - now)
        return True


class Tap(FrameProcessor):
    """Shows every frame that passes, and passes it on."""

    def __init__(self, show: Callable[[Frame], None]) -> None:
        super().__init__()
        self._show = show

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self._show(frame)
        await self.push_frame(frame, direction)
