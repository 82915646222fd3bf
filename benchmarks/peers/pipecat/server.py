"""A Pipecat voice agent behind a WebSocket: `server.py BASE_URL KEY VARIANT`, run by Pipecat's own environment.

Each connection is one conversation. Binary messages are audio in both directions, int16, mono, 24 kHz. Text messages
are `{"type": "session", "id": …}` with the `X-Session-Id` of this conversation's requests, and `{"type": "clear"}`
(what was sent and not yet played is void). The audio is sent as Pipecat's own WebSocket transport sends it: in pieces
of 40 ms, twice as fast as it is played.

VARIANT `default` is what Pipecat does when nothing is said: Silero voice activity with 0.2 s to start and 0.2 s to
stop, the bundled model Smart Turn v3.2 to judge whether the turn is over, 3 s of silence where it thinks that it is
not, and whole sentences to the voice. `tuned` has no such model: a turn is over after 0.1 s of silence.
"""

# Its packages are in its own environment, where the types are checked in full.
# mypy: disable-error-code="import-not-found, misc"

import json
import secrets
import socket
import sys
from typing import Any

import numpy as np
import soxr
import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import Frame, InputAudioRawFrame, InterruptionFrame, OutputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

HERTZ = 24_000
"""Of the socket, and of Pipecat's output."""
INPUT_HERTZ = 16_000
"""Of Pipecat's input."""
MODEL = "gpt-4.1-mini"
INSTRUCTIONS = "You are a helpful voice assistant."
TUNED_SECONDS = 0.1


class RawAudio(FrameSerializer):
    """Samples and nothing else, but for the message that voids them."""

    def __init__(self) -> None:
        super().__init__()
        # The one quality that holds nothing back; Pipecat's own resampler would cost it 40 to 75 ms of each turn.
        self._resampling = soxr.ResampleStream(HERTZ, INPUT_HERTZ, 1, dtype="int16", quality="QQ")

    async def serialize(self, frame: Frame) -> str | bytes | None:
        if isinstance(frame, InterruptionFrame):
            return json.dumps({"type": "clear"})
        return frame.audio if isinstance(frame, OutputAudioRawFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        if isinstance(data, str):
            return None
        samples = self._resampling.resample_chunk(np.frombuffer(data, dtype=np.int16))
        return InputAudioRawFrame(samples.tobytes(), INPUT_HERTZ, 1)


def turn_detection(variant: str) -> LLMUserAggregatorParams:
    """Raises ValueError for a variant that there is not."""
    if variant == "default":
        return LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    if variant == "tuned":
        voice_activity = SileroVADAnalyzer(params=VADParams(stop_secs=TUNED_SECONDS))
        at_once = UserTurnStrategies(stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)])
        return LLMUserAggregatorParams(vad_analyzer=voice_activity, user_turn_strategies=at_once)
    raise ValueError(f"There is no variant {variant!r}; it is default or tuned.")


class Conversations:
    """Holds one conversation per connection."""

    def __init__(self, base_url: str, key: str, variant: str) -> None:
        self._to_vendor: dict[str, Any] = {"base_url": base_url, "api_key": key}
        self._variant = variant

    async def converse(self, websocket: WebSocket) -> None:
        """Until the client goes away."""
        await websocket.accept()
        params = FastAPIWebsocketParams(audio_in_enabled=True, audio_out_enabled=True, serializer=RawAudio())
        transport = FastAPIWebsocketTransport(websocket, params)
        session_id = secrets.token_hex(8)
        worker = self._worker(transport, session_id)

        async def greet(*_: object) -> None:
            await websocket.send_json({"type": "session", "id": session_id})

        async def leave(*_: object) -> None:
            await worker.cancel()

        transport.add_event_handler("on_client_connected", greet)
        transport.add_event_handler("on_client_disconnected", leave)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()

    def _worker(self, transport: FastAPIWebsocketTransport, session_id: str) -> PipelineWorker:
        hearing = OpenAISTTService(**self._to_vendor)
        settings = OpenAILLMService.Settings(model=MODEL, system_instruction=INSTRUCTIONS)
        model = OpenAILLMService(settings=settings, **self._to_vendor)
        voice = OpenAITTSService(**self._to_vendor)
        for service in (hearing, model, voice):
            # No constructor of all three takes headers.
            service._client = service._client.with_options(default_headers={"X-Session-Id": session_id})
        user, assistant = LLMContextAggregatorPair(LLMContext(), user_params=turn_detection(self._variant))
        parts = [transport.input(), hearing, user, model, voice, transport.output(), assistant]
        return PipelineWorker(Pipeline(parts), enable_rtvi=False)


def main() -> None:
    """Serve on a free port, and say which, until interrupted."""
    conversations = Conversations(*sys.argv[1:4])
    app = FastAPI()
    app.add_api_websocket_route("/", conversations.converse)
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"ws://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(app, log_level="warning", ws_per_message_deflate=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
