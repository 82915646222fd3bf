"""Cuts one utterance into what a recogniser should hear at once, and says when a pause may be its end.

Pure: no clock, no audio leaves or enters but in frames. Silence around the words makes PocketSphinx hear more words
than there are, so only a little of it is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.audio import FRAME_SECONDS, AudioFrame, Samples

PRE_FRAMES = round(0.28 / FRAME_SECONDS)
"""Audio kept before the words; a detector hears their start a little late."""
ROLL_FRAMES = round(0.12 / FRAME_SECONDS)
"""Silence kept after them."""
PAUSE_FRAMES = round(0.16 / FRAME_SECONDS)
"""Silence after which the words so far are worth decoding, marked or not: the utterance may be over."""
SPEECH_FRAMES = round(0.06 / FRAME_SECONDS)
"""Speech that is no mere click, and so ends a pause."""
KEPT_FRAMES = round(3.0 / FRAME_SECONDS)
"""From here on a pause divides the utterance: what came before is decoded while the rest is still being spoken."""
MAX_FRAMES = round(10.0 / FRAME_SECONDS)
"""An utterance without a pause is divided here, for the time to decode it grows with its length..."""
LAST_FRAMES = round(4.0 / FRAME_SECONDS)
"""...at the quietest place among its last frames."""
GAP_FRAMES = round(0.1 / FRAME_SECONDS)
"""How long that place is: a gap between words rather than a silent consonant."""
LOUD = 300.0
"""Root mean square above which audio is heard although nobody marked speech in it (a client may commit as it likes)."""


@dataclass(frozen=True, slots=True)
class SegmentReady:
    """Decode this: either the utterance is over, or it is not and SegmentResumed or SegmentKept follows."""

    audio: bytes
    """int16, 16 kHz."""


@dataclass(frozen=True, slots=True)
class SegmentResumed:
    """The last SegmentReady was not the end; the next one contains it."""


@dataclass(frozen=True, slots=True)
class SegmentKept:
    """The last SegmentReady was not the end; the next one begins after it."""


Step = SegmentReady | SegmentResumed | SegmentKept


class SpeechSegments:
    """One utterance."""

    def __init__(self) -> None:
        self._frames: list[AudioFrame] = []
        self._run = 0
        """Frames of speech without one of silence between, up to now."""
        self._start: int | None = None
        """The first frame of the words."""
        self._end = 0
        """The first frame after them."""
        self._offered = False
        """Whether the words so far have been given as a SegmentReady."""
        self._has_words = False
        """Whether there was a SegmentReady at all."""

    def push(self, frame: AudioFrame) -> Sequence[Step]:
        """Take the next frame, give what follows from it."""
        self._frames.append(frame)
        self._run = self._run + 1 if frame.is_speech else 0
        in_words = self._start is not None and len(self._frames) - self._end <= PAUSE_FRAMES
        if self._run >= (1 if in_words else SPEECH_FRAMES):
            return self._speech()
        if frame.may_be_last and self._start is None:
            self._mark_all()
        is_pause = frame.may_be_last or len(self._frames) - self._end >= PAUSE_FRAMES
        if self._start is not None and not self._offered and is_pause:
            self._offered = True
            return (self._ready(),)
        return self._divide_if_long()

    def finish(self) -> Sequence[Step]:
        """The utterance is over."""
        if self._offered:
            return ()
        if self._start is None:
            self._mark_all()
        return (self._ready(),) if self._start is not None else ()

    def _speech(self) -> Sequence[Step]:
        begun = len(self._frames) - self._run
        if self._start is None:
            self._start = begun
        step: Step | None = None
        if self._offered:
            self._offered = False
            step = SegmentResumed()
            if self._end - self._start >= KEPT_FRAMES:
                step = SegmentKept()
                self._begin_again((self._end + begun) // 2)
                self._start = len(self._frames) - self._run
        self._end = len(self._frames)
        return (step,) if step is not None else self._divide_if_long()

    def _divide_if_long(self) -> Sequence[Step]:
        if len(self._frames) - (self._start or 0) <= MAX_FRAMES or (self._start is None and self._run):
            return ()
        if self._offered:  # A silence so long that it need not be remembered.
            self._begin_again(len(self._frames) - ROLL_FRAMES)
            return (SegmentKept(),)
        if self._start is None:
            self._mark_all()
        if self._start is None:
            self._begin_again(len(self._frames) - ROLL_FRAMES)
            return ()
        cut = self._quietest_place()
        end, self._end = self._end, min(self._end, cut)
        ready = self._ready(roll_frames=0)
        self._begin_again(cut)
        if end > cut:
            self._start, self._end = 0, end - cut
        return ready, SegmentKept()

    def _quietest_place(self) -> int:
        tail = len(self._frames) - LAST_FRAMES
        levels = [loudness(frame.samples) for frame in self._frames[tail:]]
        gaps = np.convolve(levels, np.ones(GAP_FRAMES), "valid")
        return tail + int(np.argmin(gaps)) + GAP_FRAMES // 2

    def _mark_all(self) -> None:
        """Nobody was surely speaking: take what was marked at all, or all of it if it is loud."""
        marked = [index for index, frame in enumerate(self._frames) if frame.is_speech]
        if marked:
            self._start, self._end = marked[0], marked[-1] + 1
        elif not self._has_words and any(loudness(frame.samples) > LOUD for frame in self._frames):
            self._start, self._end = 0, len(self._frames)

    def _begin_again(self, cut: int) -> None:
        del self._frames[:cut]
        self._start, self._end, self._offered = None, 0, False

    def _ready(self, roll_frames: int = ROLL_FRAMES) -> SegmentReady:
        self._has_words = True
        frames = self._frames[max(0, (self._start or 0) - PRE_FRAMES) : self._end + roll_frames]
        return SegmentReady(b"".join(frame.samples.tobytes() for frame in frames))


def loudness(samples: Samples) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
