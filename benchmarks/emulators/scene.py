"""What all emulated vendors share: script, profile, faults and the log of what was asked."""

import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp.web
import orjson

from benchmarks.emulators.faults import REFUSALS, FaultKind, Faults, hang
from benchmarks.emulators.profile import PROFILES, Delays, Profile
from benchmarks.emulators.script import Script

KEPT_REQUESTS = 10_000
"""Of the log; the oldest are forgotten."""


@dataclass(slots=True)
class Exchange:
    """One request and how it is answered."""

    seconds: float
    """When it came: `time.monotonic()`."""
    vendor: str
    request: str
    """`transcription`, `completion`, `speech`, `voices` or `models`."""
    session_id: str
    """From the header `X-Session-Id`; "" without one."""
    number: int
    """Its place among the requests of its conversation, from 1."""
    fault: FaultKind | None
    text: list[str] = field(default_factory=list)
    """What was sent to be said or answered, in order."""
    audio_bytes: int = 0
    """How much audio was sent or received."""
    finished: bool = False
    """Whether it was answered to the end."""


class Scene:
    """One world for the vendors to play in. It may be shared by several."""

    def __init__(
        self,
        script: Script | None = None,
        profile: Profile = PROFILES["zero"],
        faults: Faults | None = None,
        *,
        seed: int = 0,
        keys: frozenset[str] | None = None,
    ) -> None:
        self.script = script or Script()
        self.faults = faults or Faults()
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT_REQUESTS)
        self._profile = profile
        self._seed = seed
        self._keys = keys
        self._counts: Counter[str] = Counter()

    def begin(self, http: aiohttp.web.Request, vendor: str, request: str) -> Exchange:
        """Note a request and decide its fault."""
        session_id = http.headers.get("X-Session-Id", "")
        fault = self.faults.take(request, session_id)
        self._counts[session_id] += 1
        exchange = Exchange(time.monotonic(), vendor, request, session_id, self._counts[session_id], fault)
        self.exchanges.append(exchange)
        return exchange

    def delays(self, exchange: Exchange) -> Delays:
        """The delays of a request: they depend on its conversation and on its place there."""
        name = f"{exchange.session_id}/{exchange.number}/{exchange.request}"
        return Delays(self._profile, self._seed, name)

    def accepts(self, key: str) -> bool:
        """Whether an API key is right."""
        return bool(key) and (self._keys is None or key in self._keys)

    async def refusal(self, exchange: Exchange) -> int | None:
        """The HTTP status that this request is refused with, None if it is answered. May hang."""
        if exchange.fault is FaultKind.HANG_ON_CONNECT:
            await hang()
        return REFUSALS.get(exchange.fault) if exchange.fault else None

    async def log(self, _: aiohttp.web.Request) -> aiohttp.web.Response:
        """`GET /emulator/log`: every request so far."""
        entries: list[dict[str, Any]] = [asdict(exchange) for exchange in self.exchanges]
        return aiohttp.web.json_response(body=orjson.dumps({"requests": entries}))
