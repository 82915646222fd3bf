"""What the loudspeaker plays and the microphone picks up again is not the user.

An echo comes back late, quieter, coloured and blurred, and its delay trembles with the network and the client's
buffers, so that it cannot be subtracted sample by sample. What survives is how loud each band of frequencies is from
moment to moment. So of each frame it is foretold how loud an echo could be in each band; a frame that is louder in
enough of them is more than an echo.

Which moment of the playback is heard now is found by comparing how the bands rise and fall. How loud the echo is in
each band is learnt for every possible delay. Until one delay is certain, every delay may explain a frame whose loudness
there has not been tried yet: what is played for the first time is not taken for somebody who speaks.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, Samples

Bands = npt.NDArray[np.float32]
"""float32, shape (BANDS,): a spectrum in decibels. Those of several moments have shape (moments, BANDS)."""

BANDS = 20
LOWEST_HERTZ, HIGHEST_HERTZ = 180.0, 7000.0
WINDOW_SAMPLES = 512
OVERLAP_SAMPLES: Final = WINDOW_SAMPLES - FRAME_SAMPLES
MAX_DELAY_SECONDS = 1.06
"""From the playback, as it is told of, to its echo."""
LAGS: Final = round(MAX_DELAY_SECONDS / FRAME_SECONDS) + 1
RINGING_FRAMES = LAGS + 27
"""After the playback: until its last echo has died away."""
KEPT_FRAMES = 256
"""Moments of playback that are kept; copied together when they are used up."""

TREMBLE_FRAMES = 1
"""By which an echo may come earlier or later than usual."""
DECAY = 2.2
"""Decibels per frame that an echo rings on at least: a room that takes 0.55 s to fall silent."""
QUIET = -55.0
"""Playback below this is not heard again."""
USUAL_SHARE = 1 / 60
"""What one frame adds to what is known of how loud the playback usually is. Gains are learnt from louder moments:
in the others the room and the noise are heard as well."""
FLUX_FRAMES, MAX_FLUX = 2, 20.0
"""Rises and falls are measured over so many frames, and count so much at most."""
MEMORY = 1 - 1 / 60
"""What one frame leaves of the comparison of playback and microphone: 1.2 s."""
GAIN_MEMORY = 0.99
"""What one frame leaves of what was learnt of the loudness of the echo: 2 s of loud playback."""

CERTAIN_LIKENESS, CERTAIN_FRAMES = 0.4, 10.0
"""How alike, and over how much loud playback, both must be for the delay to count as known."""
FIRST_LIKENESS = 0.53
"""The same until it was known once, of a clear sound: a user's first words may begin and end like those that play."""
UNLIKE, UNLIKE_FRAMES = 0.45, 15.0
"""An echo is more like the playback than this after so many loud frames of the microphone; a user is less so."""
CLEAR = 22.0
"""Decibels above the noise at which a sound is so clear that it takes fewer frames to tell."""
CLEARLY_UNLIKE, CLEAR_FRAMES = (0.38, 0.5, 0.52), (3.5, 6.0, 15.0)
"""The same after so many clear frames. With fewer than the first, everything is like everything."""
LOUDEST_GAIN, GUESS_FRAMES = -3.0, 6.0
"""An echo that nothing is known of is no louder than this; what is learnt counts as much after so many frames."""
SMOOTHING_FRAMES = 8.0
"""Until that much is known of a band, it is taken to be like the others."""

MARGIN, MAX_EXCESS = 5.0, 15.0
"""Decibels by which an echo may be louder than foretold; and that one band counts at most."""
NOISE_MARGIN = 3.0
LOUD = 10.0
"""Decibels above the noise at which somebody or something is heard."""
ENOUGH = 1.5
"""Decibels, on average of all bands and the last moments, that are more than an echo."""
UNEXPLAINED_WEIGHT = 0.15
"""How much is learnt of the echo from a frame that seems to be more than an echo."""
NOISE_FALL, NOISE_RISE = 0.3, 0.1
"""The noise goes this share of the way down to a quieter frame; it rises by so many decibels a frame."""

NOTHING: Bands = np.full(BANDS, -200.0, np.float32)


