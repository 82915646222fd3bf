"""Many conversations in one process: `python -m benchmarks.crowd`, with a task on stdin and what happened on stdout.

The measuring process starts as many of these as it has cores, so that a client is not the bottleneck; each says how
late its own event loop was.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from benchmarks.caller import caller
from benchmarks.conversation import Conversation, Room, Step
from benchmarks.machine import Lag, run
from benchmarks.recordings import Recording, library
from benchmarks.targets import Endpoint

CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Person:
    """One conversation to hold."""

    session: int
    starts: float
    """Seconds after the beginning."""
    steps: tuple[Step, ...]


class Crowd:
    """Holds conversations with one endpoint."""

    def __init__(self, endpoint: Endpoint, room: Room, recordings: Mapping[str, Recording]) -> None:
        self._recordings = recordings
        self._endpoint = endpoint
        self._room = room
        self.turns: list[dict[str, Any]] = []
        self.failures: list[str] = []
        self.frames = 0
        self.late_frames = 0

    async def hold(self, http: aiohttp.ClientSession, person: Person) -> None:
        """One conversation, from its start to its end; a failure is noted."""
        await asyncio.sleep(person.starts)
        marks_end = self._endpoint.marks_end
        try:
            async with caller(http, self._endpoint) as connected:
                conversation = Conversation(connected, person.steps, self._recordings, self._room, marks_end=marks_end)
                try:
                    await conversation.run()
                finally:
                    self.turns += [turn | {"session": person.session} for turn in conversation.turns()]
                    self.frames += conversation.frames
                    self.late_frames += conversation.late_frames
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            self.failures.append(f"session {person.session}: {error or type(error).__name__}")


async def hold_all(task: dict[str, Any]) -> dict[str, Any]:
    """Hold all conversations of a task at once."""
    recordings = library(Path(task["made"]) if task["made"] else None)
    crowd = Crowd(Endpoint(**task["endpoint"]), Room(**task["room"]), recordings)
    lag = Lag()
    began, busy = time.monotonic(), time.process_time()
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
    connector = aiohttp.TCPConnector(limit=0)
    async with lag.watched(), aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        people = [
            Person(one["session"], one["starts"], tuple(Step(**step) for step in one["steps"]))
            for one in task["people"]
        ]
        await asyncio.gather(*(crowd.hold(http, person) for person in people))
    return {
        "turns": crowd.turns,
        "failures": crowd.failures,
        "frames": crowd.frames,
        "late_frames": crowd.late_frames,
        "cpu_seconds": time.process_time() - busy,
        "seconds": time.monotonic() - began,
        "lag_p50_ms": lag.percentile_ms(50),
        "lag_p99_ms": lag.percentile_ms(99),
        "lag_max_ms": lag.percentile_ms(100),
    }


def main() -> None:
    """Read the task, do it, write what happened."""
    task = orjson.loads(sys.stdin.buffer.read())
    result = run(hold_all(task))
    sys.stdout.buffer.write(orjson.dumps(result, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS))


if __name__ == "__main__":
    main()
