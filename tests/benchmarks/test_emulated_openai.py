"""The emulated OpenAI, asked by the vendor's own client."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import av
import numpy as np
import openai as sdk
import pytest
import soundfile

from benchmarks.emulators import openai, tones
from benchmarks.emulators.faults import Fault, FaultKind
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.script import ANY, Script, ScriptedCall
from benchmarks.emulators.server import Server


@dataclass
class Vendor:
    scene: Scene
    server: Server
    client: sdk.AsyncOpenAI


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    scene = Scene(Script(replies={ANY: ["It is sunny.", ScriptedCall("weather", '{"place":"Graz"}')]}))
    async with (
        Server(openai.application(scene)) as server,
        sdk.AsyncOpenAI(api_key="sk-test", base_url=f"{server.url}/v1", max_retries=0) as client,
    ):
        yield Vendor(scene, server, client)


def recording(seconds: float) -> tuple[str, bytes]:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(round(seconds * 16_000), dtype=np.int16), 16_000, format="WAV")
    return "recording.wav", file.getvalue()


async def test_models(vendor: Vendor) -> None:
    assert "whisper-1" in [model.id async for model in vendor.client.models.list()]


async def test_transcription_in_every_format(vendor: Vendor) -> None:
    create = vendor.client.audio.transcriptions.create
    told = "I spoke for 1500 milliseconds."
    assert (await create(file=recording(1.5), model="whisper-1")).text == told
    assert await create(file=recording(1.5), model="whisper-1", response_format="text") == f"{told}\n"
    verbose = await create(file=recording(1.5), model="whisper-1", response_format="verbose_json")
    assert (verbose.text, verbose.duration) == (told, 1.5)
    stream = await create(file=recording(1.5), model="gpt-4o-transcribe", stream=True)
    events = [event async for event in stream]
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == told
    assert events[-1].type == "transcript.text.done"


async def test_a_completion_at_once(vendor: Vendor) -> None:
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    create = vendor.client.chat.completions.create
    first = await create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "And?"}])
    assert first.choices[0].message.content == "It is sunny."
    assert first.usage is not None
    assert first.usage.completion_tokens == 3
    second = await create(model="gpt-4.1-mini", messages=[{"role": "user", "content": "And?"}], tools=[tool])
    assert second.choices[0].finish_reason == "tool_calls"
    assert second.choices[0].message.tool_calls[0].function.arguments == '{"place":"Graz"}'


async def test_speech_in_every_format(vendor: Vendor) -> None:
    spoken = tones.speech("Good morning.").samples
    create = vendor.client.audio.speech.create
    pcm = await create(input="Good morning.", model="tts-1", voice="alloy", response_format="pcm")
    assert np.array_equal(np.frombuffer(pcm.content, dtype=np.int16), spoken)
    wav = await create(input="Good morning.", model="tts-1", voice="alloy", response_format="wav")
    samples, rate = soundfile.read(io.BytesIO(wav.content), dtype="int16")
    assert rate == tones.RATE
    assert np.array_equal(samples, spoken)
    mp3 = await create(input="Good morning.", model="tts-1", voice="alloy")
    with av.open(io.BytesIO(mp3.content)) as container:
        length = sum(frame.samples for frame in container.decode(audio=0))
    assert length == pytest.approx(len(spoken), abs=4_000)


async def test_a_fault_strikes_the_session_that_it_is_meant_for(vendor: Vendor) -> None:
    vendor.scene.faults.add(Fault.parse("429:completion:unlucky:1"))
    messages = [{"role": "user", "content": "And?"}]
    create = vendor.client.chat.completions.create
    await create(model="m", messages=messages, extra_headers={"X-Session-Id": "lucky"})
    with pytest.raises(sdk.RateLimitError) as failure:
        await create(model="m", messages=messages, extra_headers={"X-Session-Id": "unlucky"})
    assert failure.value.response.headers["Retry-After"] == "1"
    await create(model="m", messages=messages, extra_headers={"X-Session-Id": "unlucky"})
    assert [exchange.fault for exchange in vendor.scene.exchanges] == [None, FaultKind.TOO_MANY_REQUESTS, None]


async def test_the_log_tells_what_was_asked(vendor: Vendor) -> None:
    await vendor.client.audio.speech.create(
        input="Hello.", model="tts-1", voice="alloy", response_format="pcm", extra_headers={"X-Session-Id": "s"}
    )
    async with aiohttp.ClientSession() as http, http.get(f"{vendor.server.url}/emulator/log") as response:
        (entry,) = (await response.json())["requests"]
    assert (entry["request"], entry["session_id"], entry["text"]) == ("speech", "s", ["Hello."])
    assert entry["audio_bytes"] == tones.speech("Hello.").samples.nbytes
    assert entry["finished"]


async def test_a_realtime_transcription_without_the_intent_of_one_is_refused(vendor: Vendor) -> None:
    async with vendor.client.realtime.connect(extra_query={"intent": "transcription"}) as socket:
        assert (await socket.recv()).type == "session.created"
        await socket.session.update(session={"type": "realtime"})
        assert (await socket.recv()).type == "error"
        await socket.input_audio_buffer.commit()
        refusal = await socket.recv()
        assert refusal.type == "error"
        assert refusal.error.code == "input_audio_buffer_commit_empty"