class EchoDetector:
    """Compares one microphone with what is played to it. Some 80 µs a frame while something sounds, else nothing."""

    def __init__(self) -> None:
        self._recent = np.zeros((2, OVERLAP_SAMPLES), np.float32)
        """The last samples of the microphone and of the playback, which are looked at again with the next."""
        self._ringing = 0
        self._noise: Bands | None = None
        self._loud_frames = 0.0
        """Of the microphone, the recent ones."""
        self._clear_frames = 0.0
        """Those of them that are clear."""
        self._excess = 0.0
        self._was_certain = False
        """Whether the delay was ever known."""
        self.heard_none = False
        """Whether the last frame was too unlike the playback for any echo, however late or loud it may be."""
        self._playback = _History(LAGS, -100.0)
        self._usual: Bands = np.full(BANDS, QUIET, np.float32)
        """How loud the playback usually is."""
        self._likeness = _Likeness()
        shape = (LAGS, BANDS)
        self._tried = np.zeros(shape, np.float32)
        """Frames of loud playback that were heard with each delay, the recent ones."""
        self._gains = np.zeros(shape, np.float32)
        """Their gains, added up."""

    def is_echo(self, heard: Samples, sounding: Samples | None) -> bool:
        """Take the next frame of the microphone and whether the playback explains it.

        `heard`: int16, shape (320,), 16 kHz. `sounding`: the same of what the assistant says, as far as the server
        knows about now; its echo follows within MAX_DELAY_SECONDS, but not before it. None if nothing sounds.
        Silence counts as explained.
        """
        return self.last_is_echo(((heard, sounding),))

    def last_is_echo(self, frames: Iterable[tuple[Samples, Samples | None]]) -> bool:
        """The same for frames that have waited, at least one: whether the playback explains the last of them."""
        ringing = []
        for heard, sounding in frames:
            self._ringing = RINGING_FRAMES if sounding is not None else self._ringing - 1
            if self._ringing > 0:
                ringing.append((heard, sounding))
        is_echo = False
        for microphone, playback in self._spectra(ringing):
            is_echo = self._explains(microphone, playback)
        return is_echo and self._ringing > 0

    def _explains(self, microphone: Bands, playback: Bands) -> bool:
        self._learn_noise(microphone)
        assert self._noise is not None
        newest = np.maximum(playback, self._playback.newest - DECAY)
        self._usual += USUAL_SHARE * (np.maximum(newest, QUIET) - self._usual)
        moments = self._playback.push(newest)
        lag, likeness = self._likeness.compare(np.maximum(microphone, self._noise + 4.0), np.maximum(newest, -62.0))
        echo = self._expected(lag, likeness, moments)
        above_noise = microphone - self._noise
        loudness = _mean(above_noise)
        self._loud_frames = MEMORY * self._loud_frames + (loudness > LOUD)
        self._clear_frames = MEMORY * self._clear_frames + (loudness > CLEAR)
        excess = np.minimum(microphone - echo, above_noise - NOISE_MARGIN) - MARGIN
        counted = _mean(np.minimum(np.maximum(excess, 0.0), MAX_EXCESS))
        self._excess = 0.5 * (self._excess + counted)
        is_echo = self._excess < ENOUGH
        self._learn_gains(microphone, moments, 1.0 if is_echo else UNEXPLAINED_WEIGHT)
        return is_echo

    def _spectra(self, frames: Sequence[tuple[Samples, Samples | None]]) -> Iterable[tuple[Bands, Bands]]:
        """Of microphone and playback, frame by frame; for all frames at once, which takes half as long."""
        if not frames:
            return ()
        samples = np.zeros((2, OVERLAP_SAMPLES + len(frames) * FRAME_SAMPLES), np.float32)
        samples[:, :OVERLAP_SAMPLES] = self._recent
        for index, (heard, sounding) in enumerate(frames):
            start = OVERLAP_SAMPLES + index * FRAME_SAMPLES
            samples[0, start : start + FRAME_SAMPLES] = heard
            if sounding is not None:
                samples[1, start : start + FRAME_SAMPLES] = sounding
        self._recent = samples[:, -OVERLAP_SAMPLES:].copy()
        window, bands = _analysis()
        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES, axis=1)[:, ::FRAME_SAMPLES]
        spectrum = np.fft.rfft(windows * window)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ bands
        decibels: Bands = np.log10(power + np.float32(1e-9)) * np.float32(10)
        return zip(decibels[0], decibels[1], strict=True)

    def _learn_noise(self, microphone: Bands) -> None:
        if self._noise is None:
            self._noise = microphone.copy()
            return
        step = microphone - self._noise
        self._noise += np.minimum(np.maximum(step * NOISE_FALL, np.minimum(step, 0.0)), NOISE_RISE)

    def _expected(self, lag: int, likeness: float, moments: Bands) -> Bands:
        """How loud an echo may be in each band."""
        is_certain = self._is_certain(lag, likeness)
        self.heard_none = not is_certain and self._is_unlike(likeness)
        if is_certain:
            return self._echo_after(lag, moments)
        return NOTHING if self.heard_none else self._loudest_echo(moments)

    def _is_certain(self, lag: int, likeness: float) -> bool:
        """Whether this is the delay of the echo."""
        is_first = not self._was_certain and self._clear_frames >= CLEAR_FRAMES[1]
        if likeness < (FIRST_LIKENESS if is_first else CERTAIN_LIKENESS) or _mean(self._tried[lag]) < CERTAIN_FRAMES:
            return False
        self._was_certain |= likeness >= FIRST_LIKENESS
        return True

    def _is_unlike(self, likeness: float) -> bool:
        """Whether there is no echo in what is heard."""
        if self._clear_frames >= CLEAR_FRAMES[0] and likeness < np.interp(
            self._clear_frames, CLEAR_FRAMES, CLEARLY_UNLIKE
        ):
            return True
        return self._loud_frames >= UNLIKE_FRAMES and likeness < UNLIKE

    def _echo_after(self, lag: int, moments: Bands) -> Bands:
        """The echo with this delay; it trembles, so the moments next to it may be heard as well."""
        tried, gains = self._tried[lag], self._gains[lag]
        overall = gains.sum() / tried.sum()
        gain = (gains + SMOOTHING_FRAMES * overall) / (tried + SMOOTHING_FRAMES)
        echo: Bands = moments[max(0, lag - TREMBLE_FRAMES) : lag + TREMBLE_FRAMES + 1].max(axis=0) + gain
        return echo

    def _loudest_echo(self, moments: Bands) -> Bands:
        """The loudest that any delay could make."""
        gains = (self._gains + GUESS_FRAMES * LOUDEST_GAIN) / (self._tried + GUESS_FRAMES)
        echo: Bands = (moments + gains).max(axis=0)
        return echo

    def _learn_gains(self, microphone: Bands, moments: Bands, weight: float) -> None:
        loud = (moments > self._usual) * np.float32(weight)
        self._tried *= GAIN_MEMORY
        self._tried += loud
        self._gains *= GAIN_MEMORY
        self._gains += loud * (microphone - moments)


