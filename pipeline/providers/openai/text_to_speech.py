"""Speech, clause by clause."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import numpy as np
from openai import AsyncOpenAI, Omit, omit

from pipeline.audio import OUTPUT_RATE, SILENCE, Samples
from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import SpeechChunk, SpokenText, VoiceOptions
from pipeline.providers.openai.errors import openai_errors

WHAT = "OpenAI's speech"
VOICES = frozenset(
    ("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse")
)
CLAUSES_AHEAD = 2
"""Clauses that are asked for beside the one that is being said."""
CHUNK_BYTES = 9_600
"""0.2 s at 24 kHz: the largest piece that is given at once."""
CHUNKS_AHEAD = 500
"""Pieces of one clause that may wait until the clauses before it are said: at most 100 s, usually a few."""
SLOWEST, FASTEST = 0.25, 4.0

Piece = bytes | Exception | None
"""Audio, or why there is no more, or the end."""


class OpenAITextToSpeech:
    """Speaks by `POST /audio/speech`, one request for each clause. Satisfies `TextToSpeech`.

    The next clauses are asked for while one is being said. The vendor does not tell when a word is heard, so the
    pieces of text are whole clauses, each followed by an empty one that tells where it ends.
    """

    name = "openai"

    def __init__(
        self,
        client: AsyncOpenAI,
        model: str = "gpt-4o-mini-tts",
        voice: str = "marin",
        voices: frozenset[str] = VOICES,
    ) -> None:
        """`voices` are those that a conversation may ask for; for any other name `voice` speaks."""
        self._client = client
        self._model = model
        self._voice = voice
        self._voices = voices

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """Say clauses while later ones are still being written. Raises ProviderError."""
        waiting: asyncio.Queue[_Clause | Exception | None] = asyncio.Queue(CLAUSES_AHEAD)
        asking = asyncio.create_task(self._ask(clauses, options, waiting))
        said = 0
        try:
            while (clause := await waiting.get()) is not None:
                if isinstance(clause, Exception):
                    raise clause
                text: tuple[SpokenText, ...] = (SpokenText(clause.text, said / OUTPUT_RATE, None),)
                async with contextlib.aclosing(clause.samples()) as audio:
                    async for samples in audio:
                        said += len(samples)
                        yield SpeechChunk(samples, text)
                        text = ()
                # Nobody else says where the clause ends, and another voice can go on only where that is known.
                yield SpeechChunk(SILENCE, (*text, SpokenText("", said / OUTPUT_RATE, said / OUTPUT_RATE)))
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(
        self,
        clauses: AsyncIterator[str],
        options: VoiceOptions,
        waiting: "asyncio.Queue[_Clause | Exception | None]",
    ) -> None:
        """Ask for each clause as soon as it is written and there is room for it."""
        async with asyncio.TaskGroup() as requests:
            end = None
            try:
                async for text in clauses:
                    clause = _Clause(text)
                    await waiting.put(clause)
                    requests.create_task(self._fetch(clause, options))
            except Exception as error:
                # The writer of the clauses failed. What it wrote before is said first.
                end = error
            await waiting.put(end)

    async def _fetch(self, clause: "_Clause", options: VoiceOptions) -> None:
        """Ask for the audio of one clause. A failure waits for its turn like audio, behind the clauses before."""
        try:
            if clause.has_words:
                with openai_errors(WHAT):
                    await self._stream(clause, options)
        except Exception as error:
            await clause.put(error)
        else:
            await clause.put(None)

    async def _stream(self, clause: "_Clause", options: VoiceOptions) -> None:
        voice = options.voice if options.voice in self._voices else self._voice
        speed: float | Omit = omit if options.speed == 1.0 else min(max(options.speed, SLOWEST), FASTEST)
        async with self._client.audio.speech.with_streaming_response.create(
            input=clause.text.strip(),
            model=self._model,
            voice=voice or self._voice,
            response_format="pcm",
            speed=speed,
            extra_headers={"X-Session-Id": options.session_id},
        ) as response:
            if response.headers.get("content-type", "").startswith(("application/json", "text/")):
                raise ProviderUnavailable(f"{WHAT} answered with text instead of audio. Check OPENAI_BASE_URL.")
            async for audio in response.iter_bytes():
                for start in range(0, len(audio), CHUNK_BYTES):
                    await clause.put(audio[start : start + CHUNK_BYTES])


class _Clause:
    """A clause and its audio, as far as it has come."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue(CHUNKS_AHEAD)

    @property
    def has_words(self) -> bool:
        return any(character.isalnum() for character in self.text)

    async def put(self, piece: Piece) -> None:
        await self._pieces.put(piece)

    async def samples(self) -> AsyncGenerator[Samples, None]:
        """The audio in order. A sample may be cut in two where one piece ends."""
        rest = b""
        is_silent = True
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            whole = len(rest) + len(piece) & ~1
            audio, rest = (rest + piece)[:whole], (rest + piece)[whole:]
            if audio:
                is_silent = False
                yield np.frombuffer(audio, dtype="<i2")
        if is_silent and self.has_words:
            raise ProviderUnavailable(f"{WHAT} has no sound. Try again.")
