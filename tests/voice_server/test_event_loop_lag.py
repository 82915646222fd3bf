"""How late the event loop is, measured and remembered."""

import asyncio
import time
from contextlib import aclosing

import pytest

from tests.virtual_time import in_virtual_time
from voice_server.event_loop_lag import REMEMBERED_SECONDS, SLEEP_SECONDS, RecentLag, late_wakes


@in_virtual_time
async def test_a_loop_with_nothing_to_do_is_never_late() -> None:
    async with aclosing(late_wakes()) as wakes:
        for _ in range(100):
            assert await anext(wakes) == pytest.approx(0.0, abs=1e-9)
    assert asyncio.get_running_loop().time() == pytest.approx(100 * SLEEP_SECONDS)


async def test_work_that_holds_the_loop_is_seen() -> None:
    async with aclosing(late_wakes()) as wakes:
        await anext(wakes)
        asyncio.get_running_loop().call_soon(time.sleep, SLEEP_SECONDS + 0.1)
        # The task slept on while the work held the loop: at least what it held beyond the sleep is seen.
        assert await anext(wakes) >= 0.09


def test_one_late_wake_is_forgiven_and_a_few_are_not() -> None:
    lag = RecentLag()
    for step in range(100):
        lag.add(step * 0.05, 0.5 if step == 50 else 0.001)
    assert lag.seconds == 0.001
    for step in range(100, 106):
        lag.add(step * 0.05, 0.2)
    assert lag.seconds == 0.2


def test_what_was_is_forgotten() -> None:
    lag = RecentLag()
    assert lag.seconds == 0.0
    for step in range(100):
        lag.add(step * 0.05, 0.3)
    assert lag.seconds == 0.3
    assert lag.add(5.0 + REMEMBERED_SECONDS, 0.002) == 0.002


def test_a_loop_that_hardly_wakes_is_seen_at_its_first_wakes() -> None:
    lag = RecentLag()
    assert lag.add(1.0, 0.9) == 0.9
    assert lag.add(2.0, 0.95) == 0.95
