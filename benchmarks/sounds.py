"""Sounds that meet a voice assistant while it speaks, made by code and the same on every run.

    async with sounds.Voices() as voices:
        for sound in [*sounds.effects(), *await sounds.utterances(voices)]:
            sound.kind       # "cough", "slam", "keyboard", "noise", "backchannel" or "interruption"
            sound.name       # "double cough 2", "sì, sì (it+f3)", …
            sound.stops      # whether it should end a reply: true for interruptions only
            sound.samples    # int16, 16 kHz, without silence around it

Levels are those of a headset: a voice is at -20 dB of full scale (root mean square of its loud frames), steady noise
10 dB below that, a cough as loud as the voice, a slam louder. `babble` needs voices, so it is not among the effects.
Everything else about it (delays, silence around it, over which reply) is up to who plays it.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from pipeline.audio import FRAME_SAMPLES, INPUT_RATE, Resampler, Samples
from pipeline.providers.embedded.worker_process import WorkerProcess

Kind = Literal["cough", "slam", "keyboard", "noise", "backchannel", "interruption"]
Signal = npt.NDArray[np.float64]

VOICE_LEVEL = -20.0
"""Decibels below full scale."""
NOISE_LEVEL = VOICE_LEVEL - 10.0
COUGH_LEVEL = VOICE_LEVEL
SLAM_LEVEL = VOICE_LEVEL + 6.0
KEYBOARD_LEVEL = VOICE_LEVEL - 6.0
LOUD = 0.05
"""Of the loudest frame: what is louder counts for the level."""
NOISE_SECONDS = 4.0
WORDS_PER_MINUTE = 170
AUDIBLE = 100
"""Below this a sample at the edge of what is said is silence."""

BACKCHANNELS = {
    "en": ("mm-hm", "okay", "yeah", "right", "uh huh", "I see"),
    "it": ("sì, sì", "ah ok", "certo", "mm", "va bene", "esatto"),
}
INTERRUPTIONS = {
    "en": (
        "stop",
        "wait",
        "no, I meant the other one",
        "hold on a second",
        "sorry, can I ask something",
        "that's wrong",
    ),
    "it": (
        "aspetta",
        "fermati",
        "no, volevo dire domani",
        "scusa, un momento",
        "basta così",
        "non è quello che ho chiesto",
    ),
}
SPEAKERS = {"en": ("en-us", "en-gb+f3", "en-us+m3"), "it": ("it", "it+f3", "it+m5")}


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that a microphone hears."""

    name: str
    kind: Kind
    samples: Samples
    """int16, 16 kHz."""
    text: str = ""
    """What is said; empty if nothing is."""
    language: str | None = None
    """ISO 639-1."""

    @property
    def stops(self) -> bool:
        """Whether a reply should end because of it."""
        return self.kind == "interruption"

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / INPUT_RATE


class Voices:
    """The embedded voices, in their own process: `async with`.

    What they say sounds the same on every run if they are asked for the same things in the same order.
    """

    def __init__(self) -> None:
        self._worker = WorkerProcess("benchmarks.seeded_synthesiser")

    async def __aenter__(self) -> Self:
        """Start the process. Raises ProviderUnavailable if that fails."""
        await self._worker.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._worker.__aexit__()

    async def say(self, text: str, language: str, voice: str | None = None, speed: float = 1.0) -> Samples:
        """Speak it (int16, 16 kHz, at VOICE_LEVEL). `voice`: a name of eSpeak NG's, such as `it+f3`."""
        payload = {
            "text": text,
            "language": language,
            "voice": voice,
            "words_per_minute": round(WORDS_PER_MINUTE * speed),
        }
        async with contextlib.aclosing(self._worker.stream(payload, timeout_seconds=10.0)) as answers:
            answer = await anext(answers)
        spoken = np.frombuffer(answer.body, np.int16)
        audible = np.flatnonzero(np.abs(spoken.astype(np.int32)) > AUDIBLE)
        resampler = Resampler(answer.header["rate"], INPUT_RATE)
        whole = resampler.push(spoken[audible[0] : audible[-1] + 1])
        return at_level(np.concatenate((whole, resampler.flush())).astype(np.float64), VOICE_LEVEL)


async def utterances(voices: Voices) -> list[Sound]:
    """Backchannels and interruptions, each by several speakers in English and Italian."""
    kinds: tuple[tuple[Kind, Mapping[str, Sequence[str]]], ...]
    kinds = (("backchannel", BACKCHANNELS), ("interruption", INTERRUPTIONS))
    return [
        Sound(f"{text} ({speaker})", kind, await voices.say(text, language, speaker), text, language)
        for kind, texts in kinds
        for language, speakers in SPEAKERS.items()
        for text in texts[language]
        for speaker in speakers
    ]


async def babble(voices: Voices, seconds: float = NOISE_SECONDS) -> Sound:
    """Many people who talk at once, too far away to be understood."""
    chance, count = np.random.default_rng(8), int(seconds * INPUT_RATE)
    crowd = np.zeros(count)
    for language, speakers in SPEAKERS.items():
        for speaker in speakers:
            for texts in (BACKCHANNELS, INTERRUPTIONS):
                text = ", ".join(chance.permutation(texts[language]))
                voice = (await voices.say(text, language, speaker, float(chance.uniform(0.85, 1.2)))).astype(np.float64)
                for start in chance.integers(count, size=2):
                    crowd += np.roll(np.resize(voice, count), int(start))
    room = np.exp(-np.arange(4000) / 1200) * chance.standard_normal(4000)
    return Sound("babble", "noise", at_level(_convolved(crowd, room)[:count], NOISE_LEVEL))


