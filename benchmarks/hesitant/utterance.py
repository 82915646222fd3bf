"""A sentence as sound: spoken by eSpeak NG, its pauses put in to the sample, in a room that is not quite silent."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import soxr

from benchmarks.hesitant.sentence import Sentence
from pipeline.audio import INPUT_RATE, OUTPUT_RATE, Samples
from pipeline.providers.embedded.text_to_speech import EmbeddedTextToSpeech
from pipeline.providers.interfaces import SpokenText, VoiceOptions

BEFORE_SECONDS = 0.5
TAIL_SECONDS = 3.5
"""Room behind the speech: longer than anybody waits."""
ROOM_LEVEL = 15.0
"""Amplitude (root mean square) of the room: -67 dB below full scale."""
VOICE_GAIN = 0.5
VOICES = {
    "en": ("en-us", "en-gb-x-rp", "en-us+f3", "en-gb-x-rp+m4", "en-us+m7", "en-gb-x-rp+f2"),
    "it": ("it", "it+f2", "it+m3", "it+f4", "it+m7"),
}
SPEEDS = (1.0, 0.85, 1.15, 0.95)


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word and when it is said, in seconds from the first sample."""

    text: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class HesitantUtterance:
    """One utterance; times are seconds from its first sample."""

    name: str
    language: str
    """ISO 639-1."""
    kind: str
    """See benchmarks.hesitant.sentence.KINDS; or "recording"."""
    asked: str
    """What the assistant said before; empty: nothing."""
    text: str
    """As it is written, with punctuation."""
    samples: Samples
    """int16, 16 kHz: room, speech, room."""
    words: tuple[HeardWord, ...]
    """Lower case, without punctuation."""
    pauses: tuple[tuple[float, float], ...]
    """Where the speaker is silent in the middle, start and end."""
    end_seconds: float
    """Where the speech truly ends."""

    def words_until(self, seconds: float) -> str:
        """What a perfect recogniser knows at a moment: the words whose end has passed, without punctuation."""
        return " ".join(word.text for word in self.words if word.end_seconds <= seconds)


async def make(sentences: Sequence[Sentence]) -> list[HesitantUtterance]:
    """Have them spoken by several voices at several speeds. Raises ProviderUnavailable if eSpeak NG does not run."""
    counts = dict.fromkeys(VOICES, 0)
    utterances = []
    async with EmbeddedTextToSpeech() as voice:
        for sentence in sentences:
            utterances.append(await _make(sentence, counts[sentence.language], voice))
            counts[sentence.language] += 1
    return utterances


async def _make(sentence: Sentence, index: int, voice: EmbeddedTextToSpeech) -> HesitantUtterance:
    voices = VOICES[sentence.language]
    options = VoiceOptions(
        "hesitant", voices[index % len(voices)], sentence.language, SPEEDS[index // len(voices) % len(SPEEDS)]
    )
    parts, words, pauses = [_silence(BEFORE_SECONDS)], list[HeardWord](), list[tuple[float, float]]()
    for number, stretch in enumerate(sentence.stretches):
        goes_on = number < len(sentence.pauses_seconds)
        start = _seconds(parts)
        speech, spoken = await _speak(_marked(stretch, goes_on=goes_on), voice, options)
        parts.append(speech)
        words += [
            replace(word, start_seconds=start + word.start_seconds, end_seconds=start + word.end_seconds)
            for word in spoken
        ]
        if goes_on:
            pauses.append((_seconds(parts), _seconds(parts) + sentence.pauses_seconds[number]))
            parts.append(_silence(sentence.pauses_seconds[number]))
    end = _seconds(parts)
    samples = in_room(np.concatenate((*parts, _silence(TAIL_SECONDS))), index)
    text = " ".join(sentence.stretches)
    return HesitantUtterance(
        sentence.name, sentence.language, sentence.kind, sentence.asked, text, samples, tuple(words), tuple(pauses), end
    )


def _marked(stretch: str, *, goes_on: bool) -> str:
    """With punctuation that the voice understands: a comma makes it stay up, as it does when somebody is not done."""
    if goes_on:
        return stretch.rstrip(".,?!") + ","
    return stretch if stretch[-1] in ".?!" else stretch + "."


async def _speak(text: str, voice: EmbeddedTextToSpeech, options: VoiceOptions) -> tuple[Samples, list[HeardWord]]:
    """Samples at 16 kHz, and the words."""
    chunks, spoken = list[Samples](), list[SpokenText]()
    async with contextlib.aclosing(voice.speak(_once(text), options)) as speech:
        async for chunk in speech:
            chunks.append(chunk.samples)
            spoken += chunk.spoken
    samples: Samples = soxr.resample(np.concatenate(chunks), OUTPUT_RATE, INPUT_RATE)
    whole = len(samples) / INPUT_RATE
    ends = [min(word.end_seconds or whole, whole) for word in spoken]
    heard = [HeardWord(bare(word.text), word.start_seconds, end) for word, end in zip(spoken, ends, strict=True)]
    return (samples * VOICE_GAIN).astype(np.int16), [word for word in heard if word.text]


async def _once(text: str) -> AsyncIterator[str]:
    yield text


def bare(text: str) -> str:
    """A word as a recogniser writes that knows no punctuation and no capitals."""
    return text.strip(' \n.,?!;:…"-–').lower()


def in_room(samples: Samples, seed: int) -> Samples:
    """With a room's noise: digital silence would be too easy to tell."""
    noise = np.random.default_rng(seed).standard_normal(len(samples)) * ROOM_LEVEL
    heard: Samples = np.clip(samples + noise, -32_768, 32_767).astype(np.int16)
    return heard


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * INPUT_RATE), np.int16)


def _seconds(parts: Sequence[Samples]) -> float:
    return sum(map(len, parts)) / INPUT_RATE
