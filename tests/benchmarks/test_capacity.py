"""From runs with several numbers of sessions to what is needed for many."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks import capacity
from tests.benchmarks.comparisons import comparison, plain, run, turn


def fitted(*runs: dict[str, Any]) -> capacity.Model:
    found = capacity.model(runs)
    assert isinstance(found, capacity.Model), found
    return found


def refused(*runs: dict[str, Any]) -> str:
    found = capacity.model(runs)
    assert isinstance(found, capacity.Unsupported)
    return found.reason


def test_the_line_is_found_again() -> None:
    model = fitted(*(plain("this", sessions, 1.0) for sessions in (1, 10, 40)))
    assert model.base_cores == pytest.approx(0.02, rel=0.05)
    assert model.cores_per_session == pytest.approx(0.01, rel=0.05)
    assert (model.base_bytes, model.bytes_per_session) == pytest.approx((4e8, 1e6))
    assert model.left_out == ()


def test_a_server_that_never_filled_up_holds_at_least_what_was_measured() -> None:
    model = fitted(plain("this", 1, 1.0), plain("this", 40, 1.0))
    assert (model.knee, model.knee_is) == (40, "at least")


def test_the_knee_between_two_measurements_is_interpolated_and_says_so() -> None:
    model = fitted(plain("this", 1, 1.0), plain("this", 20, 1.0), plain("this", 40, 1.5))
    # p95 alone is 1.019 s, so that the limit is 1.27375 s: half way between 1.019 and 1.519 s, and a little more.
    assert model.knee_is == "interpolated"
    assert model.knee == pytest.approx(20 + 20 * 0.25 * 1.019 / 0.5, abs=0.1)
    assert "nothing was measured between" in model.knee_reason


@pytest.mark.parametrize("fault", [{"gaps": 1}, {"failure": "no answer"}])
def test_gaps_and_failed_turns_end_it_at_the_last_good_measurement(fault: dict[str, Any]) -> None:
    broken = run("this", [turn(session, number, 1.0, **fault) for session in range(40) for number in range(3)])
    model = fitted(plain("this", 1, 1.0), plain("this", 20, 1.0), broken)
    assert (model.knee, model.knee_is) == (20, "measured")
    assert "40 sessions" in model.knee_reason


def test_what_was_good_again_after_it_was_bad_does_not_count() -> None:
    model = fitted(plain("this", 1, 1.0), plain("this", 20, 2.0), plain("this", 40, 1.0))
    assert model.knee < 20


def test_one_number_of_sessions_is_refused() -> None:
    assert "two numbers of sessions; it was measured well only with 1" in refused(plain("this", 1, 1.0))


def test_runs_that_measured_the_callers_or_others_are_left_out() -> None:
    busy = plain("this", 40, 1.0)
    busy["client"]["was_bottleneck"] = True
    shared = plain("this", 20, 1.0)
    shared["server"]["foreign_cpu_seconds"] = shared["server"]["seconds"] / 4
    away = plain("this", 10, 1.0, server=None)
    reason = refused(plain("this", 1, 1.0), busy, shared, away)
    assert "40 sessions: the callers were the bottleneck" in reason
    assert "20 sessions: other programs took 25 %" in reason
    assert "10 sessions: its server was not on this machine" in reason
    assert fitted(plain("this", 1, 1.0), plain("this", 5, 1.0), busy).left_out


def test_without_a_run_of_one_session_there_is_nothing_to_compare_with() -> None:
    assert "no run with one session" in refused(plain("this", 5, 1.0), plain("this", 20, 1.0))


def test_tasks_hold_their_share_of_the_knee() -> None:
    model = fitted(plain("this", 1, 1.0), plain("this", 40, 1.0))
    one = model.sessions_on(1.0)
    assert 0.5 * 40 < one < 0.6 * 40
    assert model.cores(one) <= 0.6 * model.cores(40) < model.cores(one + 1)
    assert (model.sessions_on(2.0), model.sessions_on(4.0)) == (2 * one, 4 * one)
    assert model.sessions_on(0.5) < one / 2 + 1
    assert model.sessions_on(1.0, headroom=1.0) == 40


@pytest.mark.parametrize("vcpu", capacity.TASKS)
def test_a_fleet_holds_everybody_and_not_one_task_more(vcpu: float) -> None:
    model = fitted(plain("this", 1, 1.0), plain("this", 40, 1.0))
    for conversations in (1, 99, 1_000_000):
        fleet = capacity.fleet(model, conversations, vcpu)
        assert fleet is not None
        assert fleet.tasks * fleet.sessions_each >= conversations > (fleet.tasks - 1) * fleet.sessions_each
        held = min(conversations, fleet.sessions_each)
        needed = max(1, int(vcpu)) * model.base_bytes + held * model.bytes_per_session
        assert needed * capacity.MEMORY_MARGIN <= fleet.memory_each_gb * capacity.GIBIBYTE
        assert fleet.memory_each_gb in capacity.TASKS[vcpu]


def test_memory_can_be_what_limits_a_task() -> None:
    model = fitted(plain("this", 1, 1.0, rss_each=2e9), plain("this", 40, 1.0, rss_each=2e9))
    fleet = capacity.fleet(model, 100, 0.5)
    assert fleet is not None
    assert fleet.sessions_each == 1
    two = capacity.MEMORY_MARGIN * (model.base_bytes + 2 * model.bytes_per_session)
    assert two > max(capacity.TASKS[0.5]) * capacity.GIBIBYTE


def test_the_command_prints_the_table_and_what_it_assumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.json"
    result = comparison(plain("this", 1, 1.0), plain("this", 40, 1.0), plain("sequential", 1, 2.0))
    results.write_bytes(orjson.dumps(result))
    capacity.main([str(results), "--conversations", "1000", "--headroom", "0.5"])
    printed = capsys.readouterr().out
    assert "40 sessions a core (at least)" in printed
    assert "Through two points" in printed
    assert "        1,000 " in printed
    assert "sequential, plain, seed: no model. A line needs two numbers of sessions" in printed
    assert all(assumption in printed for assumption in capacity.ASSUMPTIONS)
