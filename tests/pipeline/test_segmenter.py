"""How long somebody has been speaking or silent, and what was heard before it was noticed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, AudioFrame
from pipeline.segmenter import WINDOW_FRAMES, Segmenter


def frame(number: int, is_speech: bool) -> AudioFrame:
    return AudioFrame(np.full(FRAME_SAMPLES, number, np.int16), is_speech)


def numbers(frames: list[AudioFrame]) -> list[int]:
    return [int(one.samples[0]) for one in frames]


@given(st.lists(st.booleans(), max_size=120))
def test_it_measures(speech: list[bool]) -> None:
    segmenter = Segmenter()
    for count, is_speech in enumerate(speech, start=1):
        voice = segmenter.push(frame(count, is_speech))
        heard = speech[:count]
        assert voice.position_seconds == pytest.approx(count * FRAME_SECONDS)
        assert voice.speech_seconds == pytest.approx(sum(heard[-WINDOW_FRAMES:]) * FRAME_SECONDS)
        silence = heard[::-1].index(True) * FRAME_SECONDS if True in heard else math.inf
        assert voice.silence_seconds == pytest.approx(silence)


@given(st.lists(st.booleans(), max_size=120), st.sampled_from([0.0, 0.1, 0.3, 1.0]))
def test_the_preroll_is_what_was_heard_last_and_is_given_once(speech: list[bool], padding_seconds: float) -> None:
    segmenter = Segmenter()
    segmenter.keep(padding_seconds)
    for number, is_speech in enumerate(speech):
        segmenter.push(frame(number, is_speech))
    preroll = numbers(segmenter.take_preroll())
    assert preroll == list(range(len(speech) - len(preroll), len(speech))), "the newest, in order"
    window = speech[-WINDOW_FRAMES:]
    if True in window:
        first = len(speech) - len(window) + window.index(True)
        expected = max(0, first - round(padding_seconds / FRAME_SECONDS))
        assert preroll[0] == expected
    assert segmenter.take_preroll() == []


def test_the_padding_may_change_in_between() -> None:
    segmenter = Segmenter()
    segmenter.keep(0.0)
    for number in range(60):
        segmenter.push(frame(number, number == 59))
    segmenter.keep(1.0)
    assert numbers(segmenter.take_preroll()) == list(range(45, 60)), "what was not kept cannot come back"
