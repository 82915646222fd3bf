"""What one conversation costs the server on its way through the socket: `python -m benchmarks.socket_cost`.

Many clients at once send a frame of 20 ms every 20 ms, in binary and as JSON, to a server in a process of its own;
others listen to long replies. Told is that process's own processor time for each frame or 100 ms of audio, with
everything that is in its way, and its memory. Few clients cost more each than many: between two frames of few of them
the server falls asleep and has to be woken. Providers follow a script and cost little; the clients are on other cores
if there are any, and if they could not send in time, that is told.
"""

import argparse
import asyncio
import base64
import contextlib
import gc
import os
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import aiohttp
import numpy as np
import orjson
import psutil
from aiohttp import web

from benchmarks.machine import cores, run
from pipeline.audio import OUTPUT_RATE
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import SessionSettings
from voice_server.auth import LOCAL, Principal
from voice_server.voice_socket import VoiceSocket

FRAME_SECONDS = 0.02
FRAME_BYTES = round(OUTPUT_RATE * FRAME_SECONDS) * 2
PIECE_BYTES = OUTPUT_RATE // 10 * 2
"""0.1 s. A binary message has some bytes more, which are its head."""
STORY = "This is a sentence of eight words, more or less. " * 400


class Application:
    """The server: the socket, with providers that follow a script, and a page that tells what it has cost."""

    def __init__(self) -> None:
        self.providers = Providers(
            ScriptedSpeechToText(), ScriptedLanguageModel(STORY), ScriptedTextToSpeech(seconds_per_character=0.06)
        )

    def new_session(
        self, session_id: str, settings: SessionSettings, _assistant: str, /, *, greets: bool, **_left: object
    ) -> Session:
        return Session(session_id, settings, self.providers, greets=greets)

    async def cost(self, request: web.Request) -> web.Response:
        if "collect" in request.query:
            gc.collect()
        process = psutil.Process()
        return web.json_response({"cpu_seconds": time.process_time(), "rss_bytes": process.memory_info().rss})

    async def authenticate(self, _request: web.Request) -> Principal:
        return LOCAL

    def build(self) -> web.Application:
        settings = replace(SessionSettings(), max_lead_seconds=float("inf"))
        socket = VoiceSocket(
            authenticate=self.authenticate,
            find_assistant=lambda _: ("galion", settings),
            new_session=self.new_session,
        )
        app = web.Application()
        app.add_routes([*socket.routes(), web.get("/cost", self.cost)])
        return app


async def serve() -> None:
    """Run the server until its input ends; its first line of output is its port."""
    runner = web.AppRunner(Application().build(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@contextlib.asynccontextmanager
async def server(loop: str, core: int | None) -> AsyncGenerator[str, None]:
    """The address of a server."""
    command = [sys.executable, "-m", "benchmarks.socket_cost", "--serve", "--loop", loop]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    try:
        port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        await process.wait()


async def cost(client: aiohttp.ClientSession, url: str, query: str = "") -> dict[str, float]:
    async with client.get(f"{url}/cost{query}") as response:
        return dict(orjson.loads(await response.read()))


async def speak(socket: aiohttp.ClientWebSocketResponse, frames: list[bytes | str], begin: float) -> float:
    """Send each frame when its time has come; give how late the latest was, in seconds."""
    loop = asyncio.get_running_loop()
    late = 0.0
    for number, frame in enumerate(frames):
        due = begin + number * FRAME_SECONDS
        await asyncio.sleep(max(0.0, due - loop.time()))
        late = max(late, loop.time() - due)
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_str(frame)
    return late


@dataclass(frozen=True, slots=True)
class FrameCost:
    """What frames of silence cost the server."""

    seconds: float
    """Processor time for each."""
    session_bytes: float
    """Memory for each session."""
    late_seconds: float
    """How late the client was with its latest."""


async def seconds_per_frame(url: str, sessions: int, seconds: float, *, binary: bool) -> FrameCost:
    """Send silence from many sessions."""
    audio = np.random.default_rng(1).normal(0, 10, FRAME_BYTES // 2).astype(np.int16).tobytes()
    message = orjson.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode()}).decode()
    frames: list[bytes | str] = [audio if binary else message] * round(seconds / FRAME_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client, contextlib.AsyncExitStack() as open_sockets:
        before = await cost(client, url, "?collect")
        sockets = [
            await open_sockets.enter_async_context(client.ws_connect(f"{url}/v1/realtime?extensions=1"))
            for _ in range(sessions)
        ]
        loop = asyncio.get_running_loop()
        begin = loop.time() + 0.1
        warm = [speak(s, frames[:50], begin + i * FRAME_SECONDS / sessions) for i, s in enumerate(sockets)]
        await asyncio.gather(*warm)
        start, begin = await cost(client, url), loop.time() + 0.1
        late = await asyncio.gather(
            *(speak(s, frames, begin + i * FRAME_SECONDS / sessions) for i, s in enumerate(sockets))
        )
        end = await cost(client, url, "?collect")
    used = end["cpu_seconds"] - start["cpu_seconds"]
    return FrameCost(used / len(frames) / sessions, (end["rss_bytes"] - before["rss_bytes"]) / sessions, max(late))


async def seconds_per_piece(url: str, *, binary: bool) -> float:
    """The server's processor time for 100 ms of a reply, from the voice to the socket."""
    query = "?extensions=1" if binary else ""
    async with aiohttp.ClientSession() as client, client.ws_connect(f"{url}/v1/realtime{query}") as socket:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on."}]}
        await socket.send_json({"type": "conversation.item.create", "item": item})
        start = await cost(client, url)
        await socket.send_json({"type": "response.create"})
        pieces = 0.0
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                pieces += len(message.data) / PIECE_BYTES
            elif '"response.output_audio.delta"' in message.data[:60]:
                pieces += len(base64.b64decode(orjson.loads(message.data)["delta"])) / PIECE_BYTES
            elif '"response.done"' in message.data[:60]:
                break
        return ((await cost(client, url))["cpu_seconds"] - start["cpu_seconds"]) / pieces


async def measure(loop: str, sessions: int, seconds: float) -> None:
    """Print everything."""
    core, _ = cores()
    for binary in (True, False):
        kind = "binary" if binary else "JSON"
        async with server(loop, core) as url:
            frame = await seconds_per_frame(url, sessions, seconds, binary=binary)
            piece = await seconds_per_piece(url, binary=binary)
        print(
            f"{loop:8}{kind:8}{sessions:4} sessions{frame.seconds * 1e6:7.1f} µs per silent frame of 20 ms"
            f" ({frame.seconds / FRAME_SECONDS:.2%} of a core each), {frame.session_bytes / 2**20:.2f} MiB each;"
            f"{piece * 1e6:6.0f} µs per 100 ms of a reply"
        )
        if frame.late_seconds > FRAME_SECONDS:
            late_ms = frame.late_seconds * 1000
            print(f"    the client was up to {late_ms:.0f} ms late: frames came at once, which is cheaper")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"])
    parser.add_argument("--sessions", type=int, nargs="+", default=[20, 100])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        (run if options.loop == "uvloop" else asyncio.run)(serve())
        return
    for sessions in options.sessions:
        for loop in [options.loop] if options.loop else ["asyncio", "uvloop"]:
            run(measure(loop, sessions, options.seconds))


if __name__ == "__main__":
    main()
