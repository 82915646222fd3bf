"""One stage after the other, without any overlap: what this project's streaming is compared with.

`python -m benchmarks.sequential --openai URL`: record, and when the speaker says that it is over, close the recording,
transcribe all of it, let the model write all of its answer, speak all of that, and only then begin to play. The client
marks the end, as a button does; so no time is spent on finding it, and nobody can be cut off. It talks as
`benchmarks.targets` describes for `pcm`.
"""

import argparse
import asyncio
import io
import secrets

import aiohttp
import numpy as np
import orjson
import soundfile
from aiohttp import web

from benchmarks.machine import run

RATE = 24_000
CAPTURE_SECONDS = 0.1
"""For a browser's recorder to close its recording after the button was pressed."""
PIECE_BYTES = 24_000


class Sequential:
    """Serves conversations."""

    def __init__(self, vendor: aiohttp.ClientSession, url: str) -> None:
        """`vendor`: with the key in its headers."""
        self._vendor = vendor
        self._url = url

    async def converse(self, request: web.Request) -> web.WebSocketResponse:
        """`GET /`: one conversation."""
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        session_id = f"sess_{secrets.token_hex(8)}"
        await socket.send_json({"type": "session", "id": session_id})
        history: list[dict[str, str]] = []
        recording = bytearray()
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                recording += message.data
            elif message.type is aiohttp.WSMsgType.TEXT and orjson.loads(message.data)["type"] == "commit":
                await asyncio.sleep(CAPTURE_SECONDS)
                answer = await self._answer(session_id, bytes(recording), history)
                for start in range(0, len(answer), PIECE_BYTES):
                    await socket.send_bytes(answer[start : start + PIECE_BYTES])
                await socket.send_json({"type": "reply_done"})
                recording.clear()
        return socket

    async def _answer(self, session_id: str, recording: bytes, history: list[dict[str, str]]) -> bytes:
        headers = {"X-Session-Id": session_id}
        file = io.BytesIO()
        soundfile.write(file, np.frombuffer(recording, np.int16), RATE, format="WAV", subtype="PCM_16")
        form = aiohttp.FormData({"model": "whisper-1", "response_format": "json"})
        form.add_field("file", file.getvalue(), filename="recording.wav", content_type="audio/wav")
        async with self._vendor.post(f"{self._url}/audio/transcriptions", data=form, headers=headers) as response:
            heard = (await response.json())["text"]
        history.append({"role": "user", "content": heard})
        asked = {"model": "gpt-4.1-mini", "messages": history, "stream": True}
        written = ""
        async with self._vendor.post(f"{self._url}/chat/completions", json=asked, headers=headers) as response:
            async for line in response.content:
                if line.startswith(b"data: {"):
                    written += orjson.loads(line[6:])["choices"][0]["delta"].get("content") or ""
        history.append({"role": "assistant", "content": written})
        said = {"model": "gpt-4o-mini-tts", "voice": "marin", "input": written, "response_format": "pcm"}
        async with self._vendor.post(f"{self._url}/audio/speech", json=said, headers=headers) as response:
            return await response.read()


async def serve(url: str, key: str) -> None:
    """Serve on a free port until cancelled."""
    headers = {"Authorization": f"Bearer {key}"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(headers=headers, connector=connector, raise_for_status=True) as vendor:
        app = web.Application()
        app.add_routes([web.get("/", Sequential(vendor, url).converse)])
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(f"ws://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequential", description=__doc__)
    parser.add_argument("--openai", required=True, metavar="URL")
    parser.add_argument("--key", default="sk-emulated")
    options = parser.parse_args()
    run(serve(options.openai, options.key))


if __name__ == "__main__":
    main()
