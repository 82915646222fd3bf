"""How well, how soon and how cheaply speech is found: `python -m benchmarks.voice_activity [FOLDER …]`.

Every recording (WAV or FLAC, 16 kHz mono) and some Italian and English by the embedded voices are played to the
detector and the turn taking as a microphone would hear them, with a second before and two behind: in a quiet room
(hiss at -70 dB of full scale), and in pink noise 20 and 10 dB below the voice. What is printed of each room:

- start delay: from the first loud frame to the beginning of a turn, which needs 0.12 s of speech;
- tail: from the last loud frame to the first one that is taken for silence. Loud is what is at most 26 dB below the
  loudest; a voice fades on for some 40 ms;
- silences: stretches of at least 0.1 s inside the speech that were taken for silence. Speakers do pause, so this is to
  be compared with other detectors, not with zero;
- lost: loud frames (20 dB) inside the speech that were taken for silence.

Then sounds without speech, in which no turn should begin, and what it costs.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from benchmarks import sounds
from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, AudioFrame, Framer, Samples
from pipeline.segmenter import Segmenter
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.vad import ConfirmedVoiceActivity, VoiceActivityDetector

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT / "tests" / "speech", ROOT.parent / "shared" / "audio")
LOUD, VERY_LOUD = 0.05, 0.1
"""Of the loudest frame: what is louder is speech for sure."""
HISS = 10
"""Root mean square of a quiet room."""
BEFORE_SECONDS = 1.0
BEHIND_SECONDS = 2.0
NOISE_SECONDS = 20.0
SILENCE_SECONDS = 0.1
"""From here on the absence of speech counts as a pause."""

SENTENCES = {
    "it": (
        "vorrei prenotare un tavolo per quattro persone domani sera alle otto e mezza",
        "no, la settimana prossima, se possibile di mattina",
        "quanto fa il quindici per cento di duecentoquaranta",
        "mi chiamo Giovanni Esposito e chiamo da Napoli",
        "sì, va bene così, grazie mille e a presto",
    ),
    "en": ("I would like to book a table for six people next Friday", "no thanks, that is all I need"),
}

Flags = npt.NDArray[np.bool_]
Signal = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a recording."""

    speech: Flags
    """Of each frame, whether it was taken for speech."""
    starts: tuple[float, ...]
    """Seconds at which it was noticed that somebody speaks; again after each half second of silence."""
    busy_seconds: float
    """Processor time."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A recording, and how the detector did."""

    name: str
    seconds: float
    utterances: int
    start_delay_seconds: float
    tail_seconds: float
    silences: tuple[float, ...]
    lost: float
    """Share of the very loud frames."""
    busy_seconds: float


def find(samples: Samples, detector: VoiceActivityDetector) -> Found:
    """Find the speech in audio (int16, 16 kHz) with the default settings."""
    settings, detection = SessionSettings(), TurnDetection()
    segmenter, speech, starts, speaking = Segmenter(), list[bool](), list[float](), False
    began = time.process_time()
    for frame in Framer().push(samples):
        speech.append(detector.is_speech(frame, detection.threshold))
        voice = segmenter.push(AudioFrame(frame, speech[-1]))
        if not speaking and voice.silence_seconds == 0 and voice.speech_seconds >= settings.speech_start_seconds - 1e-9:
            starts.append(voice.position_seconds)
            speaking = True
        speaking = speaking and voice.silence_seconds < detection.silence_seconds
    return Found(np.array(speech, dtype=np.bool_), tuple(starts), time.process_time() - began)


