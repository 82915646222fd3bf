"""How the voice ends before a pause: a falling pitch that fades says "I am done", a level one says "wait"."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.audio import INPUT_RATE, Samples

WINDOW_SECONDS = 1.0
"""Of the end of speech that is measured: the last words, and of how high the voice is otherwise."""
HEARD_SECONDS = 1.2
"""Of the end that is looked through for it: the rest is silence."""
RATE = INPUT_RATE // 2
"""Hertz at which pitch is looked for: every voice is far below."""
HOP = 80
"""Samples from one estimate of the pitch to the next: 10 ms."""
FRAME = 320
"""Samples of which the pitch is estimated: 40 ms, two periods of the deepest voice."""
TRANSFORM = 512
"""Samples of a frame and the longest period together, rounded up."""
HIGHEST_HERTZ, LOWEST_HERTZ = 420, 60
PERIODIC = 0.4
"""How much a frame must resemble itself one period later to be voiced, 0 to 1."""
AS_GOOD = 0.95
"""Of the best resemblance: the share that makes another as good."""
AUDIBLE_SHARE = 0.03
"""Of the loudest frame's amplitude: what is quieter is not speech any more."""
AUDIBLE = 30.0
"""Amplitude (root mean square) that any speech exceeds."""
SHORTEST_FRAMES = 6
"""Voiced estimates that a slope needs."""
PITCH_SECONDS, LEVEL_SECONDS = 0.16, 0.3
"""At the end, over which the slopes are taken."""
LAST_ESTIMATES = 3
"""Of the pitch, whose median is where the voice ends."""

