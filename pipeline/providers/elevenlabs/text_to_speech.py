"""Speech by the `stream-input` socket: text in and audio out at the same time."""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import websockets

from pipeline.audio import OUTPUT_RATE, SILENCE, Samples
from pipeline.errors import ProviderUnavailable
from pipeline.providers.duplex import received_while
from pipeline.providers.elevenlabs.alignment import Alignment
from pipeline.providers.elevenlabs.errors import elevenlabs_errors, readable, refused
from pipeline.providers.elevenlabs.socket import JsonSocket, connected
from pipeline.providers.interfaces import SpeechChunk, SpokenText, VoiceOptions

WHAT = "ElevenLabs' speech"
RACHEL = "21m00Tcm4TlvDq8ikWAM"
VOICES: Mapping[str, str] = MappingProxyType({"rachel": RACHEL})
VOICE_ID = re.compile(r"[A-Za-z0-9]{20}")
INACTIVITY_SECONDS = 180
"""How long the vendor waits for text: its longest. The model may call functions before it writes on."""
SLOWEST, FASTEST = 0.7, 1.2


class ElevenLabsTextToSpeech:
    """Speaks by one socket for each reply. Satisfies `TextToSpeech`.

    The socket is opened at once, while the model still writes the first clause. The vendor tells when each character
    is heard, so the pieces of text are words.
    """

    name = "elevenlabs"

    def __init__(
        self,
        api_key: str,
        base_url: str = "wss://api.elevenlabs.io",
        model: str = "eleven_flash_v2_5",
        voice_id: str = RACHEL,
        voices: Mapping[str, str] = VOICES,
    ) -> None:
        """`voices` are ids by names in lower case. A conversation may ask for a name or for an id."""
        self._api_key = api_key
        self._base_url = base_url
        self._model = model
        self._voice_id = voice_id
        self._voices = voices

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """Say clauses while later ones are still being written. Raises ProviderError."""
        path = f"/v1/text-to-speech/{self._voice(options.voice)}/stream-input"
        alignment = Alignment()
        audio = _Audio()
        with elevenlabs_errors(WHAT):
            async with connected(
                self._base_url, path, self._query(options), self._api_key, options.session_id
            ) as socket:
                everything_sent = asyncio.Event()
                sending = _write(socket, clauses, options, alignment, everything_sent)
                async with contextlib.aclosing(received_while(sending, socket.receive)) as messages:
                    async for message in messages:
                        if "error" in message:
                            raise refused(WHAT, str(message["error"]), str(message.get("message") or message["error"]))
                        with readable(WHAT):
                            chunk = _chunk(message, alignment, audio)
                        if chunk:
                            yield chunk
                        # One that comes earlier ends what was flushed, not the speech.
                        if message.get("isFinal") and everything_sent.is_set():
                            break
            rest = alignment.rest()
            if not audio.seconds and any(map(_has_words, rest)):
                raise ProviderUnavailable(f"{WHAT} has no sound. Try again.")
        if rest:
            yield SpeechChunk(SILENCE, rest)

    def _voice(self, wanted: str | None) -> str:
        if wanted is None:
            return self._voice_id
        if VOICE_ID.fullmatch(wanted):
            return wanted
        return self._voices.get(wanted.lower(), self._voice_id)

    def _query(self, options: VoiceOptions) -> dict[str, str]:
        query = {
            "model_id": self._model,
            "output_format": f"pcm_{OUTPUT_RATE}",
            "sync_alignment": "true",
            "inactivity_timeout": str(INACTIVITY_SECONDS),
        }
        if options.language and self._model.endswith("_v2_5"):
            query["language_code"] = options.language
        return query


class _Audio:
    """The audio of one speech. A sample may be cut in two where one message ends."""

    def __init__(self) -> None:
        self._rest = b""
        self.seconds = 0.0
        """How much came so far."""

    def push(self, message: str) -> Samples:
        audio = self._rest + base64.b64decode(message, validate=True)
        whole = len(audio) & ~1
        self._rest = audio[whole:]
        self.seconds += whole / 2 / OUTPUT_RATE
        return np.frombuffer(audio[:whole], dtype="<i2")


async def _write(
    socket: JsonSocket,
    clauses: AsyncIterator[str],
    options: VoiceOptions,
    alignment: Alignment,
    everything_sent: asyncio.Event,
) -> None:
    # When the vendor closes the socket, the receiving side learns it too, behind the message that says why.
    with contextlib.suppress(websockets.ConnectionClosed):
        speed = min(max(options.speed, SLOWEST), FASTEST)
        await socket.send({"text": " ", "voice_settings": {"speed": speed}})
        async for clause in clauses:
            alignment.write(clause)
            if clause.strip():
                # Without a space at its end, the vendor takes the last word for the beginning of a longer one.
                await socket.send({"text": f"{clause.strip()} ", "flush": True})
        everything_sent.set()
        await socket.send({"text": ""})


def _chunk(message: Mapping[str, Any], alignment: Alignment, audio: _Audio) -> SpeechChunk | None:
    before = audio.seconds
    samples = audio.push(message["audio"]) if message.get("audio") else SILENCE
    told = message.get("alignment") or message.get("normalizedAlignment") or {}
    starts = [milliseconds / 1000 for milliseconds in told.get("charStartTimesMs") or ()]
    durations = [milliseconds / 1000 for milliseconds in told.get("charDurationsMs") or ()]
    spoken = alignment.push(told.get("chars") or (), starts, before, durations)
    if spoken and alignment.is_between_words(audio.seconds):
        spoken = (*spoken, SpokenText("", audio.seconds, audio.seconds))
    return SpeechChunk(samples, spoken) if len(samples) or spoken else None


def _has_words(piece: SpokenText) -> bool:
    return any(character.isalnum() for character in piece.text)
