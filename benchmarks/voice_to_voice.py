"""How long an answer takes: `python -m benchmarks.voice_to_voice [--url URL] [--turns N] [FILE ...]`.

Streams recordings (by default the questions in `tests/speech`) to a server in real time, one conversation each, and
measures at the client, from the last audible sample of the question sent to the first audible sample of the answer
received. Without --url it starts a server of its own as the environment configures it, on its embedded default if that
says nothing.
"""

import argparse
import asyncio
import contextlib
import io
import os
import re
import statistics
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from voice_client.client import VoiceClient
from voice_client.events import Span
from voice_client.microphone import FileMicrophone, read_recording
from voice_client.speaker import VirtualSpeaker
from voice_client.talk import Talk
from voice_client.terminal import Terminal

SPEECH = Path(__file__).parent.parent / "tests" / "speech"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One turn, in milliseconds."""

    voice_to_voice: float
    spans: tuple[Span, ...]
    words: str


@contextlib.asynccontextmanager
async def own_server() -> AsyncGenerator[str, None]:
    """A server on a free port; gives its address."""
    with tempfile.TemporaryDirectory(prefix="vs-") as folder:
        async with _started({"PORT": "0", "HOST": "127.0.0.1", "LOG_LEVEL": "error", "DATA_DIR": folder}) as url:
            yield url


@contextlib.asynccontextmanager
async def _started(settings: Mapping[str, str]) -> AsyncGenerator[str, None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "voice_server", "serve", env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            while line := (await process.stdout.readline()).decode():
                if found := re.search(r"http://\S+", line):
                    break
            else:
                raise SystemExit("The server did not start; see above.")
        yield found.group()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def turn(url: str, recording: Path) -> Measured:
    """Ask one recorded question."""
    microphone = FileMicrophone(read_recording(recording))
    async with VoiceClient(url) as client:
        talk = Talk(client, microphone, VirtualSpeaker(), Terminal(io.StringIO(), io.StringIO()))
        await talk.run()
    seconds = talk.voice_to_voice()
    if seconds is None or talk.failures:
        raise SystemExit(f"{recording.name}: {'; '.join(talk.failures) or 'no answer was heard'}")
    words = " ".join("".join(answer.words).strip() for answer in talk.answers.values())
    return Measured(seconds * 1000, talk.turn.spans if talk.turn else (), words)


def report(turns: Sequence[Measured]) -> None:
    """Print the distribution, and the median of each part."""
    totals = sorted(measured.voice_to_voice for measured in turns)
    p95 = totals[min(len(totals) - 1, int(len(totals) * 0.95))]
    print(f"\n{len(turns)} turns   p50 {statistics.median(totals):.0f} ms   p95 {p95:.0f} ms   max {totals[-1]:.0f} ms")
    print("median of each part, on the server:")
    for name in dict.fromkeys(span.name for measured in turns for span in measured.spans):
        parts = [s.end_ms - s.start_ms for measured in turns for s in measured.spans if s.name == name]
        print(f"  {name:<14}{statistics.median(parts):7.0f} ms")


async def run(options: argparse.Namespace) -> None:
    """Measure, and print as it goes."""
    recordings = options.recordings or sorted(SPEECH.glob("*.flac"))
    async with contextlib.AsyncExitStack() as stack:
        url = options.url or await stack.enter_async_context(own_server())
        turns = []
        for recording in islice(cycle(recordings), options.turns or len(recordings)):
            turns.append(await turn(url, recording))
            print(f"{turns[-1].voice_to_voice:6.0f} ms  {recording.stem:<22} {turns[-1].words}", flush=True)
    report(turns)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure voice to voice, at the client, in real time.")
    parser.add_argument("recordings", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--url", help="a server that runs already")
    parser.add_argument("--turns", type=int, help="how many questions (default: each recording once)")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
