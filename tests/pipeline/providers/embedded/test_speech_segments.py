import numpy as np
import pytest

from pipeline.audio import FRAME_SAMPLES, AudioFrame
from pipeline.providers.embedded.speech_segments import (
    KEPT_FRAMES,
    MAX_FRAMES,
    PAUSE_FRAMES,
    PRE_FRAMES,
    ROLL_FRAMES,
    SegmentKept,
    SegmentReady,
    SegmentResumed,
    SpeechSegments,
    Step,
)

FRAME_BYTES = FRAME_SAMPLES * 2


def frame(level: int, *, is_speech: bool) -> AudioFrame:
    return AudioFrame(np.full(FRAME_SAMPLES, level, dtype=np.int16), is_speech)


class Utterance:
    """Speech (level 1000) and silence (0), by number of frames; every frame of speech can be told by its level."""

    def __init__(self) -> None:
        self.segments = SpeechSegments()
        self.steps: list[Step] = []
        self._level = 1000

    def speech(self, frames: int) -> "Utterance":
        for _ in range(frames):
            self.steps += self.segments.push(frame(self._level, is_speech=True))
            self._level += 1
        return self

    def silence(self, frames: int) -> "Utterance":
        for _ in range(frames):
            self.steps += self.segments.push(frame(0, is_speech=False))
        return self

    def mark(self) -> "Utterance":
        self.steps += self.segments.push(AudioFrame(np.zeros(FRAME_SAMPLES, np.int16), False, may_be_last=True))
        return self

    def finish(self) -> list[Step]:
        return [*self.steps, *self.segments.finish()]


def levels(step: Step) -> list[int]:
    """Of each frame of a segment."""
    assert isinstance(step, SegmentReady)
    return [int(sample) for sample in np.frombuffer(step.audio, dtype=np.int16)[::FRAME_SAMPLES]]


def kinds(steps: list[Step]) -> list[type]:
    return [type(step) for step in steps]


def test_the_words_are_ready_before_the_utterance_ends() -> None:
    utterance = Utterance().silence(15).speech(50).silence(PAUSE_FRAMES)

    assert kinds(utterance.steps) == [SegmentReady]
    assert utterance.silence(25).finish() == utterance.steps


def test_a_mark_makes_them_ready_before_the_pause_is_long() -> None:
    utterance = Utterance().speech(50).silence(2).mark()

    assert kinds(utterance.steps) == [SegmentReady]
    assert utterance.silence(25).mark().finish() == utterance.steps[:1]


def test_a_mark_after_a_short_word_makes_it_ready() -> None:
    (ready,) = Utterance().speech(2).silence(5).mark().steps

    assert levels(ready)[:2] == [1000, 1001]


def test_speech_after_a_mark_makes_the_words_longer() -> None:
    steps = Utterance().speech(50).silence(2).mark().speech(20).silence(2).mark().finish()

    assert kinds(steps) == [SegmentReady, SegmentResumed, SegmentReady]
    assert levels(steps[-1])[:73] == [*range(1000, 1050), 0, 0, 0, *range(1050, 1070)]


def test_a_mark_in_silence_has_no_words() -> None:
    assert Utterance().silence(20).mark().silence(20).finish() == []


def test_only_a_little_silence_is_kept_around_them() -> None:
    (ready,) = Utterance().silence(20).speech(50).silence(25).finish()

    assert levels(ready) == [0] * PRE_FRAMES + list(range(1000, 1050)) + [0] * ROLL_FRAMES


def test_speech_that_goes_on_makes_the_words_longer() -> None:
    steps = Utterance().speech(50).silence(15).speech(20).silence(15).finish()

    assert kinds(steps) == [SegmentReady, SegmentResumed, SegmentReady]
    assert levels(steps[-1])[:85] == [*range(1000, 1050), *[0] * 15, *range(1050, 1070)]


def test_a_click_in_the_pause_does_not_end_it() -> None:
    assert kinds(Utterance().speech(50).silence(10).speech(2).silence(15).finish()) == [SegmentReady]


def test_a_gap_shorter_than_a_pause_divides_nothing() -> None:
    assert kinds(Utterance().speech(50).silence(PAUSE_FRAMES - 1).speech(1).silence(20).finish()) == [SegmentReady]


def test_after_many_words_a_pause_divides_the_utterance() -> None:
    steps = Utterance().speech(KEPT_FRAMES).silence(20).speech(30).silence(20).finish()

    assert kinds(steps) == [SegmentReady, SegmentKept, SegmentReady]
    assert levels(steps[0]) == [*range(1000, 1000 + KEPT_FRAMES), *[0] * ROLL_FRAMES]
    assert [level for level in levels(steps[2]) if level] == list(range(1000 + KEPT_FRAMES, 1030 + KEPT_FRAMES))


def test_speech_without_a_pause_is_divided_and_loses_no_frame() -> None:
    utterance = Utterance().speech(2 * MAX_FRAMES + 100)
    steps = utterance.silence(20).finish()

    segments = [step for step in steps if isinstance(step, SegmentReady)]
    heard = [level for segment in segments for level in levels(segment) if level]
    assert len(segments) >= 3
    assert heard == list(range(1000, 1000 + 2 * MAX_FRAMES + 100))
    assert max(len(segment.audio) for segment in segments) <= (MAX_FRAMES + PRE_FRAMES) * FRAME_BYTES


def test_it_is_divided_at_its_quietest_place() -> None:
    segments = SpeechSegments()
    steps: list[Step] = []
    for index in range(MAX_FRAMES + 1):
        quiet = MAX_FRAMES - 100 <= index < MAX_FRAMES - 90
        steps += segments.push(frame(10 if quiet else 5000, is_speech=True))

    assert kinds(steps) == [SegmentReady, SegmentKept]
    assert levels(steps[0])[-1] == 10


def test_silence_has_no_words() -> None:
    assert Utterance().silence(100).finish() == []
    assert Utterance().finish() == []


def test_a_long_silence_is_not_remembered() -> None:
    utterance = Utterance().silence(100 * MAX_FRAMES).speech(50).silence(20)

    assert len(utterance.segments._frames) <= MAX_FRAMES + 100
    assert kinds(utterance.finish()) == [SegmentReady]


def test_a_long_silence_after_the_words_is_not_remembered() -> None:
    utterance = Utterance().speech(50).silence(100 * MAX_FRAMES)

    assert len(utterance.segments._frames) <= MAX_FRAMES + 100
    assert kinds(utterance.finish()) == [SegmentReady, SegmentKept]


@pytest.mark.parametrize(("level", "ready"), [(5000, [SegmentReady]), (20, [])])
def test_audio_in_which_nothing_is_marked_is_heard_if_it_is_loud(level: int, ready: list[type]) -> None:
    segments = SpeechSegments()
    for _ in range(50):
        assert not segments.push(frame(level, is_speech=False))

    assert kinds(list(segments.finish())) == ready
