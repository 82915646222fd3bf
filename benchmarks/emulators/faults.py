"""What an emulated vendor does wrong, and on which requests."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

import aiohttp.web


class FaultKind(StrEnum):
    """One way of failing. Half open: the connection stands, be it a socket or the head of an answer, but is dead."""

    HANG_ON_CONNECT = "hang-on-connect"
    HALF_OPEN = "half-open"
    HANG_MIDWAY = "hang-midway"
    EMPTY = "empty"
    CLOSE_MIDWAY = "close-midway"
    DRIP = "drip"
    SERVER_ERROR = "500"
    TOO_MANY_REQUESTS = "429"
    UNAUTHORIZED = "401"
    GARBAGE = "garbage"


REFUSALS = {FaultKind.SERVER_ERROR: 500, FaultKind.TOO_MANY_REQUESTS: 429, FaultKind.UNAUTHORIZED: 401}
GARBAGE = b"\xff\x00\xfe{not what was promised"
DRIP_SECONDS = 0.5
"""Between two pieces of an answer that drips."""


@dataclass(slots=True)
class Fault:
    """A way of failing and the requests that it strikes."""

    kind: FaultKind
    request: str | None = None
    """`transcription`, `completion` or `speech`; None: all of them."""
    session_id: str | None = None
    """None: every conversation."""
    times: int | None = None
    """How many requests it strikes; None: all."""
    share: float = 1.0
    """How many of those that it may strike, by chance; the same ones on every run."""

    @classmethod
    def parse(cls, description: str) -> "Fault":
        """Read `KIND[:REQUEST[:SESSION[:TIMES]]]`, where an empty part means any. Raises ValueError.

        TIMES is a number of requests or a share of them, such as `5%`.
        """
        kind, request, session_id, times = [*description.split(":"), "", "", ""][:4]
        fault = cls(FaultKind(kind), request or None, session_id or None)
        if times.endswith("%"):
            fault.share = float(times.removesuffix("%")) / 100
        elif times:
            fault.times = int(times)
        return fault


class Faults:
    """The faults that are waiting for their requests."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = list(faults)
        self._random = random.Random(0)

    def add(self, fault: Fault) -> None:
        """From now on, this goes wrong too. The oldest fault that fits a request strikes it."""
        self._faults.append(fault)

    def clear(self) -> None:
        """From now on, nothing goes wrong."""
        self._faults.clear()

    def take(self, request: str, session_id: str) -> FaultKind | None:
        """What goes wrong with this request, if anything."""
        for fault in self._faults:
            if fault.request in (None, request) and fault.session_id in (None, session_id) and fault.times != 0:
                if fault.share < 1.0 and self._random.random() >= fault.share:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault.kind
        return None


async def hang() -> None:
    """Answer nothing until the client goes away."""
    await asyncio.Event().wait()


async def afflict(pieces: AsyncIterator[bytes], fault: FaultKind | None) -> AsyncIterator[bytes]:
    """Give the pieces of an answer as the fault lets them through. Raises ConnectionAbortedError to be cut off."""
    if fault is FaultKind.EMPTY:
        return
    if fault is FaultKind.HALF_OPEN:
        await hang()
    first = True
    async for piece in pieces:
        if not first and fault is FaultKind.HANG_MIDWAY:
            await hang()
        if not first and fault is FaultKind.CLOSE_MIDWAY:
            raise ConnectionAbortedError
        if fault is FaultKind.DRIP:
            await asyncio.sleep(DRIP_SECONDS)
        yield GARBAGE if fault is FaultKind.GARBAGE else piece
        first = False


def cut_off(request: aiohttp.web.Request) -> None:
    """Break the connection as a dying server does."""
    if request.transport is not None:
        request.transport.abort()
