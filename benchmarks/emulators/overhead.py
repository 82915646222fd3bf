"""What the adapters add to a vendor's delay: `python -m benchmarks.emulators.overhead`.

Each adapter is called again and again against an emulated vendor with the delays of the seed profile; the time to its
first value, less the delay that the vendor was told to take, is what the adapter, its libraries, the loopback network
and the emulator itself add. All of it runs in one process, so the emulator's own work is in the figure.
"""

import argparse
import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial

import numpy as np

from benchmarks.emulators import elevenlabs, openai
from benchmarks.emulators.profile import PROFILES
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, AudioFrame
from pipeline.providers.elevenlabs.speech_to_text import ElevenLabsSpeechToText
from pipeline.providers.elevenlabs.text_to_speech import ElevenLabsTextToSpeech
from pipeline.providers.interfaces import (
    CompletionOptions,
    LanguageModel,
    ModelMessage,
    SpeechToText,
    TextToSpeech,
    TranscriptionOptions,
    VoiceOptions,
)
from pipeline.providers.openai.client import client
from pipeline.providers.openai.language_model import OpenAILanguageModel
from pipeline.providers.openai.speech_to_text import OpenAIRealtimeTranscription, OpenAITranscription
from pipeline.providers.openai.text_to_speech import OpenAITextToSpeech

PROFILE = PROFILES["seed"]
UTTERANCE_SECONDS = 1.0
CONNECTING_SECONDS = 0.3
"""How long the model is taken to need for its first clause: a socket that is opened early is open by then."""
ROW = "{:<28} {:>10} {:>10} {:>10}"


async def main() -> None:
    """Measure every adapter and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.emulators.overhead", description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    calls = parser.parse_args().calls
    scene = Scene(profile=PROFILE)
    print(ROW.format("above the vendor's delay", "median ms", "p95 ms", "calls"))
    async with (
        Server(openai.application(scene)) as first,
        Server(elevenlabs.application(scene)) as second,
        client("sk-test", f"{first.url}/v1") as connection,
    ):
        url = second.url
        measured: dict[str, Callable[[], Awaitable[float]]] = {
            "transcript openai": partial(transcript_seconds, OpenAITranscription(connection)),
            "transcript openai whisper-1": partial(transcript_seconds, OpenAITranscription(connection, "whisper-1")),
            "transcript openai realtime": partial(transcript_seconds, OpenAIRealtimeTranscription(connection)),
            "transcript elevenlabs": partial(transcript_seconds, ElevenLabsSpeechToText("test", url)),
            "first words openai": partial(words_seconds, OpenAILanguageModel(connection)),
            "first audio openai": partial(audio_seconds, OpenAITextToSpeech(connection)),
            "first audio elevenlabs": partial(audio_seconds, ElevenLabsTextToSpeech("test", url)),
        }
        for name, measure in measured.items():
            await report(name, measure, calls)


async def report(name: str, measure: Callable[[], Awaitable[float]], calls: int) -> None:
    """Print what one adapter adds. The first call, which opens connections, is not counted."""
    await measure()
    added = sorted([1000 * await measure() for _ in range(calls)])
    print(ROW.format(name, f"{statistics.median(added):.1f}", f"{added[round(0.95 * (calls - 1))]:.1f}", calls))


async def transcript_seconds(hearing: SpeechToText) -> float:
    """From the last frame of an utterance, spoken in real time, to its final transcript."""
    ended = 0.0

    async def microphone() -> AsyncIterator[AudioFrame]:
        nonlocal ended
        for _ in range(round(UTTERANCE_SECONDS / FRAME_SECONDS)):
            await asyncio.sleep(FRAME_SECONDS)
            yield AudioFrame(np.zeros(FRAME_SAMPLES, dtype=np.int16), is_speech=True)
        ended = time.perf_counter()

    async with contextlib.aclosing(hearing.transcribe(microphone(), TranscriptionOptions("overhead"))) as stream:
        async for transcript in stream:
            if transcript.is_final:
                return time.perf_counter() - ended - PROFILE.transcript_seconds
    raise ValueError(f"{hearing.name} gave no final transcript.")


async def words_seconds(model: LanguageModel) -> float:
    """From the question to the first delta."""
    asked = time.perf_counter()
    stream = model.complete([ModelMessage("user", "Why is the sky blue?")], CompletionOptions("overhead"))
    return await begun(stream) - asked - PROFILE.first_token_seconds


async def audio_seconds(voice: TextToSpeech) -> float:
    """From the first clause to its first samples."""
    written = 0.0

    async def clauses() -> AsyncIterator[str]:
        nonlocal written
        await asyncio.sleep(CONNECTING_SECONDS)
        written = time.perf_counter()
        yield "Because the air scatters blue light."

    began = await begun(voice.speak(clauses(), VoiceOptions("overhead")))
    return began - written - PROFILE.first_audio_seconds


async def begun(stream: AsyncGenerator[object, None]) -> float:
    """When the first value came. The rest is taken too, because a connection that is broken off is not used again."""
    began = 0.0
    async with contextlib.aclosing(stream):
        async for _ in stream:
            began = began or time.perf_counter()
    return began


if __name__ == "__main__":
    asyncio.run(main())
