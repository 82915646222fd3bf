"""Who is let in: by number, and by how late the event loop is."""

import pytest

from voice_server.http.admission import FEW, LATE_SECONDS, Admission
from voice_server.http.errors import ApiError

LIMIT = 0.05


def refusal_of(admission: Admission) -> ApiError:
    with pytest.raises(ApiError) as refusal, admission.conversation():
        pass
    assert (refusal.value.status, refusal.value.code) == (503, "server_overloaded")
    assert int(refusal.value.headers["Retry-After"]) > 0
    return refusal.value


def late(admission: Admission, lag_seconds: float, start: float, seconds: float) -> None:
    """The event loop is this late for so long, as noted every 50 ms."""
    for step in range(round(seconds / 0.05) + 1):
        admission.note_lag(start + step * 0.05, lag_seconds)


def test_everybody_up_to_the_limit_is_let_in_and_the_next_is_not() -> None:
    admission = Admission(2)
    with admission.conversation(), admission.conversation():
        assert admission.refusal == "full"
        assert "All 2 conversations" in refusal_of(admission).message
    with admission.conversation():
        assert (admission.count, admission.admitted, admission.refused["full"]) == (1, 3, 1)


def busy(conversations: int = FEW) -> Admission:
    """With so many conversations, and room for two more."""
    admission = Admission(conversations + 2, LIMIT)
    admission.count = conversations
    return admission


def test_a_lag_that_lasts_closes_the_door_and_a_short_one_does_not() -> None:
    admission = busy()
    late(admission, 0.3, 0.0, LATE_SECONDS - 0.1)
    assert admission.refusal is None
    admission.note_lag(2.0, 0.01)
    late(admission, 0.3, 2.05, LATE_SECONDS - 0.1)
    assert admission.refusal is None
    late(admission, 0.3, 4.0, 0.1)
    assert admission.refusal == "overloaded"
    assert "slow" in refusal_of(admission).message
    assert admission.refused == {"overloaded": 1}


def test_the_door_opens_again_when_there_is_air_not_at_the_first_better_moment() -> None:
    admission = busy()
    late(admission, 0.3, 0.0, 3.0)
    assert admission.is_overloaded
    late(admission, LIMIT * 0.9, 3.05, 10.0)
    assert admission.is_overloaded
    admission.note_lag(20.0, LIMIT * 0.5)
    assert not admission.is_overloaded
    with admission.conversation():
        pass


def test_whoever_is_in_stays_in_and_keeps_the_count_right() -> None:
    admission = busy()
    with admission.conversation():
        late(admission, 0.3, 0.0, 3.0)
        refusal_of(admission)
        assert admission.count == FEW + 1
    assert admission.count == FEW


def test_the_first_conversations_are_not_what_makes_the_loop_late() -> None:
    admission = busy(FEW - 1)
    late(admission, 0.3, 0.0, 3.0)
    with admission.conversation():
        refusal_of(admission)


def test_without_a_limit_no_lag_matters() -> None:
    admission = Admission(1)
    late(admission, 60.0, 0.0, 60.0)
    assert admission.refusal is None