UNDECIDED_SLOPE = -2.0
"""Semitones per second that say nothing: every voice sinks a little while it speaks."""
TELLING_SLOPE = 6.0
"""Semitones per second away from there that say much."""
UNDECIDED_HEIGHT, TELLING_HEIGHT = -2.3, 3.0
"""The same in semitones, of how high the voice ends: statements end at the bottom of it, what goes on does not."""
HEIGHT_SHARE = 0.7
"""How much the height may count at most: a voice that rises from the bottom goes on."""
RISING_SLOPE = 5.0
"""Semitones per second of a rise that is heard as one: the ear's threshold for glides is 0.16 over the square of the
seconds that they last, 6 for those measured here and 4 for a fifth of a second."""
LEVEL_HEIGHT, HIGH_HEIGHT = -0.8, 0.8
"""Semitones above its middle of a voice that ends no higher than it was, and of one that ends high."""
LEVEL_GOES_ON = 0.05
"""The share of what a rising voice says that a level one says which ends no higher than it was: many end so."""
QUESTION_SLOPE = 13.0
"""Semitones per second of a rise that may be a question's or may not."""
QUESTION_GOES_ON, QUESTION_ENDS = 0.55, 0.6
"""How much any rise of a question may say."""
TELLING_FADE, LEVEL_SHARE = 200.0, 0.2
"""Decibels per second that count as much as a telling slope of the pitch, and how much loudness may count at most: it
depends on the last sound more than on the intention."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Intonation:
    """The end of a stretch of speech."""

    pitch_slope: float
    """Semitones per second over the last voiced part; negative: falling."""
    level_slope: float
    """Decibels per second over the last part of speech; negative: fading."""
    height: float = UNDECIDED_HEIGHT
    """Semitones by which the voice ends above its middle; negative: below."""


def measure(samples: Samples) -> Intonation | None:
    """Measure the end of speech (int16, 16 kHz; trailing silence may be included); None if nothing is voiced."""
    end = _end_of_speech(samples[-round(HEARD_SECONDS * INPUT_RATE) :])
    if end is None or len(end) < FRAME + HOP * SHORTEST_FRAMES:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(end, FRAME)[::HOP]
    levels = np.sqrt(np.mean(frames**2, axis=1))
    hertz = _pitch(frames, levels)
    voiced = np.flatnonzero(hertz)
    if len(voiced) < SHORTEST_FRAMES:
        return None
    semitones = 12 * np.log2(hertz[voiced])
    kept = np.abs(semitones - np.median(semitones)) < 8  # An octave away is an error.
    voiced, semitones = voiced[kept], semitones[kept]
    recent = voiced > voiced[-1] - round(PITCH_SECONDS * RATE / HOP)
    height = float(np.median(semitones[-LAST_ESTIMATES:]) - np.median(semitones))
    count = round(LEVEL_SECONDS * RATE / HOP)
    decibels = 20 * np.log10(np.maximum(levels[-count:], 1.0))
    # A last sound too short for a slope still ends high or low.
    is_long = recent.sum() >= SHORTEST_FRAMES
    pitch = _slope(voiced[recent], semitones[recent]) if is_long else UNDECIDED_SLOPE
    return Intonation(pitch, _slope(np.arange(len(decibels)), decibels), height)


def finality(intonation: Intonation, *, is_question: bool = False) -> float:
    """What the voice says: 1 it is done, -1 it goes on, 0 it does not tell.

    A question ends high, and steeply so; a voice that merely stays up goes on in a question, too, if less surely.
    Nobody is sure of what a level voice says.
    """
    if is_question and intonation.pitch_slope > UNDECIDED_SLOPE:
        steepness = (intonation.pitch_slope - QUESTION_SLOPE) / TELLING_SLOPE
        says = min(max(steepness, -QUESTION_GOES_ON), QUESTION_ENDS)
    else:
        pitch = (intonation.pitch_slope - UNDECIDED_SLOPE) / TELLING_SLOPE
        level = min(max(intonation.level_slope / TELLING_FADE, -LEVEL_SHARE), LEVEL_SHARE)
        height = min(max((intonation.height - UNDECIDED_HEIGHT) / TELLING_HEIGHT, -HEIGHT_SHARE), HEIGHT_SHARE)
        says = -math.tanh(pitch + level + height)
    return says if says > 0 else says * (LEVEL_GOES_ON + (1 - LEVEL_GOES_ON) * rise(intonation))


def rise(intonation: Intonation) -> float:
    """How surely the voice goes up or is up, 0 to 1."""
    steep = max(intonation.pitch_slope, 0.0) / RISING_SLOPE
    high = max(intonation.height - LEVEL_HEIGHT, 0.0) / (HIGH_HEIGHT - LEVEL_HEIGHT)
    return min(steep + high, 1.0)


def _end_of_speech(samples: Samples) -> Array | None:
    """The last moments of what is audible, silence behind them cut off."""
    whole: Array = samples[len(samples) % (2 * HOP) :].astype(np.float32).reshape(-1, 2).mean(axis=1)
    levels = np.sqrt(np.mean(whole.reshape(-1, HOP) ** 2, axis=1))
    loud = np.flatnonzero(levels > max(AUDIBLE, AUDIBLE_SHARE * float(levels.max(initial=0.0))))
    if not len(loud):
        return None
    end = (int(loud[-1]) + 1) * HOP
    return whole[max(0, end - round(WINDOW_SECONDS * RATE)) : end]


def _pitch(frames: Array, levels: Array) -> Array:
    """Hertz of each frame, by autocorrelation; 0 where it is not voiced."""
    centred = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, TRANSFORM)
    shortest, longest = RATE // HIGHEST_HERTZ, RATE // LOWEST_HERTZ
    correlation = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, TRANSFORM)[:, : longest + 2]
    # The overlap shrinks with the lag; half of that is made good, so that the shortest of equal periods still wins.
    weights = 1 - 0.7 * np.arange(longest + 2) / FRAME
    likeness = correlation / (correlation[:, :1] + 1e-6) / weights
    # Only peaks count: next to lag 0 any deep sound resembles itself. Of peaks as good as one another the first is the
    # period, the others are multiples of it.
    inner = likeness[:, shortest : longest + 1]
    peaks = (inner > likeness[:, shortest - 1 : longest]) & (inner >= likeness[:, shortest + 1 : longest + 2])
    heights = np.where(peaks, inner, 0.0)
    best = heights.max(axis=1, keepdims=True)
    lags = shortest + np.argmax(heights >= AS_GOOD * best, axis=1)
    rows = np.arange(len(frames))
    before, peak, behind = likeness[rows, lags - 1], likeness[rows, lags], likeness[rows, lags + 1]
    bend = before - 2 * peak + behind
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (before - behind) / np.where(bend == 0, 1, bend), 0.0)
    voiced = (peak > PERIODIC) & (levels > 0.1 * levels.max()) & (best[:, 0] > 0)
    return np.where(voiced, RATE / (lags + np.clip(shift, -1, 1)), 0.0).astype(np.float32)


def _slope(positions: npt.NDArray[np.intp], values: npt.NDArray[np.floating]) -> float:
    """Per second, of values at hops: the median of the slopes between any two (Theil and Sen), which a few that are
    wrong do not move."""
    first, second = np.triu_indices(len(values), 1)
    return float(np.median((values[second] - values[first]) / (positions[second] - positions[first]))) * RATE / HOP