class _History:
    """The last spectra of the playback, the newest first."""

    def __init__(self, length: int, silence: float) -> None:
        self._length = length
        self._rows = np.full((KEPT_FRAMES, BANDS), silence, np.float32)
        self._first = KEPT_FRAMES - length

    @property
    def newest(self) -> Bands:
        row: Bands = self._rows[self._first]
        return row

    def push(self, row: Bands) -> Bands:
        """Add one; give all, shape (length, BANDS)."""
        if self._first == 0:
            kept = self._length - 1
            self._rows[-kept:] = self._rows[:kept]
            self._first = KEPT_FRAMES - kept
        self._first -= 1
        self._rows[self._first] = row
        moments: Bands = self._rows[self._first : self._first + self._length]
        return moments


class _Likeness:
    """How much the microphone rises and falls like the playback did, by delay."""

    def __init__(self) -> None:
        self._before: list[tuple[Bands, Bands]] = []
        self._changes = _History(LAGS, 0.0)
        self._products = np.zeros(LAGS, np.float32)
        self._playback_power = np.full(LAGS, 1e-3, np.float32)
        self._microphone_power = 1e-3

    def compare(self, microphone: Bands, playback: Bands) -> tuple[int, float]:
        """Take the next frame's spectra; the delay in frames at which both are most alike, and how much, up to 1."""
        self._before.append((microphone, playback))
        before = self._before[0]
        if len(self._before) > FLUX_FRAMES:
            del self._before[0]
        change = np.minimum(np.maximum(microphone - before[0], -MAX_FLUX), MAX_FLUX)
        changes = self._changes.push(np.minimum(np.maximum(playback - before[1], -MAX_FLUX), MAX_FLUX))
        self._products = MEMORY * self._products + changes @ change
        self._playback_power = MEMORY * self._playback_power + np.einsum("ij,ij->i", changes, changes)
        self._microphone_power = MEMORY * self._microphone_power + float(change @ change)
        likeness = self._products / np.sqrt(self._playback_power * self._microphone_power + 1.0)
        lag = int(likeness.argmax())
        return lag, float(likeness[lag])


def _mean(bands: Bands) -> float:
    """As `bands.mean()`, in a quarter of the time."""
    return float(np.add.reduce(bands)) / BANDS


@cache
def _analysis() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The window, and what each frequency contributes to each band, shape (257, BANDS)."""
    edges = np.geomspace(LOWEST_HERTZ, HIGHEST_HERTZ, BANDS + 1)
    hertz = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / INPUT_RATE)
    bands = np.zeros((len(hertz), BANDS), np.float32)
    for band, (low, high) in enumerate(pairwise(edges)):
        inside = (hertz >= low) & (hertz < high)
        if not inside.any():
            inside = np.arange(len(hertz)) == np.abs(hertz - np.sqrt(low * high)).argmin()
        bands[inside, band] = 1.0 / inside.sum()
    return (np.hanning(WINDOW_SAMPLES) / 32_768).astype(np.float32), bands
