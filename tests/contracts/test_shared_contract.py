"""What tasks share keeps the same rules in Redis and in one process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.contracts.shared_kinds import SharedByTwo, in_memory, in_redis, listening
from voice_server.storage.shared.interfaces import LOG_SECONDS, MAX_LOG_LINES, Fenced


@pytest.fixture(params=["memory", "redis"])
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[SharedByTwo]:
    kind = in_memory() if request.param == "memory" else in_redis(request.getfixturevalue("redis_url"))
    async with kind as shared:
        yield shared


async def test_as_many_attempts_as_the_limit_are_granted_over_all_tasks(shared: SharedByTwo) -> None:
    tasks = [shared.one, shared.other] * 10
    waits = await asyncio.gather(*(task.rate_limits.take("a@b.example", 7, 60) for task in tasks))

    assert waits.count(0.0) == 7
    assert all(0 < wait <= 60 / 7 for wait in waits if wait)


async def test_attempts_come_back_evenly(shared: SharedByTwo) -> None:
    limits = shared.one.rate_limits
    assert [await limits.take("key", 3, 30) for _ in range(3)] == [0.0, 0.0, 0.0]
    wait = await limits.take("key", 3, 30)
    assert 9 < wait <= 10

    await shared.pass_seconds(wait)
    assert await limits.take("key", 3, 30) == 0.0
    assert await limits.take("key", 3, 30) > 0

    await shared.pass_seconds(30)
    assert [await limits.take("key", 3, 30) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert await limits.take("key", 3, 30) > 0


async def test_a_refused_attempt_costs_nothing(shared: SharedByTwo) -> None:
    limits = shared.one.rate_limits
    await limits.take("key", 1, 10)
    for _ in range(20):
        assert await limits.take("key", 1, 10) <= 10
    await shared.pass_seconds(10)
    assert await limits.take("key", 1, 10) == 0.0


async def test_keys_are_counted_apart(shared: SharedByTwo) -> None:
    assert await shared.one.rate_limits.take("a", 1, 60) == 0.0
    assert await shared.one.rate_limits.take("b", 1, 60) == 0.0
    assert await shared.one.rate_limits.take("a" * 10_000 + " ü}{", 1, 60) == 0.0


async def test_forgotten_attempts_may_be_made_again(shared: SharedByTwo) -> None:
    await shared.one.rate_limits.take("key", 1, 60)
    await shared.other.rate_limits.forget("key")
    assert await shared.one.rate_limits.take("key", 1, 60) == 0.0
    await shared.one.rate_limits.forget("never seen")


@pytest.mark.parametrize(("limit", "window_seconds"), [(0, 60.0), (-1, 60.0), (5, 0.0), (5, -1.0), (5, float("nan"))])
async def test_a_limit_that_makes_no_sense_is_refused(shared: SharedByTwo, limit: int, window_seconds: float) -> None:
    with pytest.raises(ValueError, match="A rate limit grants"):
        await shared.one.rate_limits.take("key", limit, window_seconds)


async def test_a_limit_grants_exactly_its_number_whatever_it_is(shared: SharedByTwo) -> None:
    for limit in (1, 3, 7, 999, 1500):
        waits = [await shared.one.rate_limits.take(f"limit {limit}", limit, 604_800) for _ in range(limit + 1)]
        assert waits[:limit] == [0.0] * limit
        assert waits[limit] > 0


async def test_one_task_at_a_time_has_a_lease(shared: SharedByTwo) -> None:
    assert await shared.one.leases.acquire("work", "one", 10)
    assert not await shared.other.leases.acquire("work", "other", 10)
    assert await shared.one.leases.acquire("work", "one", 10)
    assert await shared.other.leases.holder("work") == "one"
    assert await shared.other.leases.acquire("other work", "other", 10)


async def test_only_one_of_many_gets_a_lease(shared: SharedByTwo) -> None:
    tasks = [shared.one, shared.other] * 10
    got = await asyncio.gather(*(task.leases.acquire("work", str(i), 10) for i, task in enumerate(tasks)))
    assert got.count(True) == 1
    assert await shared.one.leases.holder("work") == str(got.index(True))


async def test_a_lease_ends_with_its_time(shared: SharedByTwo) -> None:
    await shared.one.leases.acquire("work", "one", 10)
    await shared.pass_seconds(9)
    assert await shared.one.leases.holder("work") == "one"
    await shared.pass_seconds(1)

    assert await shared.one.leases.holder("work") is None
    assert not await shared.one.leases.renew("work", "one", 10)
    assert await shared.other.leases.acquire("work", "other", 10)
    assert not await shared.one.leases.acquire("work", "one", 10)


async def test_a_renewed_lease_goes_on(shared: SharedByTwo) -> None:
    await shared.one.leases.acquire("work", "one", 10)
    for _ in range(3):
        await shared.pass_seconds(8)
        assert await shared.one.leases.renew("work", "one", 10)
    assert not await shared.other.leases.renew("work", "other", 10)
    assert await shared.other.leases.holder("work") == "one"
    assert not await shared.one.leases.renew("never acquired", "one", 10)


async def test_only_its_holder_gives_a_lease_back(shared: SharedByTwo) -> None:
    await shared.one.leases.acquire("work", "one", 10)
    await shared.other.leases.release("work", "other")
    assert await shared.other.leases.holder("work") == "one"
    await shared.one.leases.release("work", "one")
    assert await shared.other.leases.holder("work") is None
    assert await shared.other.leases.acquire("work", "other", 10)
    await shared.one.leases.release("never acquired", "one")


async def test_announcements_reach_every_task_in_order(shared: SharedByTwo) -> None:
    async with listening(shared.one, "news") as here, listening(shared.other, "news") as there:
        texts = [f"ü {i}\nline" for i in range(50)]
        for text in texts:
            await shared.one.announcements.publish("news", text)
        assert await _after_the_beginning(here, len(texts)) == texts
        assert await _after_the_beginning(there, len(texts)) == texts


async def _after_the_beginning(heard: AsyncIterator[str], count: int) -> list[str]:
    texts: list[str] = []
    while len(texts) < count:
        text = await anext(heard)
        if text not in ("first", "begin"):
            texts.append(text)
    return texts


async def test_announcements_stay_on_their_channel(shared: SharedByTwo) -> None:
    async with listening(shared.one, "a") as a, listening(shared.one, "b") as b:
        await shared.other.announcements.publish("a", "for a")
        await shared.other.announcements.publish("b", "for b")
        assert await anext(a) == "for a"
        assert await anext(b) == "for b"


async def test_who_is_slow_loses_the_oldest_announcements(shared: SharedByTwo) -> None:
    with capture_logs() as logs:
        async with listening(shared.one, "news") as heard, listening(shared.one, "end") as end:
            for i in range(1100):
                await shared.one.announcements.publish("news", str(i))
            await shared.one.announcements.publish("end", "all are told")
            await anext(end)
            assert await anext(heard) == "100"
    assert [each["event"] for each in logs] == ["a listener is slow and misses announcements"]


async def test_lines_come_back_in_order_with_their_numbers(shared: SharedByTwo) -> None:
    log = shared.one.live_log
    await log.append("sess_1", 1, ["a", "b"], epoch=1)
    await log.append("sess_1", 3, ['{"c": "ü:\\u0000"}', ""], epoch=1)
    everything = [(1, "a"), (2, "b"), (3, '{"c": "ü:\\u0000"}'), (4, "")]
    assert await shared.other.live_log.read("sess_1", 0) == everything
    assert await shared.other.live_log.read("sess_1", 2) == everything[2:]
    assert await shared.other.live_log.read("sess_1", 4) == []
    assert await shared.other.live_log.read("sess_2", 0) == []


async def test_lines_that_are_there_are_not_doubled(shared: SharedByTwo) -> None:
    log = shared.one.live_log
    await log.append("sess_1", 1, ["a", "b", "c"], epoch=1)
    await log.append("sess_1", 2, ["b", "c", "d"], epoch=1)
    await log.append("sess_1", 2, ["something else"], epoch=1)
    assert await log.read("sess_1", 0) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


async def test_numbers_may_be_left_out_and_filled_in_later(shared: SharedByTwo) -> None:
    log = shared.one.live_log
    await log.append("sess_1", 10, ["k"], epoch=1)
    await log.append("sess_1", 2, ["c"], epoch=1)
    assert await log.read("sess_1", 0) == [(2, "c"), (10, "k")]


async def test_a_writer_left_behind_is_fenced_off(shared: SharedByTwo) -> None:
    await shared.one.live_log.append("sess_1", 1, ["a"], epoch=1)
    await shared.other.live_log.append("sess_1", 2, [], epoch=2)
    with pytest.raises(Fenced) as fenced:
        await shared.one.live_log.append("sess_1", 2, ["of the old one"], epoch=1)
    assert fenced.value.epoch == 2
    await shared.other.live_log.append("sess_1", 2, ["of the new one"], epoch=2)
    assert await shared.one.live_log.read("sess_1", 0) == [(1, "a"), (2, "of the new one")]


async def test_what_is_deleted_is_not_brought_back_by_a_writer_left_behind(shared: SharedByTwo) -> None:
    await shared.one.live_log.append("sess_1", 1, ["a"], epoch=3)
    await shared.other.live_log.delete("sess_1")
    assert await shared.one.live_log.read("sess_1", 0) == []
    with pytest.raises(Fenced):
        await shared.one.live_log.append("sess_1", 2, ["b"], epoch=2)
    await shared.one.live_log.append("sess_1", 2, ["c"], epoch=3)
    assert await shared.one.live_log.read("sess_1", 0) == [(2, "c")]
    await shared.one.live_log.delete("never seen")


async def test_a_log_ends_when_it_was_told_to(shared: SharedByTwo) -> None:
    log = shared.one.live_log
    await log.append("sess_1", 1, ["a"], epoch=1)
    await log.expire("sess_1", 60)
    await shared.pass_seconds(59)
    assert await log.read("sess_1", 0) == [(1, "a")]
    await shared.pass_seconds(1)
    assert await log.read("sess_1", 0) == []
    await log.expire("never seen", 60)


async def test_a_log_that_goes_on_does_not_end(shared: SharedByTwo) -> None:
    log = shared.one.live_log
    await log.append("sess_1", 1, ["a"], epoch=1)
    await log.expire("sess_1", 60)
    await log.append("sess_1", 2, ["b"], epoch=1)
    await shared.pass_seconds(LOG_SECONDS - 1)
    assert await log.read("sess_1", 0) == [(1, "a"), (2, "b")]
    await shared.pass_seconds(1)
    assert await log.read("sess_1", 0) == []


async def test_a_log_keeps_its_newest_lines(shared: SharedByTwo) -> None:
    log = shared.one.live_log
    for first in range(1, MAX_LOG_LINES + 1001, 1000):
        await log.append("sess_1", first, ["line"] * 1000, epoch=1)
    kept = await log.read("sess_1", 0)
    assert len(kept) == MAX_LOG_LINES
    assert kept[-1][0] == MAX_LOG_LINES + 1000


async def test_lines_of_one_call_are_not_mixed_with_those_of_another(shared: SharedByTwo) -> None:
    tasks = [shared.one, shared.other] * 10
    calls = (task.live_log.append("sess_1", 1, [str(i)] * 50, epoch=1) for i, task in enumerate(tasks))
    await asyncio.gather(*calls)
    lines = await shared.one.live_log.read("sess_1", 0)
    assert len(lines) == 50
    assert len({line for _, line in lines}) == 1


_ATTEMPTS = st.lists(st.floats(0, 20), min_size=1, max_size=60)


@given(limit=st.integers(1, 6), pauses=_ATTEMPTS)
def test_what_is_granted_never_exceeds_the_limit_and_its_return(limit: int, pauses: list[float]) -> None:
    async def run() -> None:
        async with in_memory() as shared:
            granted, passed = 0, 0.0
            for pause in pauses:
                await shared.pass_seconds(pause)
                passed += pause
                wait = await shared.one.rate_limits.take("key", limit, 30)
                granted += wait == 0.0
                assert granted <= limit + passed / 30 * limit + 1e-3

    asyncio.run(run())
