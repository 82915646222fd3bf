"""Transcription: of whole utterances by request, and while they are spoken by socket."""

import asyncio
import base64
import contextlib
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
import websockets
from openai import AsyncOpenAI, AsyncStream, Omit, omit
from openai.types.audio import Transcription

from pipeline.audio import FRAME_SECONDS, INPUT_RATE, OUTPUT_RATE, AudioFrame, Resampler, Samples
from pipeline.errors import ProviderError, ProviderUnavailable
from pipeline.providers import certificates
from pipeline.providers.divided_speech import DividedSpeech
from pipeline.providers.duplex import received_while
from pipeline.providers.interfaces import Transcript, TranscriptionOptions
from pipeline.providers.openai.errors import openai_errors
from pipeline.providers.transcription_requests import TranscriptionRequests

if TYPE_CHECKING:
    # The SDK takes a tenth of a second to import them, and whoever transcribes by request does not need them.
    from openai.resources.realtime.realtime import AsyncRealtimeConnection
    from openai.types.realtime import RealtimeServerEvent

WHAT = "OpenAI's transcription"
SHORTEST_SECONDS = 0.1
"""Less audio than this is refused."""
SHORTEST_COMMIT_SECONDS = 0.12
"""The same with what the resampler holds back of it."""
END_SECONDS = 0.1
"""How long the end of an answer may take after its last words; usually it comes with them."""
SOCKET: Any = {"open_timeout": 5, "close_timeout": 0, "max_size": 1 << 20}
"""The farewell is sent, but nobody waits for the answer to it."""


class OpenAITranscription:
    """Transcribes by `POST /audio/transcriptions` when the utterance is or may be over. Satisfies `SpeechToText`.

    The words of OpenAI's `gpt-…` models come one by one; `whisper-1` and self-hosted servers give them all at once.
    """

    name = "openai"

    def __init__(self, client: AsyncOpenAI, model: str = "gpt-transcribe") -> None:
        self._client = client
        self._model = model
        self._endings: set[asyncio.Task[None]] = set()

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Transcribe one utterance. Raises ProviderError."""
        requests = TranscriptionRequests(lambda frames: self._words(frames, options, requests.show))
        async with contextlib.aclosing(requests.transcripts(audio)) as transcripts:
            async for transcript in transcripts:
                yield transcript

    async def _words(
        self, frames: Sequence[AudioFrame], options: TranscriptionOptions, show: Callable[[str], None]
    ) -> str:
        if len(frames) * FRAME_SECONDS < SHORTEST_SECONDS:
            return ""
        request = self._request(np.concatenate([frame.samples for frame in frames]), options)
        with openai_errors(WHAT):
            if self._model.startswith("gpt-"):
                return await self._streamed(request, show)
            answer = await self._client.audio.transcriptions.create(**request, response_format="json")
            if not isinstance(answer, Transcription):
                raise ProviderUnavailable(f"{WHAT} answered with something else. Check OPENAI_BASE_URL.")
            return answer.text.strip()

    async def _streamed(self, request: dict[str, Any], show: Callable[[str], None]) -> str:
        text = ""
        async with contextlib.AsyncExitStack() as until_read:
            stream = await until_read.enter_async_context(
                await self._client.audio.transcriptions.create(**request, stream=True)
            )
            async for event in stream:
                if event.type == "transcript.text.done":
                    self._end(stream, until_read.pop_all())
                    return str(event.text).strip()
                if event.type == "transcript.text.delta":
                    text += event.delta
                    show(text.strip())
        raise ProviderUnavailable(f"{WHAT} broke off before the end. Try again.")

    def _end(self, stream: AsyncStream[Any], until_read: contextlib.AsyncExitStack) -> None:
        """Nobody waits for what follows the last words, nor is it lost if nobody is left to wait."""
        ending = asyncio.create_task(_read_to_the_end(stream, until_read))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)

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
    there when the speech ends, at the price of a socket for each utterance. Where the utterance may be over it is
    committed; what is said afterwards is another item to the vendor.
    """

    name = "openai-realtime"

    def __init__(self, client: AsyncOpenAI, model: str = "gpt-live-transcribe") -> None:
        self._client = client
        self._model = model
        self._socket = SOCKET | ({"ssl": certificates.trusted()} if client.base_url.scheme == "https" else {})
        # The SDK imports it now, and not in somebody's turn.
        _ = client.realtime

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Transcribe one utterance. Raises ProviderError."""
        first = await anext(audio, None)
        if first is None:
            yield Transcript("", is_final=True)
            return
        speech = DividedSpeech(SHORTEST_COMMIT_SECONDS)
        with openai_errors(WHAT):
            async with (
                self._client.realtime.connect(
                    extra_query={"intent": "transcription"},
                    extra_headers={"X-Session-Id": options.session_id},
                    websocket_connection_options=self._socket,
                ) as socket,
                contextlib.aclosing(
                    received_while(self._send(socket, first, audio, options, speech), socket.recv)
                ) as events,
            ):
                async for event in events:
                    transcript = _transcript(event, speech)
                    if transcript is not None:
                        yield transcript
                        if transcript.is_final:
                            return
        yield Transcript(speech.text, is_final=True)

    async def _send(
        self,
        socket: "AsyncRealtimeConnection",
        first: AudioFrame,
        audio: AsyncIterator[AudioFrame],
        options: TranscriptionOptions,
        speech: DividedSpeech,
    ) -> bool:
        """Send the utterance; give whether everything is answered."""
        resampler = Resampler(INPUT_RATE, OUTPUT_RATE)
        # When the vendor closes the socket, the receiving side learns it too, behind the event that says why.
        with contextlib.suppress(websockets.ConnectionClosed):
            await socket.session.update(session=self._session(options))
            async with contextlib.aclosing(speech.pieces(first, audio)) as pieces:
                async for piece in pieces:
                    await _append(socket, resampler.push(piece.samples))
                    if piece.commit:
                        await socket.input_audio_buffer.commit()
        return speech.is_complete

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


async def _read_to_the_end(stream: AsyncStream[Any], until_read: contextlib.AsyncExitStack) -> None:
    """Read what follows the last words, or the connection could not be used for the next utterance."""
    # The words are there: a connection that does not end well is closed, and no more is lost than that.
    with contextlib.suppress(ProviderError), openai_errors(WHAT):
        async with until_read, asyncio.timeout(END_SECONDS):
            async for _ in stream:
                pass


async def _append(socket: "AsyncRealtimeConnection", samples: Samples) -> None:
    if len(samples):
        await socket.input_audio_buffer.append(audio=base64.b64encode(samples.tobytes()).decode())


def _transcript(event: "RealtimeServerEvent", speech: DividedSpeech) -> Transcript | None:
    """What an event says. The words of a later part may be known first, but parts are committed in order."""
    if not hasattr(event, "type"):
        # The SDK does not check what it reads: this is no event.
        return None
    if event.type == "input_audio_buffer.committed":
        speech.begin(event.item_id)
    elif event.type == "conversation.item.input_audio_transcription.completed":
        return speech.answer(event.item_id, event.transcript)
    elif event.type == "conversation.item.input_audio_transcription.delta" and event.delta:
        return speech.show_more(event.item_id, event.delta)
    elif event.type in ("error", "conversation.item.input_audio_transcription.failed"):
        raise ProviderUnavailable(f"{WHAT} failed: {event.error.message}")
    return None
