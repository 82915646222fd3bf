"""Transcription by the realtime socket, while the utterance is spoken."""

import base64
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import websockets

from pipeline.audio import INPUT_RATE, AudioFrame
from pipeline.providers.divided_speech import DividedSpeech, Piece
from pipeline.providers.duplex import received_while
from pipeline.providers.elevenlabs.errors import elevenlabs_errors, readable, refused
from pipeline.providers.elevenlabs.socket import JsonSocket, connected
from pipeline.providers.interfaces import Transcript, TranscriptionOptions

WHAT = "ElevenLabs' transcription"
PATH = "/v1/speech-to-text/realtime"
COMMITTED = "committed_transcript"
SHORTEST_SECONDS = 0.4
"""A commit of less than 0.3 s is ignored; the difference is filled with silence."""


class ElevenLabsSpeechToText:
    """Transcribes by one socket for each utterance. Satisfies `SpeechToText`.

    The socket is opened at the first frame; the frames that come meanwhile wait where they come from. Where the
    utterance may be over it is committed, which the vendor recommends at pauses, for it keeps the context.
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
        speech = DividedSpeech(SHORTEST_SECONDS)
        with elevenlabs_errors(WHAT):
            async with connected(self._base_url, PATH, query, self._api_key, options.session_id) as socket:
                sending = _send(socket, first, audio, options.prompt, speech)
                async with contextlib.aclosing(received_while(sending, socket.receive)) as messages:
                    part = 0
                    async for message in messages:
                        with readable(WHAT):
                            transcript = _transcript(message, speech, str(part))
                        if transcript is None:
                            continue
                        part += message["message_type"] == COMMITTED
                        yield transcript
                        if transcript.is_final:
                            return
        yield Transcript(speech.text, is_final=True)


async def _send(
    socket: JsonSocket, first: AudioFrame, audio: AsyncIterator[AudioFrame], prompt: str, speech: DividedSpeech
) -> bool:
    """Send the utterance; give whether everything is answered."""
    # When the vendor closes the socket, the receiving side learns it too, behind the message that says why.
    with contextlib.suppress(websockets.ConnectionClosed):
        async with contextlib.aclosing(speech.pieces(first, audio)) as pieces:
            context = {"previous_text": prompt} if prompt else {}
            async for piece in pieces:
                await socket.send(_message(piece) | context)
                context = {}  # It is taken with the first piece only.
    return speech.is_complete


def _message(piece: Piece) -> dict[str, object]:
    return {
        "message_type": "input_audio_chunk",
        "audio_base_64": base64.b64encode(piece.samples.tobytes()).decode(),
        "commit": piece.commit,
        "sample_rate": INPUT_RATE,
    }


def _transcript(message: dict[str, Any], speech: DividedSpeech, part: str) -> Transcript | None:
    match message.get("message_type"):
        case "partial_transcript":
            return speech.show(part, message["text"]) if message["text"].strip() else None
        case kind if kind == COMMITTED:
            return speech.answer(part, message["text"])
        case kind if "error" in message:
            raise refused(WHAT, str(kind), str(message["error"]))
        case _:
            return None
