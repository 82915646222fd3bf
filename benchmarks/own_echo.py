"""Whether the assistant's own voice is taken for the user's: `python -m benchmarks.own_echo [MINUTES]`.

The embedded voices and the recordings of `tests/speech` are played through a loudspeaker into a simulated room, where a
microphone picks them up again: quieter, coloured, reverberating, and late by a delay that nobody told the detector and
that jitters. Then a user speaks over it. What is printed for each level of the echo: turns that the echo began by
itself (there should be none), and how many of the user's interruptions were noticed, and how much later than without
any echo, by how loud the user is against the echo.
"""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks import sounds
from benchmarks.voice_activity import FOLDERS, SENTENCES, recordings
from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, AudioFrame, Samples
from pipeline.echo import EchoDetector
from pipeline.segmenter import Segmenter
from pipeline.settings import SessionSettings
from pipeline.vad import ConfirmedVoiceActivity

LEVELS = (-6.0, -12.0, -20.0)
"""Decibels of the echo against what is played."""
USER_LEVELS = (0.0, 6.0, 12.0)
"""Decibels of the user against the echo."""
DELAYS = (0.05, 0.15, 0.3, 0.45, 0.7)
HISS = 12
JITTER_SECONDS = 0.02
REVERBERATION_SECONDS = 0.35
"""Until it is 60 dB below."""
EXTRA_SECONDS = 0.3
"""By which an interruption may be noticed later than without echo."""
THRESHOLD = 0.5

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the server plays, and what of it comes back."""

    played: Samples
    echo: Signal
    level: float
    """Root mean square of the echo's loud moments."""


