"""A voice without a key or a network: eSpeak NG, in more than a hundred languages, plain but instant."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Any, Self

import numpy as np

from pipeline.audio import OUTPUT_RATE, Resampler, Samples
from pipeline.errors import ProviderUnavailable, UnsupportedLanguage
from pipeline.providers.embedded.word_timing import cut_text, time_words
from pipeline.providers.embedded.worker_frames import Frame
from pipeline.providers.embedded.worker_process import WorkerProcess
from pipeline.providers.interfaces import SpeechChunk, SpokenText, VoiceOptions

DEADLINE_SECONDS = 10.0
"""For a piece of text that takes milliseconds: eSpeak NG hangs."""
MAX_PIECE_CHARACTERS = 200
"""Text that is synthesised at once: some 13 s of speech, so that one long text does not keep others waiting."""
CHUNK_SECONDS = 0.15
WORDS_PER_MINUTE = 170
SLOWEST, FASTEST = 80, 450
"""Words per minute that eSpeak NG can speak."""
AUDIBLE = 100
"""Below this a sample at the edge of a clause is silence."""
EDGE_SECONDS = 0.01
"""Silence that stays there."""
PAUSES_SECONDS = {".": 0.28, "!": 0.28, "?": 0.28, "…": 0.28, ":": 0.2, ";": 0.2, ",": 0.13}
"""Between two clauses, by the character that ends the first; eSpeak NG makes none after the last word of a text."""
PAUSE_SECONDS = 0.05


class EmbeddedTextToSpeech:
    """Text to speech in a process of its own."""

    name = "embedded"

    def __init__(self) -> None:
        self._worker = WorkerProcess("pipeline.providers.embedded.synthesiser")

    async def __aenter__(self) -> Self:
        """Start it. Raises ProviderUnavailable if that fails."""
        await self._worker.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._worker.__aexit__()

    @property
    def process_id(self) -> int | None:
        """Of the process that speaks; None while it is being started again."""
        return self._worker.process_id

    async def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """See TextToSpeech. Raises UnsupportedLanguage for a language that eSpeak NG does not know.

        A voice is a name of eSpeak NG's in the wanted language, such as `en-gb-x-rp` or `it+f2`; others are ignored.
        """
        said, pause_seconds = 0, 0.0
        async for clause in clauses:
            for piece in cut_text(clause, MAX_PIECE_CHARACTERS):
                samples, words = await self._synthesise(piece, options)
                if len(samples):
                    samples = np.concatenate((_silence(pause_seconds), samples))
                    words = [(character, pause_seconds + begin) for character, begin in words]
                    last = piece.rstrip(" \n\t\"')»”")[-1:]
                    pause_seconds = PAUSES_SECONDS.get(last, PAUSE_SECONDS)
                # Counted in samples: a sum of seconds would drift away from the audio that it tells of.
                seconds = said / OUTPUT_RATE
                said += len(samples)
                heard = [(character, seconds + begin) for character, begin in words]
                spoken = time_words(piece, heard, seconds, said / OUTPUT_RATE)
                for chunk in _chunks(samples, spoken, seconds):
                    yield chunk

    async def _synthesise(self, text: str, options: VoiceOptions) -> tuple[Samples, Sequence[tuple[int, float]]]:
        """Samples at 24 kHz without the silence around them, and the characters and seconds at which words begin."""
        payload = {
            # Same length, so that positions stay true: what UTF-8 or a C string cannot hold is silent.
            "text": "".join(" " if _is_unspeakable(character) else character for character in text),
            "language": (options.language or "en").lower().partition("-")[0],
            "voice": options.voice,
            "words_per_minute": round(min(max(WORDS_PER_MINUTE * options.speed, SLOWEST), FASTEST)),
        }
        try:
            answer = await self._ask(payload)
        except ProviderUnavailable as error:
            if error.code == "unsupported_language":
                raise UnsupportedLanguage(error.message) from error
            raise
        rate = answer.header["rate"]
        samples = np.frombuffer(answer.body, dtype=np.int16)
        first, last = _audible(samples, rate)
        words = [(character, max(sample - first, 0) / rate) for character, sample in answer.header["words"]]
        return _resample(samples[first:last], rate), words

    async def _ask(self, payload: dict[str, Any]) -> Frame:
        async with contextlib.aclosing(self._worker.stream(payload, timeout_seconds=DEADLINE_SECONDS)) as answers:
            async for answer in answers:
                return answer
        raise ProviderUnavailable("The embedded voice gave no answer.")


def _is_unspeakable(character: str) -> bool:
    return ord(character) < 32 or 0x7F <= ord(character) < 0xA0 or 0xD800 <= ord(character) < 0xE000


def _audible(samples: Samples, rate: int) -> tuple[int, int]:
    """The range that is not silence, with a little of it on both sides."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE)
    if not len(loud):
        return 0, 0
    edge = round(EDGE_SECONDS * rate)
    return max(0, int(loud[0]) - edge), min(len(samples), int(loud[-1]) + edge)


def _resample(samples: Samples, rate: int) -> Samples:
    resampler = Resampler(rate, OUTPUT_RATE)
    return np.concatenate((resampler.push(samples), resampler.flush()))


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * OUTPUT_RATE), dtype=np.int16)


def _chunks(samples: Samples, spoken: Sequence[SpokenText], start_seconds: float) -> Iterator[SpeechChunk]:
    """Cut speech into short chunks, each with the words that begin in it."""
    size = round(CHUNK_SECONDS * OUTPUT_RATE)
    waiting = list(spoken)
    for start in range(0, max(len(samples), 1), size):
        end_seconds = start_seconds + (start + size) / OUTPUT_RATE
        is_last = start + size >= len(samples)
        count = len(waiting) if is_last else sum(word.start_seconds < end_seconds for word in waiting)
        yield SpeechChunk(samples[start : start + size], tuple(waiting[:count]))
        del waiting[:count]
