import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.providers.embedded.worker_process import WorkerProcess

MODULE = "arithmetic_worker"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.fixture
async def worker() -> AsyncIterator[WorkerProcess]:
    async with WorkerProcess(MODULE) as worker:
        yield worker


async def test_answers_a_request(worker: WorkerProcess) -> None:
    answer = await worker.request({"do": "echo", "words": "è \U0001f600"}, timeout_seconds=5)

    assert answer["words"] == "è \U0001f600"
    assert answer["process"] == worker.process_id != os.getpid()


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system has no priorities of processes")
async def test_gives_way_to_the_server(worker: WorkerProcess) -> None:
    answer = await worker.request({"do": "echo"}, timeout_seconds=5)

    assert os.getpriority(os.PRIO_PROCESS, answer["process"]) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_gives_each_request_its_own_answers(worker: WorkerProcess) -> None:
    async def count(to: int) -> list[tuple[int, bytes]]:
        answers = worker.stream({"do": "count", "to": to}, timeout_seconds=5)
        return [(answer.header["number"], answer.body) async for answer in answers]

    counts = await asyncio.gather(*(count(to) for to in range(20)))

    assert counts == [[(number, bytes([number])) for number in range(to)] for to in range(20)]


async def test_carries_a_large_body_both_ways(worker: WorkerProcess) -> None:
    body = bytes(range(256)) * 10_000

    answers = [answer async for answer in worker.stream({"do": "echo"}, body, timeout_seconds=10)]

    assert [answer.body for answer in answers] == [body[::-1]]


async def test_a_failure_has_the_workers_own_words(worker: WorkerProcess) -> None:
    with pytest.raises(ProviderUnavailable, match=r"No such thing\. Ask for another\.") as failure:
        await worker.request({"do": "fail"}, timeout_seconds=5)
    assert failure.value.code == "no_such_thing"

    with pytest.raises(ProviderUnavailable, match="ZeroDivisionError: by zero"):
        await worker.request({"do": "crash"}, timeout_seconds=5)

    with pytest.raises(ProviderUnavailable, match="gave no answer"):
        await worker.request({"do": "nothing"}, timeout_seconds=5)


async def test_what_a_library_prints_is_logged_and_disturbs_nothing(
    worker: WorkerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await worker.request({"do": "print"}, timeout_seconds=5)
        await worker.request({"do": "echo"}, timeout_seconds=5)
        await worker.__aexit__()

    assert "a library prints this" in caplog.text
    assert "and this" in caplog.text


async def test_a_timeout_kills_the_process_and_the_next_request_is_answered(worker: WorkerProcess) -> None:
    first = worker.process_id
    bystander = asyncio.create_task(worker.request({"do": "echo"}, timeout_seconds=None))
    assert (await bystander)["process"] == first

    hanging = asyncio.create_task(worker.request({"do": "hang"}, timeout_seconds=0.2))
    await asyncio.sleep(0)
    bystander = asyncio.create_task(worker.request({"do": "echo"}, timeout_seconds=None))

    with pytest.raises(ProviderTimeout, match="did not answer within"):
        await hanging
    assert (await worker.request({"do": "echo"}, timeout_seconds=10))["process"] != first
    with pytest.raises(ProviderUnavailable, match="died"):
        await bystander


@pytest.mark.parametrize("how", ["by itself", "by a signal"])
async def test_death_fails_what_was_asked_and_the_next_request_is_answered(worker: WorkerProcess, how: str) -> None:
    first = worker.process_id
    assert first is not None
    if how == "by itself":
        asked = asyncio.create_task(worker.request({"do": "die"}, timeout_seconds=None))
    else:
        asked = asyncio.create_task(worker.request({"do": "hang"}, timeout_seconds=None))
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)

    with pytest.raises(ProviderUnavailable, match="died; it is being started again"):
        await asked
    assert (await worker.request({"do": "echo"}, timeout_seconds=10))["process"] != first


async def test_a_process_that_cannot_start_is_reported() -> None:
    with pytest.raises(ProviderUnavailable, match="died"):
        await WorkerProcess(MODULE, ["stillborn"]).__aenter__()

    with pytest.raises(ProviderUnavailable, match="died"):
        await WorkerProcess("no_such_module").__aenter__()


async def test_a_process_that_keeps_dying_is_not_asked_again_and_again(worker: WorkerProcess) -> None:
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="being started again"):
            await worker.request({"do": "die"}, timeout_seconds=10)

    with pytest.raises(ProviderUnavailable, match="keeps dying"):
        await worker.request({"do": "echo"}, timeout_seconds=10)


async def test_a_cancelled_request_leaves_the_worker_to_others(worker: WorkerProcess) -> None:
    endless = worker.stream({"do": "forever"}, timeout_seconds=None)
    await anext(endless)
    queued = asyncio.create_task(worker.request({"do": "echo"}, timeout_seconds=10))
    await asyncio.sleep(0)

    await endless.aclose()

    assert (await queued)["process"] == worker.process_id


async def test_cancelling_while_the_process_starts_leaves_none() -> None:
    before = {child.pid for child in psutil.Process().children()}
    opening = asyncio.create_task(WorkerProcess(MODULE).__aenter__())
    while {child.pid for child in psutil.Process().children()} == before:  # noqa: ASYNC110 nothing announces a process
        await asyncio.sleep(0)

    opening.cancel()

    with pytest.raises(asyncio.CancelledError):
        await opening
    assert {child.pid for child in psutil.Process().children()} == before


async def test_closing_ends_the_process_and_refuses_requests() -> None:
    worker = WorkerProcess(MODULE)
    with pytest.raises(ProviderUnavailable, match="not running"):
        await worker.request({"do": "echo"}, timeout_seconds=1)
    async with worker:
        process = psutil.Process(worker.process_id)
        hanging = asyncio.create_task(worker.request({"do": "hang"}, timeout_seconds=None))
        await asyncio.sleep(0)

    assert not process.is_running()
    with pytest.raises(ProviderUnavailable):
        await hanging
    with pytest.raises(ProviderUnavailable, match="not running"):
        await worker.request({"do": "echo"}, timeout_seconds=1)


async def test_ctrl_c_is_the_servers_business(worker: WorkerProcess) -> None:
    assert worker.process_id is not None
    os.kill(worker.process_id, signal.SIGINT)

    assert (await worker.request({"do": "echo"}, timeout_seconds=5))["process"] == worker.process_id


SERVER = f"""
import asyncio
from pipeline.providers.embedded.worker_process import WorkerProcess

async def main():
    async with WorkerProcess("{MODULE}") as worker:
        print(worker.process_id, flush=True)
        await worker.request({{"do": "hang"}}, timeout_seconds=None)

asyncio.run(main())
"""


async def test_a_killed_server_leaves_no_worker() -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert server.stdout is not None
    worker = psutil.Process(int(server.stdout.readline()))

    server.kill()
    server.wait()

    with contextlib.suppress(psutil.NoSuchProcess):
        worker.wait(timeout=10)
    server.stdout.close()
    assert not worker.is_running()
