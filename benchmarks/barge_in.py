"""How soon it falls silent: `python -m benchmarks.barge_in [--url URL] [--times N]`.

Asks in writing for a long answer, and speaks over it at a random moment, over a real socket and in real time. Measured
at the client, from the first audible sample of the interruption sent to the last message with audio received, and to
the news that speech was noticed. Without --url it starts a server of its own, as `benchmarks.voice_to_voice` does.
"""

import argparse
import asyncio
import contextlib
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from voice_client.client import VoiceClient
from voice_client.events import RATE, ReplyAudio, ReplyFinished, Samples, SpeechStarted
from voice_client.microphone import BLOCK_SAMPLES, BLOCK_SECONDS, first_and_last_loud, read_recording

from benchmarks.voice_to_voice import SPEECH, own_server

QUESTION = "What can you do?"
LATEST_SECONDS = 2.0
"""Of the moments after the beginning of the answer at which it is interrupted."""
AFTERMATH_SECONDS = 1.0
"""Time in which audio that must not come could still come."""
ANSWER_SECONDS = 20.0


@dataclass(slots=True)
class Interruption:
    """One of them; moments in seconds of the event loop."""

    spoken_at: float | None = None
    noticed_at: float | None = None
    last_audio_at: float = 0.0
    item_id: str = ""
    """Of the answer that is interrupted. Whoever interrupts with a short question may have their own answer soon."""
    cancelled_at: float | None = None


async def stream_microphone(client: VoiceClient, speech: Samples, begin: asyncio.Event, seen: Interruption) -> None:
    """Silence until it is time to speak, then the speech, then silence again; in real time."""
    loud = first_and_last_loud(speech)
    assert loud is not None
    rest = speech[loud[0] :]
    due = asyncio.get_running_loop().time()
    while True:
        block = np.zeros(BLOCK_SAMPLES, np.int16)
        if begin.is_set() and len(rest):
            block[: len(rest[:BLOCK_SAMPLES])] = rest[:BLOCK_SAMPLES]
            rest = rest[BLOCK_SAMPLES:]
            seen.spoken_at = seen.spoken_at or asyncio.get_running_loop().time()
        await client.send_audio(block)
        due += BLOCK_SECONDS
        await asyncio.sleep(due - asyncio.get_running_loop().time())


async def interrupt(url: str, recording: Path, after_seconds: float) -> Interruption:
    """Ask, and speak over the answer."""
    seen = Interruption()
    begin = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with VoiceClient(url) as client:
        microphone = asyncio.create_task(stream_microphone(client, read_recording(recording), begin, seen))
        await client.send_text(QUESTION)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS) as patience, contextlib.aclosing(client.events()) as events:
                async for event in events:
                    if isinstance(event, ReplyAudio) and seen.cancelled_at is None:
                        if not seen.last_audio_at:
                            loop.call_later(after_seconds, begin.set)
                        seen.last_audio_at = loop.time()
                        seen.item_id = event.item_id
                    elif isinstance(event, ReplyAudio) and event.item_id == seen.item_id:
                        raise SystemExit("Audio came after the answer was cancelled.")
                    elif isinstance(event, SpeechStarted):
                        seen.noticed_at = loop.time()
                    elif isinstance(event, ReplyFinished):
                        seen.cancelled_at = loop.time() if event.status == "cancelled" else None
                        patience.reschedule(loop.time() + AFTERMATH_SECONDS)
                        if seen.cancelled_at is None:
                            raise SystemExit("The answer was over before it could be interrupted.")
        microphone.cancel()
    return seen


def report(name: str, seconds: Sequence[float]) -> None:
    """Print one distribution."""
    milliseconds = sorted(1000 * value for value in seconds)
    p95 = milliseconds[min(len(milliseconds) - 1, int(len(milliseconds) * 0.95))]
    print(
        f"{name:<34} p50 {statistics.median(milliseconds):4.0f} ms   p95 {p95:4.0f} ms   max {milliseconds[-1]:4.0f} ms"
    )


async def run(options: argparse.Namespace) -> None:
    """Measure, and print."""
    chance = random.Random(options.seed)
    audio, news = [], []
    async with contextlib.AsyncExitStack() as stack:
        url = options.url or await stack.enter_async_context(own_server())
        for recording in islice(cycle(sorted(SPEECH.glob("*.flac"))), options.times):
            seen = await interrupt(url, recording, chance.uniform(0, LATEST_SECONDS))
            assert seen.spoken_at is not None
            assert seen.noticed_at is not None
            audio.append(max(0.0, seen.last_audio_at - seen.spoken_at))
            news.append(seen.noticed_at - seen.spoken_at)
    print(
        f"{len(audio)} interruptions ({RATE} Hz, {BLOCK_SECONDS * 1000:.0f} ms a block), from the first audible sample:"
    )
    report("to the last message with audio", audio)
    report("to the news that speech is noticed", news)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure barge-in at the client, in real time.")
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--times", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