def measure(name: str, recording: Samples, noise_decibels: float | None = None) -> Measure:
    """Play a recording to a fresh detector, in a quiet room or in noise so much louder than the voice (negative)."""
    before, behind = (np.zeros(int(seconds * INPUT_RATE), np.int16) for seconds in (BEFORE_SECONDS, BEHIND_SECONDS))
    clean = np.concatenate((before, recording, behind))
    found = find(in_room(clean, noise_decibels), ConfirmedVoiceActivity())
    loudness = _loudness(clean)
    loud = np.flatnonzero(loudness > LOUD * loudness.max())
    spoken = np.flatnonzero(found.speech)
    start_delay = tail = lost = float("nan")
    silences: tuple[float, ...] = ()
    if found.starts:
        start_delay = found.starts[0] - loud[0] * FRAME_SECONDS
        tail = float(spoken[-1] - loud[-1]) * FRAME_SECONDS
        inside = found.speech[spoken[0] : spoken[-1] + 1]
        silences = tuple(length for length in _silences(inside) if length >= SILENCE_SECONDS - 1e-9)
        very_loud = loudness > VERY_LOUD * loudness.max()
        very_loud[: spoken[0]] = False
        lost = float(np.sum(very_loud & ~found.speech) / np.sum(very_loud))
    seconds = len(clean) / INPUT_RATE
    return Measure(name, seconds, len(found.starts), start_delay, tail, silences, lost, found.busy_seconds)


def in_room(clean: Samples, noise_decibels: float | None = None) -> Samples:
    """With the noise of a quiet room, or with pink noise so much louder than the voice (negative)."""
    chance = np.random.default_rng(len(clean))
    if noise_decibels is None:
        noise = HISS * chance.standard_normal(len(clean))
    else:
        loudness = _loudness(clean)
        voice = np.sqrt(np.mean(loudness[loudness > LOUD * loudness.max()] ** 2))
        pink = _pink(chance.standard_normal(len(clean)))
        noise = pink * (voice * 10 ** (noise_decibels / 20) / np.sqrt(np.mean(pink**2)))
    noisy: Samples = np.clip(np.round(clean + noise), -32_768, 32_767).astype(np.int16)
    return noisy


def recordings(folders: Sequence[Path]) -> Iterator[tuple[str, Samples]]:
    """The recordings in these folders, by name."""
    for folder in folders:
        for file in sorted([*folder.glob("*.flac"), *folder.glob("*.wav")]):
            samples, rate = soundfile.read(file, dtype="int16")
            if rate == INPUT_RATE and samples.ndim == 1:
                yield file.stem, samples


async def spoken() -> list[tuple[str, Samples]]:
    """Sentences by the embedded voices, by name."""
    async with sounds.Voices() as voices:
        return [
            (f"{speaker} {number}", await voices.say(sentence, language, speaker))
            for language, sentences in SENTENCES.items()
            for speaker in sounds.SPEAKERS[language]
            for number, sentence in enumerate(sentences, 1)
        ]


async def unspoken() -> list[sounds.Sound]:
    """Coughs, slams, keyboards and noises, with babble."""
    async with sounds.Voices() as voices:
        return [*sounds.effects(), await sounds.babble(voices, NOISE_SECONDS)]


def noises() -> Iterator[tuple[str, Samples]]:
    """Long sounds without speech: hiss, rumble, mains hum and clicks, at three levels."""
    chance = np.random.default_rng(1)
    count = int(NOISE_SECONDS * INPUT_RATE)
    seconds = np.arange(count) / INPUT_RATE
    white = chance.standard_normal(count)
    hum = sum(np.sin(2 * np.pi * 50 * harmonic * seconds) / harmonic for harmonic in (1, 2, 3, 5, 7))
    clicks = np.where(chance.random(count) < 3 / INPUT_RATE, 1.0, 0.0)
    clicks = np.convolve(clicks, np.exp(-np.arange(80) / 15) * np.cos(np.arange(80)), "same")
    for name, signal in {"white": white, "pink": _pink(white), "hum": hum, "clicks": clicks}.items():
        for level in (-50, -35, -20):
            yield f"{name} {level} dB", _at_level(np.asarray(signal), level, peak=name == "clicks")


def _pink(white: Signal) -> Signal:
    spectrum = np.fft.rfft(white)
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(white))


def _at_level(signal: Signal, decibels: float, *, peak: bool) -> Samples:
    """Scale to a level below full scale: the root mean square of a steady noise, the peak of clicks."""
    now = np.abs(signal).max() if peak else np.sqrt(np.mean(signal**2))
    scaled: Samples = np.clip(signal / now * 32_768 * 10 ** (decibels / 20), -32_768, 32_767).astype(np.int16)
    return scaled


def _loudness(samples: Samples) -> Signal:
    """Of each frame."""
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].astype(np.float64).reshape(-1, FRAME_SAMPLES)
    loudness: Signal = np.sqrt(np.mean(whole**2, axis=1))
    return loudness