def effects() -> list[Sound]:
    """Everything that is not spoken."""
    chance = np.random.default_rng(5)
    return [*_coughs(chance), *_slams(chance), *_keyboards(chance), *_noises(chance)]


def at_level(signal: Signal, decibels: float) -> Samples:
    """Scale it so that the root mean square of its loud frames is so many decibels below full scale (negative)."""
    whole = np.resize(signal, max(1, len(signal) // FRAME_SAMPLES) * FRAME_SAMPLES).reshape(-1, FRAME_SAMPLES)
    power = np.mean(whole**2, axis=1)
    loud = power[power >= LOUD**2 * power.max()]
    scaled = signal * (32_768 * 10 ** (decibels / 20) / np.sqrt(loud.mean()))
    samples: Samples = np.clip(np.round(scaled), -32_768, 32_767).astype(np.int16)
    return samples


def _coughs(chance: np.random.Generator) -> Iterator[Sound]:
    for number in range(1, 7):
        yield Sound(f"cough {number}", "cough", at_level(_cough(chance), COUGH_LEVEL))
    for number in range(1, 5):
        gap = np.zeros(int(chance.uniform(0.1, 0.25) * INPUT_RATE))
        double = np.concatenate((_cough(chance), gap, 0.7 * _cough(chance)))
        yield Sound(f"double cough {number}", "cough", at_level(double, COUGH_LEVEL))


def _cough(chance: np.random.Generator) -> Signal:
    """A burst of air, its decay, and sometimes a voiced end; heard through the resonances of a throat."""
    seconds = chance.uniform(0.2, 0.5)
    time = np.arange(int(seconds * INPUT_RATE)) / INPUT_RATE
    air = chance.standard_normal(len(time)) * np.minimum(time / 0.006, 1) * np.exp(-time / (seconds * 0.28))
    pitch = chance.uniform(110, 260) * (1 - 0.3 * time / seconds)
    pulses = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / INPUT_RATE))
    voiced = pulses * np.exp(-(((time - 0.7 * seconds) / (0.15 * seconds)) ** 2)) * chance.choice((0.0, 0.08, 0.15))
    return _resonant(air + voiced, chance.uniform((350, 1100, 2300), (650, 1700, 3200)), 250)


def _slams(chance: np.random.Generator) -> Iterator[Sound]:
    for number in range(1, 6):
        time = np.arange(int(0.6 * INPUT_RATE)) / INPUT_RATE
        thump = np.sin(2 * np.pi * chance.uniform(55, 120) * time) * np.exp(-time / chance.uniform(0.05, 0.12))
        crack = chance.standard_normal(len(time)) * np.exp(-time / chance.uniform(0.008, 0.025))
        room = 0.08 * chance.standard_normal(len(time)) * np.exp(-time / chance.uniform(0.1, 0.2))
        slam = _resonant(crack + room, chance.uniform((150, 500), (300, 1200)), 600) + 1.2 * thump * np.ptp(crack) / 20
        yield Sound(f"door slam {number}", "slam", at_level(slam, SLAM_LEVEL))


def _keyboards(chance: np.random.Generator) -> Iterator[Sound]:
    for number in range(1, 4):
        typing = np.zeros(int(NOISE_SECONDS * INPUT_RATE))
        moment = 0.05
        while moment < NOISE_SECONDS - 0.2:
            for delay, strength in ((0.0, 1.0), (chance.uniform(0.06, 0.11), 0.5)):
                start = int((moment + delay) * INPUT_RATE)
                click = chance.standard_normal(160) * np.exp(-np.arange(160) / chance.uniform(15, 40))
                typing[start : start + 160] += strength * chance.uniform(0.6, 1.0) * click
            moment += chance.uniform(0.08, 0.25)
        yield Sound(f"keyboard {number}", "keyboard", at_level(_resonant(typing, (1900, 3600), 900), KEYBOARD_LEVEL))


def _noises(chance: np.random.Generator) -> Iterator[Sound]:
    count = int(NOISE_SECONDS * INPUT_RATE)
    time = np.arange(count) / INPUT_RATE
    white = chance.standard_normal(count)
    spectrum = np.fft.rfft(white)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 20)), count)
    hum = sum((np.sin(2 * np.pi * 50 * part * time) / part for part in (1, 2, 3, 5, 7)), np.zeros(count))
    for name, signal in {"white": white, "pink": pink, "hum": hum + 0.02 * white}.items():
        yield Sound(f"{name} noise", "noise", at_level(signal, NOISE_LEVEL))


def _resonant(signal: Signal, frequencies: Sequence[float] | Signal, width: float) -> Signal:
    """Through resonances at these frequencies (hertz), each so wide."""
    hertz = np.fft.rfftfreq(len(signal), 1 / INPUT_RATE)
    peaks = [1 / (1 + ((hertz - frequency) / width) ** 2) for frequency in frequencies]
    return np.fft.irfft(np.fft.rfft(signal) * (0.03 + np.sum(peaks, axis=0)), len(signal))


def _convolved(signal: Signal, response: Signal) -> Signal:
    length = len(signal) + len(response) - 1
    return np.fft.irfft(np.fft.rfft(signal, length) * np.fft.rfft(response, length), length)


async def _describe() -> None:
    async with Voices() as voices:
        for sound in [*effects(), await babble(voices), *await utterances(voices)]:
            print(f"{sound.kind:13}{sound.seconds:5.2f} s  {sound.name}")


if __name__ == "__main__":
    asyncio.run(_describe())
