"""What sounds while the microphone hears."""

import numpy as np
import pytest

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, INPUT_RATE, OUTPUT_RATE, Samples
from pipeline.loudspeaker import MAX_LATE_SECONDS, Loudspeaker

PIECE_SECONDS = 0.1


def piece(level: int) -> Samples:
    return np.full(int(PIECE_SECONDS * OUTPUT_RATE), level, np.int16)


def levels(loudspeaker: Loudspeaker, start: float, count: int) -> list[int | None]:
    """The middle of so many frames, taken in real time; None where nothing sounds."""
    frames = [loudspeaker.next_frame(start + index * FRAME_SECONDS) for index in range(count)]
    assert all(frame is None or frame.shape == (FRAME_SAMPLES,) for frame in frames)
    return [None if frame is None else int(frame[FRAME_SAMPLES // 2]) for frame in frames]


def test_what_was_sent_sounds_at_the_pace_of_the_microphone() -> None:
    loudspeaker = Loudspeaker()
    assert loudspeaker.next_frame(0.0) is None
    for level in (1000, 2000):
        loudspeaker.play(piece(level), 1.0)
    heard = levels(loudspeaker, 1.0, 10)
    assert heard[1:4] == pytest.approx([1000] * 3, abs=20)
    assert heard[6:9] == pytest.approx([2000] * 3, abs=20)
    assert loudspeaker.next_frame(1.3) is None


def test_a_microphone_that_comes_late_hears_what_sounds_by_then() -> None:
    loudspeaker = Loudspeaker()
    for level in range(1000, 11_000, 1000):
        loudspeaker.play(piece(level), 0.0)
    heard = levels(loudspeaker, 0.8, 1)[0]
    assert heard is not None
    assert heard >= 1000 * (0.8 - MAX_LATE_SECONDS) / PIECE_SECONDS


def test_it_falls_silent() -> None:
    loudspeaker = Loudspeaker()
    loudspeaker.play(piece(1000), 0.0)
    loudspeaker.stop()
    assert loudspeaker.next_frame(0.02) is None
    loudspeaker.play(piece(3000), 1.0)
    assert levels(loudspeaker, 1.0, 4)[2] == pytest.approx(3000, abs=20)


def test_without_a_microphone_nothing_piles_up() -> None:
    loudspeaker = Loudspeaker()
    for index in range(600):
        loudspeaker.play(piece(1000), index * PIECE_SECONDS)
    waiting = sum(len(samples) for samples in loudspeaker._waiting) + len(loudspeaker._first)
    assert waiting <= (MAX_LATE_SECONDS + 2 * PIECE_SECONDS) * INPUT_RATE
