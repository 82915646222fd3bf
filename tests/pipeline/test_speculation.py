"""How often the words of a pause are asked for, and what a turn is ended by if they are not."""

import itertools

import numpy as np

from pipeline.audio import FRAME_SAMPLES, FRAME_SECONDS, AudioFrame
from pipeline.segmenter import Segmenter
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.speculation import (
    FIRST_GUESSES,
    FIRST_LOOKS,
    GUESSES_PER_MINUTE,
    LONG_PAUSE_SECONDS,
    WORTHWHILE_WAIT_SECONDS,
    Speculation,
)
from pipeline.turn_taking import CommitUtterance, LookAhead, TurnTaking

SETTINGS = SessionSettings(turn_detection=TurnDetection("semantic_vad"))


def heard(*seconds: float) -> list[tuple[float, object]]:
    """What a turn taking does, and when, while sound and silence take turns, the sound first."""
    turns, segmenter, done = TurnTaking(SETTINGS), Segmenter(), list[tuple[float, object]]()
    for is_speech, part in zip(itertools.cycle((True, False)), seconds, strict=False):
        for _ in range(round(part / FRAME_SECONDS)):
            voice = segmenter.push(AudioFrame(np.zeros(FRAME_SAMPLES, np.int16), is_speech))
            done += [(voice.position_seconds, action) for action in turns.receive(voice)]
    return done


def test_short_pauses_are_looked_at_a_few_times() -> None:
    spoken = [0.2, 0.2] * 15
    looks = [time for time, action in heard(*spoken) if isinstance(action, LookAhead)]
    assert FIRST_LOOKS <= len(looks) <= FIRST_LOOKS + 3


def test_a_long_pause_is_looked_at_however_many_short_ones_there_were() -> None:
    spoken = [0.2, 0.2] * 8 + [0.2, 1.0]
    paused_at = sum(spoken) - 1.0
    (look,) = [time for time, action in heard(*spoken) if isinstance(action, LookAhead) and time > paused_at]
    assert look - paused_at <= LONG_PAUSE_SECONDS + 2 * FRAME_SECONDS


def test_a_turn_whose_words_were_asked_for_often_is_not_ended_sooner() -> None:
    quick, slow = [0.2, 0.2] * 8 + [0.2, 2.0], [2.0, 2.0]
    ends = [
        next(time for time, action in heard(*spoken) if isinstance(action, CommitUtterance)) - sum(spoken)
        for spoken in (quick, slow)
    ]
    assert abs(ends[0] - ends[1]) < 2 * FRAME_SECONDS


def test_pauses_are_counted_by_turn() -> None:
    speculation = Speculation()
    assert [speculation.look(0.12, 0.5) for _ in range(5)] == [True, True, True, True, False]
    assert speculation.look(LONG_PAUSE_SECONDS, 0.5)
    speculation.turn_began()
    assert speculation.look(0.12, 0.5)


def test_guesses_of_one_turn_are_bounded_and_grow_with_it() -> None:
    speculation = Speculation()
    assert sum(speculation.guess(0.1, 0.0, 0.0) for _ in range(20)) == FIRST_GUESSES
    assert sum(speculation.guess(0.1, 30.0, 30.0) for _ in range(20)) == 3
    speculation.turn_began()
    assert speculation.guess(0.1, 0.0, 31.0)


def test_what_is_far_from_over_is_not_answered_and_not_counted() -> None:
    speculation = Speculation()
    assert not speculation.guess(WORTHWHILE_WAIT_SECONDS + 0.01, 0.0, 0.0)
    assert sum(speculation.guess(WORTHWHILE_WAIT_SECONDS, 0.0, 0.0) for _ in range(20)) == FIRST_GUESSES


def test_guesses_of_one_minute_are_bounded() -> None:
    speculation = Speculation()
    guessed = []
    for tenth in range(3000):
        speculation.turn_began()
        if speculation.guess(0.0, 0.0, tenth / 10):
            guessed.append(tenth / 10)
    assert all(later - earlier >= 60.0 for earlier, later in zip(guessed, guessed[GUESSES_PER_MINUTE:], strict=False))
    assert len(guessed) == 5 * GUESSES_PER_MINUTE