def scenes(clips: Sequence[Samples], decibels: float, seconds: float) -> Iterator[Scene]:
    """Replies of three clips each, every one in another room and with another delay."""
    chance = np.random.default_rng(4)
    made = 0.0
    while made < seconds:
        for delay in DELAYS:
            chosen = chance.choice(len(clips), 3, replace=False)
            pauses = [np.zeros(int(pause * INPUT_RATE), np.int16) for pause in chance.uniform(0.1, 0.5, 3)]
            parts = [part for clip, pause in zip(chosen, pauses, strict=True) for part in (clips[clip], pause)]
            played = np.concatenate([*parts, np.zeros(int(1.5 * INPUT_RATE), np.int16)])
            played = played[: len(played) // FRAME_SAMPLES * FRAME_SAMPLES]
            echo = _echo(played, delay, decibels, chance)
            made += len(played) / INPUT_RATE
            loud = np.abs(echo)[np.abs(echo) > 0.05 * np.abs(echo).max()]
            yield Scene(played, echo, float(np.sqrt(np.mean(loud**2))))


def _echo(played: Samples, delay: float, decibels: float, chance: np.random.Generator) -> Signal:
    """Through a loudspeaker, a room and a network whose delay wanders."""
    length = int(REVERBERATION_SECONDS * INPUT_RATE)
    time_ = np.arange(length) / INPUT_RATE
    room = 0.06 * chance.standard_normal(length) * 10 ** (-3 * time_ / REVERBERATION_SECONDS)
    room[0] = 1.0
    for early in chance.integers(30, 600, 6):
        room[early] += chance.uniform(-0.4, 0.4)
    size = len(played) + length
    spectrum = np.fft.rfft(played.astype(np.float64), size) * np.fft.rfft(room, size)
    hertz = np.fft.rfftfreq(size, 1 / INPUT_RATE)
    low, high = chance.uniform(150, 350), chance.uniform(4500, 7500)
    spectrum *= 1 / np.sqrt((1 + (low / np.maximum(hertz, 1)) ** 4) * (1 + (hertz / high) ** 6))
    spectrum *= 10 ** (np.interp(hertz, np.linspace(0, 8000, 9), chance.uniform(-4, 4, 9)) / 20)
    wet = np.fft.irfft(spectrum, size)[: len(played)]
    wet *= 10 ** (decibels / 20) * np.sqrt(np.mean(played.astype(np.float64) ** 2) / np.mean(wet**2))
    # The delay wanders smoothly between values that are drawn every half second.
    marks = np.arange(0, len(played) + INPUT_RATE, INPUT_RATE // 2)
    wander = np.interp(np.arange(len(played)), marks, chance.uniform(-1, 1, len(marks)) * JITTER_SECONDS)
    source = np.arange(len(played)) - (delay + wander) * INPUT_RATE
    return np.interp(source, np.arange(len(wet)), wet, left=0.0)


def turn_starts(heard: Samples, played: Samples | None, busy: list[float] | None = None) -> list[float]:
    """Seconds at which a turn would begin: speech that is no echo, as much as the settings want."""
    detector, echo, segmenter = ConfirmedVoiceActivity(), EchoDetector(), Segmenter()
    needed, starts, speaking = SessionSettings().speech_start_seconds - 1e-9, list[float](), False
    for start in range(0, len(heard) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = heard[start : start + FRAME_SAMPLES]
        sounding = None if played is None else played[start : start + FRAME_SAMPLES]
        if sounding is not None and not sounding.any():
            sounding = None
        began = time.process_time()
        is_echo = echo.is_echo(frame, sounding)
        if busy is not None:
            busy.append(time.process_time() - began)
        is_speech = detector.is_speech(frame, THRESHOLD) and not is_echo
        voice = segmenter.push(AudioFrame(frame, is_speech))
        if not speaking and is_speech and voice.speech_seconds >= needed:
            starts.append(voice.position_seconds)
            speaking = True
        speaking = speaking and voice.silence_seconds < 0.5
    return starts


def mixed(*signals: Signal | Samples) -> Samples:
    """Together, with the hiss of a quiet room."""
    chance = np.random.default_rng(len(signals[0]))
    total = sum((signal.astype(np.float64) for signal in signals), HISS * chance.standard_normal(len(signals[0])))
    samples: Samples = np.clip(np.round(total), -32_768, 32_767).astype(np.int16)
    return samples


def over(scene: Scene, clip: Samples, decibels: float, chance: np.random.Generator) -> tuple[Signal, float]:
    """The user's interruption as long as the scene, so much louder than its echo, and when it begins."""
    played = np.flatnonzero(np.abs(scene.played) > 500)
    latest = max(1.0, played[-1] / INPUT_RATE - 1.5)
    begins = float(chance.uniform(0.6, latest)) // FRAME_SECONDS * FRAME_SECONDS
    voice = clip.astype(np.float64)
    loud = np.abs(voice)[np.abs(voice) > 0.05 * np.abs(voice).max()]
    voice *= scene.level * 10 ** (decibels / 20) / np.sqrt(np.mean(loud**2))
    user = np.zeros(len(scene.played))
    first = int(begins * INPUT_RATE)
    user[first : first + len(voice)] = voice[: len(user) - first]
    return user, begins


@dataclass(slots=True)
class Tally:
    """Interruptions of one loudness."""

    tried: int = 0
    missed: int = 0
    extra_seconds: list[float] | None = None

    def add(self, alone: float | None, together: float | None) -> None:
        """When one was noticed without and with echo; what is not noticed without echo says nothing."""
        if alone is None:
            return
        self.tried += 1
        self.extra_seconds = self.extra_seconds or []
        if together is None or together - alone > EXTRA_SECONDS:
            self.missed += 1
        if together is not None:
            self.extra_seconds.append(together - alone)


def first_after(starts: Sequence[float], begins: float, seconds: float) -> float | None:
    """The first start from then on, within so many seconds."""
    return next((start for start in starts if begins <= start <= begins + seconds), None)


def print_level(clips: Sequence[Samples], users: Sequence[Samples], decibels: float, seconds: float) -> None:
    """Everything about echoes of one level."""
    chance = np.random.default_rng(9)
    busy, tallies = list[float](), {level: Tally() for level in USER_LEVELS}
    interruptions, without, played_seconds = 0, 0, 0.0
    for scene in scenes(clips, decibels, seconds):
        played_seconds += len(scene.played) / INPUT_RATE
        interruptions += len(turn_starts(mixed(scene.echo), scene.played, busy))
        without += len(turn_starts(mixed(scene.echo), None))
        for level, tally in tallies.items():
            user, begins = over(scene, users[int(chance.integers(len(users)))], level, chance)
            alone = first_after(turn_starts(mixed(user), None), begins, 1.5)
            together = first_after(turn_starts(mixed(scene.echo, user), scene.played), begins, 1.5)
            tally.add(alone, together)
    cost = np.array(busy) * 1e6
    print(
        f"echo {decibels:.0f} dB, {played_seconds / 60:.1f} minutes: {interruptions} self-interruptions "
        f"({without} without the detector), {np.median(cost):.0f} us a frame (p95 {np.percentile(cost, 95):.0f})"
    )
    for level, tally in tallies.items():
        extra = np.array(tally.extra_seconds or [np.nan]) * 1000
        print(
            f"   user {level:+.0f} dB: noticed {tally.tried - tally.missed} of {tally.tried} within another "
            f"{EXTRA_SECONDS * 1000:.0f} ms, later p50 {np.median(extra):.0f} p95 {np.percentile(extra, 95):.0f} ms"
        )


async def voices() -> list[Samples]:
    """What the assistant says: longer sentences by the embedded voices, and the recordings of two others."""
    async with sounds.Voices() as speaking:
        embedded = [
            await speaking.say(sentence, language, speaker)
            for language, sentences in SENTENCES.items()
            for speaker in sounds.SPEAKERS[language]
            for sentence in sentences
        ]
    recorded = [samples for name, samples in recordings(FOLDERS[:1]) if name.endswith("slt")]
    return embedded + recorded


def interrupting() -> list[Samples]:
    """What the user says over it: real voices where there are any, and a recorded one that the assistant has not."""
    return [samples for name, samples in recordings(FOLDERS) if not name.endswith("slt")]


def main(minutes: float) -> None:
    """Print everything."""
    clips, users = asyncio.run(voices()), interrupting()
    for decibels in LEVELS:
        print_level(clips, users, decibels, minutes * 60)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
