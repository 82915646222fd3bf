"""Transcription by the realtime socket, while the utterance is spoken."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import websockets

from pipeline.audio import FRAME_SECONDS, INPUT_RATE, AudioFrame
from pipeline.providers.duplex import received_while
from pipeline.providers.elevenlabs.errors import elevenlabs_errors, readable, refused
from pipeline.providers.elevenlabs.socket import JsonSocket, connected
from pipeline.providers.interfaces import Transcript, TranscriptionOptions

WHAT = "ElevenLabs' transcription"
PATH = "/v1/speech-to-text/realtime"
SHORTEST_SECONDS = 0.4
"""A commit of less than 0.3 s is ignored; the difference is filled with silence."""


class ElevenLabsSpeechToText:
    """Transcribes by one socket for each utterance. Satisfies `SpeechToText`.

    The socket is opened at the first frame; the frames that come meanwhile wait where they come from.
    """

    name = "elevenlabs"

    def __init__(
        self, api_key: str, base_url: str = "wss://api.elevenlabs.io", model: str = "scribe_v2_realtime"
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._model = model

    async def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Transcribe one utterance. Raises ProviderError."""
        first = await anext(audio, None)
        if first is None:
            yield Transcript("", is_final=True)
            return
        query = {"model_id": self._model, "audio_format": f"pcm_{INPUT_RATE}", "commit_strategy": "manual"}
        if options.language:
            query["language_code"] = options.language
        with elevenlabs_errors(WHAT):
            async with connected(self._base_url, PATH, query, self._api_key, options.session_id) as socket:
                everything_sent = asyncio.Event()
                earlier = ""
                sending = _send(socket, first, audio, options.prompt, everything_sent)
                async with contextlib.aclosing(received_while(sending, socket.receive)) as messages:
                    async for message in messages:
                        with readable(WHAT):
                            transcript = _transcript(message)
                        if transcript is None:
                            continue
                        text = f"{earlier} {transcript.text}".strip()
                        is_final = transcript.is_final and everything_sent.is_set()
                        yield Transcript(text, is_final=is_final)
                        if is_final:
                            return
                        if transcript.is_final:
                            # The vendor commits by itself what gets too long; the user is still speaking.
                            earlier = text


async def _send(
    socket: JsonSocket,
    first: AudioFrame,
    audio: AsyncIterator[AudioFrame],
    prompt: str,
    everything_sent: asyncio.Event,
) -> None:
    # When the vendor closes the socket, the receiving side learns it too, behind the message that says why.
    with contextlib.suppress(websockets.ConnectionClosed):
        context = {"previous_text": prompt} if prompt else {}
        await socket.send(_message(first.samples.tobytes()) | context)
        count = 1
        async for frame in audio:
            await socket.send(_message(frame.samples.tobytes()))
            count += 1
        missing = max(0, round((SHORTEST_SECONDS - count * FRAME_SECONDS) * INPUT_RATE))
        everything_sent.set()
        await socket.send(_message(bytes(2 * missing)) | {"commit": True})


def _message(audio: bytes) -> dict[str, object]:
    return {
        "message_type": "input_audio_chunk",
        "audio_base_64": base64.b64encode(audio).decode(),
        "commit": False,
        "sample_rate": INPUT_RATE,
    }


def _transcript(message: dict[str, Any]) -> Transcript | None:
    match message.get("message_type"):
        case "partial_transcript":
            text = message["text"].strip()
            return Transcript(text, is_final=False) if text else None
        case "committed_transcript":
            return Transcript(message["text"].strip(), is_final=True)
        case kind if "error" in message:
            raise refused(WHAT, str(kind), str(message["error"]))
        case _:
            return None
