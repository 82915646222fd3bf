"""What stores know of people, and how they forget it: one implementation for each store, all of them given by the
composition root. Erasing twice is as good as once: a job that was broken off begins its store anew."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

import structlog

from voice_server.privacy.subject import Subject
from voice_server.storage.objects.interfaces import InvalidKey, Objects, check_key
from voice_server.storage.shared.interfaces import Announcements, Fenced, Leases, LiveLog, RateLimits

END_CHANNEL = "privacy/end"
LAST_EPOCH = 2**31 - 1
"""Nobody goes on with a log after this one."""
End = Callable[[Sequence[str]], Awaitable[None]]
"""Ends the live conversations of these ids that are this task's, if any."""

_log = structlog.get_logger(__name__)


class Traces(Protocol):
    """Of people, in one store. Both raise what the store raises when it is away."""

    @property
    def name(self) -> str:
        """Of the store, as the receipt has it."""
        ...

    async def find(self, subject: Subject) -> Mapping[str, int]:
        """How much of each kind there is of somebody now; kinds of which there is nothing are left out."""
        ...

    async def erase(self, subject: Subject) -> None:
        """Remove all of it."""
        ...


class LiveLogTraces:
    """The logs of live conversations, in Redis. Nobody can write them any more afterwards, also not a task that has
    not noticed yet."""

    name = "live_log"

    def __init__(self, live_log: LiveLog) -> None:
        self._live_log = live_log

    async def find(self, subject: Subject) -> Mapping[str, int]:
        """See Traces. Raises SharedUnavailable."""
        lines = 0
        for each in _logs_of(subject):
            lines += len(await self._live_log.read(each, -1))
        return {"lines": lines} if lines else {}

    async def erase(self, subject: Subject) -> None:
        """See Traces. Raises SharedUnavailable."""
        for each in _logs_of(subject):
            try:
                await self._live_log.append(each, 1, [], epoch=LAST_EPOCH)
            except Fenced:  # pragma: no cover -- there is no later epoch
                _log.warning("a log is in an epoch beyond the last", log=each)
            await self._live_log.delete(each)


class LeaseTraces:
    """Leases of conversations and sessions."""

    name = "leases"

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    async def find(self, subject: Subject) -> Mapping[str, int]:
        """See Traces. Raises SharedUnavailable."""
        held = [each for each in _leases_of(subject) if await self._leases.holder(each) is not None]
        return {"leases": len(held)} if held else {}

    async def erase(self, subject: Subject) -> None:
        """See Traces. Raises SharedUnavailable."""
        for each in _leases_of(subject):
            if (holder := await self._leases.holder(each)) is not None:
                await self._leases.release(each, holder)


class RateLimitTraces:
    """Attempts that were counted under an address or an account: SHA-256 of it, for six hours at most.

    Those that were counted under an address and a network together cannot be found again, and end by themselves.
    """

    name = "rate_limits"

    def __init__(self, limits: RateLimits, keys_of: Callable[[Subject], Sequence[str]]) -> None:
        self._limits = limits
        self._keys_of = keys_of

    async def find(self, _subject: Subject) -> Mapping[str, int]:
        """Nobody can tell what was counted without counting."""
        return {}

    async def erase(self, subject: Subject) -> None:
        """See Traces."""
        for key in self._keys_of(subject):
            await self._limits.forget(key)


def account_rate_keys(subject: Subject) -> list[str]:
    """Under what `accounts.attempts` counts what is done to an account."""
    letters = [f"accounts/{what}/to/{email}/5/3600" for email in subject.emails for what in ("register", "forgot")]
    log_ins = [f"accounts/log-in/to/{email}/50/600" for email in subject.emails]
    ladder = ("5/60", "10/900", "20/21600")
    passwords = [f"accounts/change-password/{account}/{step}" for account in subject.accounts for step in ladder]
    return [*letters, *log_ins, *passwords]


class ObjectTraces:
    """Objects with all their versions. Each has a row, which is written before it: none is unknown."""

    name = "objects"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def find(self, subject: Subject) -> Mapping[str, int]:
        """See Traces. Raises ObjectsUnavailable."""
        found = [key for key in _keys(subject.objects) if await self._objects.get(key) is not None]
        return {"objects": len(found)} if found else {}

    async def erase(self, subject: Subject) -> None:
        """See Traces. Raises ObjectsUnavailable."""
        await self._objects.delete(_keys(subject.objects))


class LiveEndings:
    """Ends the live conversations of somebody, on whatever tasks they are."""

    def __init__(self, announcements: Announcements, end: End) -> None:
        """`end`: of this task's."""
        self._announcements = announcements
        self._end = end

    async def end(self, conversation_ids: Sequence[str]) -> None:
        """Ask all tasks to. Raises SharedUnavailable; those of this task have ended nevertheless."""
        if conversation_ids:
            await self._end(conversation_ids)
            await self._announcements.publish(END_CHANNEL, "\n".join(conversation_ids))

    async def run(self) -> None:
        """End what other tasks ask for, for as long as the server runs."""
        async with aclosing(self._announcements.listen(END_CHANNEL)) as asked:
            async for text in asked:
                await self._end(text.split("\n"))


def _logs_of(subject: Subject) -> tuple[str, ...]:
    return (*subject.conversations, *subject.sessions)


def _leases_of(subject: Subject) -> list[str]:
    return [
        *(f"conversation:{each}" for each in subject.conversations),
        *(f"session:{each}" for each in subject.sessions),
    ]


def _keys(keys: Sequence[str]) -> list[str]:
    """Those that can be keys of objects."""
    valid = []
    for key in keys:
        try:
            valid.append(check_key(key))
        except InvalidKey:
            _log.warning("a row names what can be no object")
    return valid
