"""What was heard: never more than was sent, and words in order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.audio import OUTPUT_RATE
from pipeline.playback import Playback
from pipeline.providers.interfaces import SpokenText

SECOND = OUTPUT_RATE

steps = st.lists(
    st.one_of(
        st.tuples(st.just("sent"), st.integers(0, 2 * SECOND)),
        st.tuples(st.just("reported"), st.floats(-1.0, 20.0)),
        st.tuples(st.just("stopped"), st.floats(0.0, 20.0)),
        st.tuples(st.just("cut"), st.floats(0.0, 20.0)),
        st.tuples(st.just("time"), st.floats(0.0, 3.0)),
    ),
    max_size=40,
)


@given(steps)
def test_never_more_is_heard_than_was_sent(steps: list[tuple[str, float]]) -> None:
    playback, now = Playback(), 100.0
    playback.starts_at(now)
    for step, amount in steps:
        match step:
            case "sent":
                playback.made(int(amount))
                playback.sent(int(amount), now)
            case "reported" | "stopped":
                playback.reported(amount, now, playing=step == "reported")
            case "cut":
                playback.cut(amount)
            case _:
                now += amount
        heard = playback.heard_seconds(now)
        assert 0.0 <= heard <= playback.sent_seconds <= playback.made_seconds + 1e-9
        assert playback.heard_seconds(now + 1.0) >= heard
        assert playback.ends_at(now) >= now
        assert playback.seconds_too_early(1.0, now) >= 0.0


words = st.lists(
    st.tuples(st.sampled_from(["I ", "am ", "here, ", "to say  ", "something long and winding "]), st.booleans()),
    min_size=1,
    max_size=20,
)


@given(words, st.lists(st.floats(-1.0, 30.0), max_size=20), st.booleans())
def test_more_time_never_means_fewer_words(
    words: list[tuple[str, bool]], times: list[float], is_complete: bool
) -> None:
    playback, start = Playback(), 0.0
    for text, is_timed in words:
        seconds = len(text) * 0.06
        playback.made(round(seconds * SECOND), (SpokenText(text, start, start + seconds if is_timed else None),))
        start += seconds
    if is_complete:
        playback.finished()
    everything = "".join(text for text, _ in words)
    heard = [playback.heard_text(seconds) for seconds in sorted(times)]
    for shorter, longer in itertools.pairwise(heard):
        assert longer.startswith(shorter)
    assert all(everything.startswith(text) for text in heard)
    assert playback.heard_text(0.0) == ""
    assert playback.text == everything
    if is_complete:
        assert playback.heard_text(start + 1.0) == everything.strip()


def test_a_word_counts_from_its_middle() -> None:
    playback = Playback()
    playback.made(2 * SECOND, (SpokenText("one ", 0.0, 1.0), SpokenText("two ", 1.0, 2.0)))
    assert [playback.heard_text(seconds) for seconds in (0.3, 0.4, 1.3, 1.4)] == ["", "one", "one", "one two"]


def test_the_end_of_a_clause_that_is_still_being_said_is_estimated() -> None:
    playback = Playback()
    clause = "one two three four five six seven eight nine ten "
    playback.made(SECOND, (SpokenText(clause, 0.0, None),))
    assert playback.heard_text(1.0) == "one two three", "49 characters take 3.2 s, not the one second that exists"
    playback.made(SECOND)
    playback.finished()
    assert playback.heard_text(1.0) == "one two three four five"


def test_the_pace_is_learned_from_what_was_said() -> None:
    playback = Playback()
    assert playback.measured_pace == playback.seconds_per_character
    playback.made(SECOND, (SpokenText("x" * 10, 0.0, None),))
    assert playback.measured_pace == playback.seconds_per_character
    playback.made(SECOND, (SpokenText("y" * 10, 1.0, None),))
    assert playback.measured_pace == pytest.approx(0.1)
    playback.finished()
    assert playback.measured_pace == pytest.approx(0.1)


def test_the_lead_over_the_ear_is_bounded() -> None:
    playback = Playback()
    playback.made(2 * SECOND)
    playback.sent(2 * SECOND, 10.0)
    assert playback.seconds_too_early(1.0, 10.0) == pytest.approx(1.0)
    assert playback.seconds_too_early(1.0, 11.0) == 0.0


def test_a_report_that_was_under_way_does_not_undo_a_stop() -> None:
    playback = Playback()
    playback.made(5 * SECOND)
    playback.sent(5 * SECOND, 0.0)
    playback.cut(2.0)
    playback.reported(1.9, 2.0, playing=True)
    assert playback.heard_seconds(3.0) == playback.heard_seconds(4.0)
