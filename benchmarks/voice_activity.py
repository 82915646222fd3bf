"""How well and how soon speech is found: `python -m benchmarks.voice_activity [FOLDER …]`.

Every recording (WAV or FLAC, 16 kHz mono) is played to the detector and the turn taking as a microphone would, with a
second of silence before and two behind it. What is printed for each: how many utterances were found, how long after
the first loud frame the speech was noticed, and how long after the last loud frame the detector still took the end of
it for speech. Then noises, in which nothing should be found, and what a second of audio costs.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, AudioFrame, Framer, Samples
from pipeline.endpointing import Endpointing, Pause
from pipeline.segmenter import Segmenter
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.turn_taking import CommitUtterance, OpenUtterance, TurnTaking
from pipeline.vad import ConfirmedVoiceActivity, VoiceActivityDetector

ROOT = Path(__file__).parent.parent
FOLDERS = (ROOT / "tests" / "speech", ROOT.parent / "shared" / "audio")
LOUD = 0.05
"""Of the loudest frame: what is louder is speech for sure."""
BEFORE_SECONDS = 1.0
BEHIND_SECONDS = 2.0
NOISE_SECONDS = 20.0

Signal = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a recording; times are seconds from its first sample."""

    starts: tuple[float, ...]
    """When each utterance was noticed."""
    ends: tuple[float, ...]
    """When the silence behind each began, as the detector hears it."""
    busy_seconds: float
    """Processor time."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A recording, and how the detector did."""

    name: str
    seconds: float
    utterances: int
    start_delay_seconds: float
    end_delay_seconds: float
    busy_seconds: float


def find(samples: Samples, detector: VoiceActivityDetector) -> Found:
    """Find the utterances in audio (int16, 16 kHz) with the default settings."""
    detection = TurnDetection()
    turns = TurnTaking(SessionSettings(turn_detection=detection, replies=False))
    segmenter, starts, ends = Segmenter(), list[float](), list[float]()
    began = time.process_time()
    for frame in Framer().push(samples):
        voice = segmenter.push(AudioFrame(frame, detector.is_speech(frame, detection.threshold)))
        for action in turns.receive(voice):
            match action:
                case OpenUtterance():
                    starts.append(voice.position_seconds)
                    segmenter.forget()
                case CommitUtterance():
                    ends.append(voice.position_seconds - Endpointing().silence_seconds(Pause(), detection))
                    segmenter.forget()
    return Found(tuple(starts), tuple(ends), time.process_time() - began)


def loud_part(samples: Samples) -> tuple[float, float]:
    """Where the first loud frame begins and the last one ends, in seconds."""
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].astype(np.float64).reshape(-1, FRAME_SAMPLES)
    loudness = np.sqrt(np.mean(whole**2, axis=1))
    loud = np.flatnonzero(loudness > LOUD * loudness.max())
    return float(loud[0]) * FRAME_SECONDS, float(loud[-1] + 1) * FRAME_SECONDS


def measure(name: str, recording: Samples) -> Measure:
    """Play a recording to a fresh detector."""
    before, behind = (np.zeros(int(seconds * INPUT_RATE), np.int16) for seconds in (BEFORE_SECONDS, BEHIND_SECONDS))
    samples = np.concatenate((before, recording, behind))
    found = find(samples, ConfirmedVoiceActivity())
    first, last = loud_part(samples)
    start_delay = found.starts[0] - first if found.starts else float("nan")
    end_delay = found.ends[-1] - last if found.ends else float("nan")
    return Measure(name, len(samples) / INPUT_RATE, len(found.starts), start_delay, end_delay, found.busy_seconds)


def recordings(folders: Sequence[Path]) -> Iterator[tuple[str, Samples]]:
    """The recordings in these folders, by name."""
    for folder in folders:
        for file in sorted([*folder.glob("*.flac"), *folder.glob("*.wav")]):
            samples, rate = soundfile.read(file, dtype="int16")
            if rate == INPUT_RATE and samples.ndim == 1:
                yield file.stem, samples


def noises() -> Iterator[tuple[str, Samples]]:
    """Sounds without speech: hiss, rumble, mains hum and clicks, at three levels."""
    chance = np.random.default_rng(1)
    count = int(NOISE_SECONDS * INPUT_RATE)
    seconds = np.arange(count) / INPUT_RATE
    white = chance.standard_normal(count)
    spectrum = np.fft.rfft(white)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), count)
    hum = sum(np.sin(2 * np.pi * 50 * harmonic * seconds) / harmonic for harmonic in (1, 2, 3, 5, 7))
    clicks = np.where(chance.random(count) < 3 / INPUT_RATE, 1.0, 0.0)
    clicks = np.convolve(clicks, np.exp(-np.arange(80) / 15) * np.cos(np.arange(80)), "same")
    for name, signal in {"white": white, "pink": pink, "hum": hum, "clicks": clicks}.items():
        for level in (-50, -35, -20):
            yield f"{name} {level} dB", _at_level(np.asarray(signal), level, peak=name == "clicks")


def _at_level(signal: Signal, decibels: float, *, peak: bool) -> Samples:
    """Scale to a level below full scale: the root mean square of a steady noise, the peak of clicks."""
    now = np.abs(signal).max() if peak else np.sqrt(np.mean(signal**2))
    scaled: Samples = np.clip(signal / now * 32_768 * 10 ** (decibels / 20), -32_768, 32_767).astype(np.int16)
    return scaled


def main(folders: Sequence[Path]) -> None:
    """Print everything."""
    measures = [measure(name, samples) for name, samples in recordings(folders)]
    if not measures:
        sys.exit(f"No recordings (WAV or FLAC, 16 kHz, mono) in {', '.join(map(str, folders))}.")
    print(f"{'recording':26}{'seconds':>8}{'utterances':>12}{'start delay':>13}{'end delay':>11}")
    for one in measures:
        delays = f"{one.start_delay_seconds * 1000:10.0f} ms{one.end_delay_seconds * 1000:8.0f} ms"
        print(f"{one.name:26}{one.seconds:8.1f}{one.utterances:12}{delays}")
    for name, values in {
        "start delay": [one.start_delay_seconds for one in measures],
        "end delay": [one.end_delay_seconds for one in measures],
    }.items():
        p50, p95 = np.nanpercentile(values, (50, 95)) * 1000
        print(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    print(f"speech found in {sum(one.utterances > 0 for one in measures)} of {len(measures)} recordings")
    busy = sum(one.busy_seconds for one in measures) / sum(one.seconds for one in measures)
    print(f"cost: {busy * 1000:.2f} ms of processor time per second of such audio")
    for name, samples in noises():
        found = find(samples, ConfirmedVoiceActivity())
        cost = found.busy_seconds / NOISE_SECONDS * 1000
        print(f"{name:16} {len(found.starts)} utterances found, {cost:.2f} ms per second")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]] or FOLDERS)
