"""What tasks share, where there is only one: the in-process twin of Redis, bounded and with the same rules."""

import asyncio
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from voice_server.storage.shared.interfaces import LOG_SECONDS, MAX_LOG_LINES, Fenced, Shared, SharedUnavailable

MAX_RATE_KEYS = 100_000
"""Beyond it, those used longest ago get their attempts back."""
MAX_LEASES = 100_000
MAX_LOG_CHARACTERS = 256 * 1024 * 1024
"""Of all logs; beyond it, those that were added to longest ago go."""
MAX_WAITING = 1000
"""Announcements that wait for one listener."""

Clock = Callable[[], float]

_log = structlog.get_logger(__name__)


def interval_microseconds(limit: int, window_seconds: float) -> int:
    """From one attempt to the next. Whole numbers, so that exactly `limit` fit into a window."""
    if limit < 1 or not window_seconds > 0:
        raise ValueError(
            f"A rate limit grants at least one attempt in a time above 0, not {limit} in {window_seconds}."
        )
    return max(1, int(window_seconds * 1_000_000 / limit))


class MemoryRateLimits:
    """Counts the attempts of this process."""

    def __init__(self, now: Clock = time.monotonic) -> None:
        self._now = now
        self._paid_off: OrderedDict[str, int] = OrderedDict()
        """When the attempts granted to a key are paid off, in microseconds; the one used last is the last."""

    async def take(self, key: str, limit: int, window_seconds: float) -> float:
        """Ask for one attempt: 0.0 = granted, else the seconds to wait."""
        interval = interval_microseconds(limit, window_seconds)
        now = int(self._now() * 1_000_000)
        paid_off = max(self._paid_off.get(key, now), now)
        wait = paid_off + interval - interval * limit - now
        if wait > 0:
            return wait / 1_000_000
        self._paid_off[key] = paid_off + interval
        self._paid_off.move_to_end(key)
        self._tidy(now)
        return 0.0

    async def forget(self, key: str) -> None:
        """Give all attempts of this key back."""
        self._paid_off.pop(key, None)

    def _tidy(self, now: int) -> None:
        while self._paid_off:
            oldest = next(iter(self._paid_off))
            if self._paid_off[oldest] > now and len(self._paid_off) <= MAX_RATE_KEYS:
                return
            del self._paid_off[oldest]


class MemoryLeases:
    """Leases among the parts of this process."""

    def __init__(self, now: Clock = time.monotonic) -> None:
        self._now = now
        self._held: dict[str, tuple[str, float]] = {}
        """Holder and end of each lease."""
        self._tidy_above = 1000

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        """Take the lease, if nobody else has it."""
        if self.current(name) not in (None, holder):
            return False
        self.note(name, holder, self._now() + seconds)
        return True

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        """Hold it for `seconds` from now, if the holder still has it."""
        return self.current(name) == holder and await self.acquire(name, holder, seconds)

    async def release(self, name: str, holder: str) -> None:
        """Give it back, if it is the holder's."""
        if self.current(name) == holder:
            del self._held[name]

    async def holder(self, name: str) -> str | None:
        """Who has it now."""
        return self.current(name)

    def current(self, name: str) -> str | None:
        """Who has it now, without a way to wait."""
        holder, until = self._held.get(name, (None, 0.0))
        return holder if self._now() < until else None

    def note(self, name: str, holder: str, until: float) -> None:
        """Write down that somebody has it until then, whoever had it before. Raises SharedUnavailable if it is full."""
        if len(self._held) >= self._tidy_above:
            now = self._now()
            self._held = {each: held for each, held in self._held.items() if held[1] > now}
            self._tidy_above = max(1000, 2 * len(self._held))
        if len(self._held) >= MAX_LEASES and name not in self._held:
            raise SharedUnavailable(f"{MAX_LEASES:,} leases are held in this process; try again when some have ended.")
        self._held[name] = (holder, until)

    def drop(self, name: str) -> None:
        """Write down that nobody of this process has it."""
        self._held.pop(name, None)


@dataclass(slots=True, eq=False)
class _Listener:
    waiting: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    is_behind: bool = False
    """It has missed something since it last had heard everything."""