def _silences(speech: Flags) -> Iterator[float]:
    """How long the silences between the first and the last speech are."""
    changes = np.flatnonzero(np.diff(speech.astype(np.int8)))
    for begin, end in zip(changes[::2], changes[1::2], strict=True):
        yield float(end - begin) * FRAME_SECONDS


def print_clips(measures: Sequence[Measure]) -> None:
    """One line for each."""
    print(f"{'recording':26}{'seconds':>8}{'utterances':>12}{'start delay':>13}{'tail':>9}  silences inside (ms)")
    for one in measures:
        delays = f"{one.start_delay_seconds * 1000:10.0f} ms{one.tail_seconds * 1000:6.0f} ms"
        silences = " ".join(f"{length * 1000:.0f}" for length in one.silences)
        print(f"{one.name:26}{one.seconds:8.1f}{one.utterances:12}{delays}  {silences}")


def print_room(name: str, measures: Sequence[Measure]) -> None:
    """One line for all."""
    start50, start95 = np.nanpercentile([one.start_delay_seconds for one in measures], (50, 95)) * 1000
    tail50, tail95 = np.nanpercentile([one.tail_seconds for one in measures], (50, 95)) * 1000
    silences = [length for one in measures for length in one.silences]
    found = sum(one.utterances > 0 for one in measures)
    frames = sum(one.seconds for one in measures) / FRAME_SECONDS
    print(
        f"{name:12}{found:4}/{len(measures)} found, start delay p50 {start50:.0f} p95 {start95:.0f} ms, "
        f"tail p50 {tail50:.0f} p95 {tail95:.0f} ms, silences {len(silences)} "
        f"({sum(length >= 0.3 for length in silences)} of 0.3 s), "
        f"lost {np.nanmean([one.lost for one in measures]):.1%}, "
        f"{sum(one.busy_seconds for one in measures) / frames * 1e6:.0f} us a frame"
    )


def print_cost(clips: Sequence[tuple[str, Samples]]) -> None:
    """What a frame costs."""
    hiss = np.zeros(int(NOISE_SECONDS * INPUT_RATE), np.int16)
    speech = np.concatenate([clip for _, clip in clips])
    for name, samples in {
        "silence": hiss,
        "quiet room": in_room(hiss),
        "speech without a pause": in_room(speech),
        "the same in noise 10 dB below": in_room(speech, -10.0),
    }.items():
        busy = find(samples, ConfirmedVoiceActivity()).busy_seconds
        without = find(samples, _Deaf()).busy_seconds
        cost = (busy - without) / (len(samples) / FRAME_SAMPLES)
        print(f"{name:32}{cost * 1e6:6.1f} us a frame, {cost / FRAME_SECONDS:.2%} of a core")


class _Deaf:
    """Costs nothing: what remains is the cost of the benchmark."""

    def is_speech(self, samples: Samples, threshold: float) -> bool:
        return bool(len(samples) * threshold < 0)

    def close(self) -> None:
        pass


def main(folders: Sequence[Path]) -> None:
    """Print everything."""
    clips = [*recordings(folders), *asyncio.run(spoken())]
    print_clips([measure(name, samples) for name, samples in clips])
    print()
    for room, decibels in {"quiet room": None, "noise -20 dB": -20.0, "noise -10 dB": -10.0}.items():
        print_room(room, [measure(name, samples, decibels) for name, samples in clips])
    print("\nturns begun by what is no speech:")
    silence = np.zeros(INPUT_RATE, np.int16)
    begun, heard = Counter[str](), Counter[str]()
    for sound in asyncio.run(unspoken()):
        samples = in_room(np.concatenate((silence, sound.samples, silence)))
        begun[sound.kind] += len(find(samples, ConfirmedVoiceActivity()).starts)
        heard[sound.kind] += 1
    for name, samples in noises():
        begun[f"long {name.split()[0]}"] += len(find(samples, ConfirmedVoiceActivity()).starts)
        heard[f"long {name.split()[0]}"] += 1
    print("\n".join(f"{kind:14}{begun[kind]} in {heard[kind]} sounds" for kind in heard))
    print()
    print_cost(clips)


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or FOLDERS)
