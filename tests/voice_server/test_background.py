"""Work behind the requests: it runs, it stops, and what goes wrong in it is told."""

import asyncio

from structlog.testing import capture_logs

from voice_server.background import running


async def test_it_runs_beside_and_is_over_when_the_server_is() -> None:
    seen = []
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("stopped")

    async with running("work", work):
        await begun.wait()
        assert not seen
    assert seen == ["stopped"]


async def test_it_may_be_stopped_before_it_began() -> None:
    async def work() -> None:
        raise AssertionError

    async with running("work", work):
        pass


async def test_a_failure_is_told_and_ends_nothing_else() -> None:
    failed = asyncio.Event()

    async def work() -> None:
        try:
            raise ZeroDivisionError
        finally:
            failed.set()

    with capture_logs() as logs:
        async with running("work", work):
            await failed.wait()
            await asyncio.sleep(0)
    assert [(line["event"], line["work"]) for line in logs] == [("background work failed", "work")]
