"""Transcription: of whole utterances by request, and while they are spoken by socket."""

import asyncio
import base64
import contextlib
import io
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import numpy as np
import soundfile
import websockets
from openai import AsyncOpenAI, AsyncStream, Omit, omit
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.audio import Transcription
from openai.types.realtime import (
    ConversationItemInputAudioTranscriptionCompletedEvent,
    ConversationItemInputAudioTranscriptionDeltaEvent,
    ConversationItemInputAudioTranscriptionFailedEvent,
    RealtimeErrorEvent,
)

from pipeline.audio import FRAME_SECONDS, INPUT_RATE, OUTPUT_RATE, AudioFrame, Resampler, Samples
from pipeline.errors import ProviderError, ProviderUnavailable
from pipeline.providers.duplex import received_while
from pipeline.providers.interfaces import Transcript, TranscriptionOptions
from pipeline.providers.openai.errors import openai_errors

WHAT = "OpenAI's transcription"
SHORTEST_SECONDS = 0.1
"""Less audio than this is refused."""
END_SECONDS = 0.1
"""How long the end of an answer may take after its last words; usually it comes with them."""
SOCKET: Any = {"open_timeout": 5, "close_timeout": 0, "max_size": 1 << 20}
"""The farewell is sent, but nobody waits for the answer to it."""


class OpenAITranscription:
    """Transcribes by `POST /audio/transcriptions` when the utterance is over. Satisfies `SpeechToText`.

    The words of OpenAI's `gpt-…` models come one by one; `whisper-1` and self-hosted servers give them all at once.
    """

    name = "openai"

    def __init__(self, client: AsyncOpenAI, model: str = "gpt-transcribe") -> None:
        self._client = client
        self._model = model

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Transcribe one utterance. Raises ProviderError."""
        frames = [frame.samples async for frame in audio]
        if len(frames) * FRAME_SECONDS < SHORTEST_SECONDS:
            yield Transcript("", is_final=True)
            return
        request = self._request(np.concatenate(frames), options)
        if not self._model.startswith("gpt-"):
            with openai_errors(WHAT):
                answer = await self._client.audio.transcriptions.create(**request, response_format="json")
                if not isinstance(answer, Transcription):
                    raise ProviderUnavailable(f"{WHAT} answered with something else. Check OPENAI_BASE_URL.")
                text = answer.text.strip()
            yield Transcript(text, is_final=True)
            return
        text = ""
        with openai_errors(WHAT):
            stream = await self._client.audio.transcriptions.create(**request, stream=True)
            async with stream:
                async for event in stream:
                    if event.type == "transcript.text.done":
                        await _read_to_the_end(stream)
                        yield Transcript(event.text.strip(), is_final=True)
                        return
                    if event.type == "transcript.text.delta":
                        text += event.delta
                        yield Transcript(text.strip(), is_final=False)
            raise ProviderUnavailable(f"{WHAT} broke off before the end. Try again.")

    def _request(self, samples: Samples, options: TranscriptionOptions) -> dict[str, Any]:
        file = io.BytesIO()
        soundfile.write(file, samples, INPUT_RATE, format="WAV", subtype="PCM_16")
        language: str | Omit = options.language or omit
        prompt: str | Omit = options.prompt or omit
        return {
            "file": ("utterance.wav", file.getvalue(), "audio/wav"),
            "model": self._model,
            "language": language,
            "prompt": prompt,
            "extra_headers": {"X-Session-Id": options.session_id},
        }


class OpenAIRealtimeTranscription:
    """Transcribes by the realtime socket while the utterance is spoken. Satisfies `SpeechToText`.

    The socket is opened at the first frame; the frames that come meanwhile wait where they come from. Its words are
    there when the speech ends, at the price of a socket for each utterance.
    """

    name = "openai-realtime"

    def __init__(self, client: AsyncOpenAI, model: str = "gpt-live-transcribe") -> None:
        self._client = client
        self._model = model

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Transcribe one utterance. Raises ProviderError."""
        first = await anext(audio, None)
        if first is None:
            yield Transcript("", is_final=True)
            return
        text = ""
        with openai_errors(WHAT):
            async with (
                self._client.realtime.connect(
                    extra_query={"intent": "transcription"},
                    extra_headers={"X-Session-Id": options.session_id},
                    websocket_connection_options=SOCKET,
                ) as socket,
                contextlib.aclosing(received_while(self._send(socket, first, audio, options), socket.recv)) as events,
            ):
                async for event in events:
                    match event:
                        case ConversationItemInputAudioTranscriptionCompletedEvent():
                            yield Transcript(event.transcript.strip(), is_final=True)
                            return
                        case ConversationItemInputAudioTranscriptionDeltaEvent() if event.delta:
                            text += event.delta
                            yield Transcript(text.strip(), is_final=False)
                        case RealtimeErrorEvent() | ConversationItemInputAudioTranscriptionFailedEvent():
                            raise ProviderUnavailable(f"{WHAT} failed: {event.error.message}")

    async def _send(
        self,
        socket: AsyncRealtimeConnection,
        first: AudioFrame,
        audio: AsyncIterator[AudioFrame],
        options: TranscriptionOptions,
    ) -> None:
        resampler = Resampler(INPUT_RATE, OUTPUT_RATE)
        # When the vendor closes the socket, the receiving side learns it too, behind the event that says why.
        with contextlib.suppress(websockets.ConnectionClosed):
            await socket.session.update(session=self._session(options))
            await _append(socket, resampler.push(first.samples))
            count = 1
            async for frame in audio:
                await _append(socket, resampler.push(frame.samples))
                count += 1
            missing = max(0, round((SHORTEST_SECONDS - count * FRAME_SECONDS) * OUTPUT_RATE))
            await _append(socket, np.concatenate((resampler.flush(), np.zeros(missing, dtype=np.int16))))
            await socket.input_audio_buffer.commit()

    def _session(self, options: TranscriptionOptions) -> Any:
        transcription = {"model": self._model}
        if options.language:
            transcription["language"] = options.language
        if options.prompt and self._model != "gpt-realtime-whisper":
            transcription["prompt"] = options.prompt
        heard = {
            "format": {"type": "audio/pcm", "rate": OUTPUT_RATE},
            "transcription": transcription,
            "turn_detection": None,
        }
        return {"type": "transcription", "audio": {"input": heard}}


async def _read_to_the_end(stream: AsyncStream[Any]) -> None:
    """Read what follows the last words, or the connection could not be used for the next utterance."""
    # The words are there: a connection that does not end well is closed, and no more is lost than that.
    with contextlib.suppress(ProviderError), openai_errors(WHAT):
        async with asyncio.timeout(END_SECONDS):
            async for _ in stream:
                pass


async def _append(socket: AsyncRealtimeConnection, samples: Samples) -> None:
    if len(samples):
        await socket.input_audio_buffer.append(audio=base64.b64encode(samples.tobytes()).decode())
