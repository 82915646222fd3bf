"""The emulated vendors as a comparison uses them: told what will be said, and asked when everything happened."""

import io
from typing import Any

import aiohttp
import orjson
import soundfile

from benchmarks.emulators import openai, toned_answers, tones
from benchmarks.emulators.clips import write_clip
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from benchmarks.recordings import questions

HEADERS = {"Authorization": "Bearer any", "X-Session-Id": "s"}


async def test_a_turn_whose_every_moment_is_noted() -> None:
    recording = questions()["carbon_slt"]
    file = io.BytesIO()
    soundfile.write(file, recording.samples, tones.RATE, format="WAV", subtype="PCM_16")
    async with (
        Server(openai.application(Scene())) as server,
        aiohttp.ClientSession(server.url, headers=HEADERS, raise_for_status=True) as http,
    ):
        told = {"clips": [write_clip(recording.clip())], "answer_words": 12}
        await http.post("/emulator/scene", data=orjson.dumps(told))
        form = aiohttp.FormData({"model": "whisper-1"})
        form.add_field("file", file.getvalue(), filename="recording.wav")
        async with http.post("/v1/audio/transcriptions", data=form) as response:
            heard = (await response.json())["text"]
        asked = {"model": "m", "messages": [{"role": "user", "content": heard}], "stream": True}
        async with http.post("/v1/chat/completions", json=asked) as response:
            await response.read()
        said = {"model": "v", "voice": "v", "input": toned_answers.text(0, 12), "response_format": "pcm"}
        async with http.post("/v1/audio/speech", json=said) as response:
            await response.read()
        async with http.get("/emulator/log") as response:
            log: list[dict[str, Any]] = (await response.json())["requests"]
    assert heard == "tell me about the element carbon"
    transcription, completion, speech = log
    assert completion["said"] == toned_answers.text(0, 12)
    assert completion["tokens"] == 12
    moments = [
        *(transcription[name] for name in ("began", "asked", "ended")),
        *(completion[name] for name in ("began", "asked", "first", "clause", "ended")),
        *(speech[name] for name in ("began", "asked", "first", "ended")),
    ]
    assert moments == sorted(moments)
    assert toned_answers.number_of(speech["text"][0]) == 0
