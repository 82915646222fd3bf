"""The machine that measures: its cores, what processes cost on it, and whether the one that measures kept up."""

import asyncio
import contextlib
import os
import platform
import time
from collections.abc import AsyncGenerator, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

LAG_STEP_SECONDS = 0.02
MAX_LAG_P99_SECONDS = 0.02
"""A client whose event loop is later than this measures itself and not the server."""
MAX_BUSY = 0.85
"""Of its cores: above it, the client was the bottleneck."""


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run on the quicker event loop where there is one."""
    try:
        import uvloop  # noqa: PLC0415 -- does not exist on every system
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def cores() -> tuple[int | None, Sequence[int]]:
    """One core for the server and the rest for everything else; None where cores cannot be told apart."""
    if not hasattr(os, "sched_getaffinity"):
        return None, ()
    available = sorted(os.sched_getaffinity(0))
    return (available[-1], available[:-1]) if len(available) > 1 else (None, available)


def describe() -> dict[str, object]:
    """The machine, for the result."""
    processor = platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), processor)
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process and its children have cost so far."""

    cpu_seconds: float
    rss_bytes: int


def cost(pid: int) -> Cost:
    """Of a process and all its children; nothing of those that have gone."""
    cpu, memory = 0.0, 0
    with contextlib.suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                memory += process.memory_info().rss
    return Cost(cpu, memory)


def busy_seconds(core: int | None) -> float:
    """How long a core has been busy with anything; 0 where that cannot be told."""
    if core is None:
        return 0.0
    times = psutil.cpu_times(percpu=True)[core]
    return float(times.user + times.nice + times.system)


class Lag:
    """How late the event loop is, measured all the time."""

    def __init__(self) -> None:
        self._late: list[float] = []

    def __len__(self) -> int:
        return len(self._late)

    def percentile_ms(self, percent: float) -> float:
        """In milliseconds; 0 before the first measure."""
        return float(np.percentile(self._late, percent)) * 1000 if self._late else 0.0

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncGenerator[None, None]:
        """Measure while this is entered."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            due = time.monotonic() + LAG_STEP_SECONDS
            await asyncio.sleep(LAG_STEP_SECONDS)
            self._late.append(max(0.0, time.monotonic() - due))
