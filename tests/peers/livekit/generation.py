"""What a RealtimeSession says, as its streams tell it, and a tool that it may call."""

import asyncio
import time
from dataclasses import dataclass, field

from livekit.agents import function_tool, llm
from microphone import RATE


@function_tool
async def element_stock(element: str) -> str:
    """How much of a chemical element is left in the cupboard."""
    raise AssertionError(f"called with {element}, which is this conversation's to do")


@dataclass
class Heard:
    """One generation, as the session's streams told it."""

    message_ids: list[str] = field(default_factory=list)
    modalities: list[str] = field(default_factory=list)
    text: str = ""
    audio: bytearray = field(default_factory=bytearray)
    first_audio: float | None = None
    calls: list[llm.FunctionCall] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return len(self.audio) / 2 / RATE

    async def listen(self, generation: llm.GenerationCreatedEvent) -> "Heard":
        """Read its streams to their end."""
        async with asyncio.TaskGroup() as streams:
            streams.create_task(self._messages(generation))
            streams.create_task(self._calls(generation))
        return self

    async def _messages(self, generation: llm.GenerationCreatedEvent) -> None:
        async for message in generation.message_stream:
            self.message_ids.append(message.message_id)
            async with asyncio.TaskGroup() as streams:
                streams.create_task(self._text(message))
                streams.create_task(self._audio(message))
            self.modalities.extend(await message.modalities)

    async def _calls(self, generation: llm.GenerationCreatedEvent) -> None:
        async for call in generation.function_stream:
            self.calls.append(call)

    async def _text(self, message: llm.MessageGeneration) -> None:
        async for text in message.text_stream:
            self.text += text

    async def _audio(self, message: llm.MessageGeneration) -> None:
        async for frame in message.audio_stream:
            self.first_audio = self.first_audio or time.monotonic()
            self.audio += bytes(frame.data)
