"""When a provider is left alone, and when it is asked again."""

import pytest

from pipeline.providers.circuit_breaker import CircuitBreaker


def failing(times: int, at: float = 0.0) -> CircuitBreaker:
    breaker = CircuitBreaker()
    for _ in range(times):
        breaker.failed(at)
    return breaker


def test_three_failures_in_a_row_open_it() -> None:
    assert failing(2).state(0.0) == "closed"
    assert failing(2).is_suspect
    assert failing(3).state(0.0) == "open"
    assert not failing(3).allows(1.9)


def test_more_than_half_of_the_last_ten_open_it() -> None:
    breaker = CircuitBreaker()
    for number in range(9):
        breaker.failed(number) if number % 2 == 0 else breaker.succeeded(number)
    assert breaker.state(9.0) == "closed"
    breaker.failed(9.0)
    assert breaker.state(9.0) == "open"


def test_what_is_long_ago_does_not_count() -> None:
    breaker = CircuitBreaker()
    for number in range(9):
        breaker.failed(number) if number % 2 == 0 else breaker.succeeded(number)
    breaker.failed(33.0)
    assert breaker.state(33.0) == "closed"


def test_one_call_at_a_time_finds_out_whether_it_works_again() -> None:
    breaker = failing(3)
    assert breaker.state(2.0) == "half_open"
    assert breaker.allows(2.0)
    assert breaker.asked(2.0)
    assert not breaker.allows(2.0)
    assert not breaker.asked(2.0)
    breaker.succeeded(2.5)
    assert breaker.state(2.5) == "closed"
    assert not breaker.is_suspect


def test_every_failing_probe_doubles_the_pause_up_to_a_minute() -> None:
    breaker, now, pauses = failing(3), 0.0, []
    for _ in range(7):
        pauses.append(breaker.retry_at - now)
        now = breaker.retry_at
        assert breaker.asked(now)
        breaker.failed(now, is_probe=True)
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert breaker.times_opened == 1


def test_late_failures_of_calls_from_before_do_not_prolong_it() -> None:
    breaker = failing(3)
    breaker.failed(1.5)
    assert breaker.retry_at == pytest.approx(2.0)


def test_a_probe_without_an_outcome_is_repeated() -> None:
    breaker = failing(3)
    assert breaker.asked(2.0)
    breaker.probe_was_broken_off()
    assert breaker.asked(2.0)


def test_who_says_when_to_come_back_is_left_alone_until_then() -> None:
    breaker = CircuitBreaker()
    breaker.failed(10.0, retry_after_seconds=5.0)
    assert not breaker.allows(14.9)
    assert breaker.allows(15.0)
    breaker.failed(15.0, retry_after_seconds=86_400.0)
    assert breaker.allows(75.0), "nobody is left alone for longer than a minute"
