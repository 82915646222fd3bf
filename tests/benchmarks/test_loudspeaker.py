"""The loudspeaker that nobody hears."""

import numpy as np
import pytest

from benchmarks.emulators.tones import RATE
from benchmarks.loudspeaker import BUFFER_SECONDS, Loudspeaker


def audio(seconds: float, value: int = 1) -> np.ndarray:
    return np.full(round(seconds * RATE), value, np.int16)


def test_pieces_in_time_play_without_a_gap() -> None:
    speaker = Loudspeaker()
    for number in range(10):
        speaker.play(0.1 * number + 0.03 * (number % 2), "a", 1, audio(0.1))
    assert speaker.gaps == []
    assert speaker.ends == pytest.approx(1.0 + BUFFER_SECONDS)
    assert speaker.heard_seconds(0.95 + BUFFER_SECONDS) == pytest.approx(0.95)


def test_a_late_piece_leaves_a_gap() -> None:
    speaker = Loudspeaker()
    speaker.play(0.0, "a", 1, audio(0.1))
    speaker.play(0.5, "a", 1, audio(0.1))
    assert speaker.gaps == [(pytest.approx(0.1 + BUFFER_SECONDS), pytest.approx(0.4 - BUFFER_SECONDS))]


def test_another_answer_is_no_gap() -> None:
    speaker = Loudspeaker()
    speaker.play(0.0, "a", 1, audio(0.1))
    speaker.play(5.0, "b", 2, audio(0.1))
    assert speaker.gaps == []


def test_what_was_stopped_was_not_played() -> None:
    speaker = Loudspeaker()
    speaker.play(0.0, "a", 7, audio(2.0))
    speaker.stop(1.0 + BUFFER_SECONDS)
    speaker.advance(10.0)
    assert speaker.answers[7] == pytest.approx(1.0)
    assert not speaker.is_playing(1.1 + BUFFER_SECONDS)


def test_the_echo_is_what_plays_at_that_moment() -> None:
    speaker = Loudspeaker()
    speaker.play(0.0, "a", 1, audio(0.02, 5))
    heard = speaker.sound(BUFFER_SECONDS - 0.01, round(0.04 * RATE))
    assert [int(heard[index]) for index in (0, 239, 241, 700, 725, 959)] == [0, 0, 5, 5, 0, 0]