class MemoryAnnouncements:
    """Tells the listeners of this process."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, list[_Listener]] = defaultdict(list)
        self._told = asyncio.Condition()
        self._closed = False

    async def publish(self, channel: str, text: str) -> None:
        """Tell everybody who listens to the channel now."""
        for listener in self._listeners.get(channel, ()):
            if len(listener.waiting) == MAX_WAITING and not listener.is_behind:
                listener.is_behind = True
                _log.warning("a listener is slow and misses announcements", channel=channel)
            listener.waiting.append(text)
        await self._wake()

    async def listen(self, channel: str) -> AsyncGenerator[str, None]:
        """What is announced from now on, in order."""
        listener = _Listener()
        self._listeners[channel].append(listener)
        try:
            while True:
                async with self._told:
                    await self._told.wait_for(lambda: listener.waiting or self._closed)
                if not listener.waiting:
                    return
                yield listener.waiting.popleft()
                listener.is_behind = listener.is_behind and bool(listener.waiting)
        finally:
            self._listeners[channel].remove(listener)
            if not self._listeners[channel]:
                del self._listeners[channel]

    async def close(self) -> None:
        """End all listening, after what has been announced."""
        self._closed = True
        await self._wake()

    async def _wake(self) -> None:
        async with self._told:
            self._told.notify_all()


@dataclass(slots=True)
class _Log:
    lines: dict[int, str] = field(default_factory=dict)
    characters: int = 0
    epoch: int = 0
    until: float = 0.0
    """When everything is forgotten."""
    lines_until: float = 0.0


class MemoryLiveLog:
    """The logs of the sessions of this process."""

    def __init__(self, now: Clock = time.monotonic) -> None:
        self._now = now
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        """The one that was added to last is the last."""
        self._characters = 0

    async def append(self, session_id: str, first_sequence: int, lines: Sequence[str], *, epoch: int) -> None:
        """Add lines numbered from `first_sequence` on, in one step."""
        log = self._living(session_id) or _Log()
        if epoch < log.epoch:
            raise Fenced(session_id, log.epoch)
        log.epoch = epoch
        log.until = log.lines_until = self._now() + LOG_SECONDS
        before = log.characters
        for sequence, line in enumerate(lines, first_sequence):
            if sequence not in log.lines:
                log.lines[sequence] = line
                log.characters += len(line)
        if len(log.lines) > MAX_LOG_LINES:
            for sequence in sorted(log.lines)[:-MAX_LOG_LINES]:
                log.characters -= len(log.lines.pop(sequence))
        self._characters += log.characters - before
        self._logs[session_id] = log
        self._logs.move_to_end(session_id)
        self._tidy()

    async def read(self, session_id: str, after: int) -> list[tuple[int, str]]:
        """All lines whose number is greater than `after`, in order."""
        log = self._living(session_id)
        return sorted((sequence, line) for sequence, line in log.lines.items() if sequence > after) if log else []

    async def expire(self, session_id: str, seconds: float) -> None:
        """Let it end after `seconds`, unless something is added."""
        if log := self._living(session_id):
            log.lines_until = self._now() + seconds

    async def delete(self, session_id: str) -> None:
        """Remove all lines; the epoch stays known."""
        if log := self._living(session_id):
            self._empty(log)

    def _living(self, session_id: str) -> _Log | None:
        log = self._logs.get(session_id)
        if log is not None and log.until <= self._now():
            self._remove(session_id)
            return None
        if log is not None and log.lines_until <= self._now():
            self._empty(log)
        return log

    def _empty(self, log: _Log) -> None:
        self._characters -= log.characters
        log.lines.clear()
        log.characters = 0

    def _tidy(self) -> None:
        while self._logs:
            oldest = next(iter(self._logs))
            if self._logs[oldest].until > self._now() and self._characters <= MAX_LOG_CHARACTERS:
                return
            self._remove(oldest)

    def _remove(self, session_id: str) -> None:
        self._characters -= self._logs.pop(session_id).characters


@asynccontextmanager
async def open_memory(now: Clock = time.monotonic) -> AsyncGenerator[Shared, None]:
    """Everything that tasks share, for a server of one task. `now` gives seconds, from anywhere on."""
    announcements = MemoryAnnouncements()
    try:
        yield Shared(MemoryRateLimits(now), MemoryLeases(now), announcements, MemoryLiveLog(now))
    finally:
        await announcements.close()
