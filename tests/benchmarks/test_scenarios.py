"""What the callers of a comparison do."""

import numpy as np
import pytest

from benchmarks.compare import chosen_scenarios
from benchmarks.recordings import Recording, library
from benchmarks.scenarios import CYCLE_SECONDS, SCENARIOS, Cast


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    beep = np.full(4_800, 5_000, np.int16)
    made = {kind: Recording(kind, kind, beep, ()) for kind in ("hesitant", "sound")}
    return dict(library()) | made  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("sessions", [1, 7])
def test_every_scenario_is_the_same_again(name: str, sessions: int, recordings: dict[str, Recording]) -> None:
    plan = SCENARIOS[name](Cast(recordings, sessions, None, seed=3))
    assert plan == SCENARIOS[name](Cast(recordings, sessions, None, seed=3))
    assert plan.people
    for person in plan.people:
        assert 0 <= person.starts < CYCLE_SECONDS
        assert person.steps
        # There must be an answer to speak over.
        assert person.steps[0].over is None
        assert all(step.recording in recordings for step in person.steps)
        assert all(step.over is not None for step in person.steps if step.kind != "question")


def test_what_is_said_depends_on_the_seed(recordings: dict[str, Recording]) -> None:
    assert SCENARIOS["plain"](Cast(recordings, 5, 3, 1)) != SCENARIOS["plain"](Cast(recordings, 5, 3, 2))


def test_scenarios_on_the_command_line() -> None:
    assert chosen_scenarios("plain, barge-in:5") == [("plain", 0), ("barge-in", 5)]
    with pytest.raises(Exception, match="there is no scenario nonsense"):
        chosen_scenarios("nonsense:1")
