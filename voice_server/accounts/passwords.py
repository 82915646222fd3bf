"""Passwords: which are good enough, and how they are kept.

Argon2id with 19 MiB, two passes and one lane: one of the choices that OWASP's cheat sheet on password storage gives as
the least, about 20 ms of one core. More would not make a bad password good, and would let fewer log-ins use up more of
a machine whose work is to hold conversations.
"""

import asyncio
import os
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import ParamSpec, Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from voice_server.http.errors import ApiError

MIN_CHARACTERS = 10
MAX_CHARACTERS = 1000
_MIN_DIFFERENT = 4
NO_PASSWORD = "!"  # noqa: S105 -- what no password can match
"""In the place of a hash: nobody logs in with a password here."""

MEMORY_KIB = 19_456
PASSES = 2
LANES = 1
MAX_WAITING = 32
"""Who comes after so many that wait is sent away: they would wait for longer than people do."""
_NICENESS = 10
"""Of the thread that hashes, where the system has this: a conversation always goes first."""

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


def check_password(password: str, address: str) -> None:
    """Raises ApiError 400 if it is among the first that somebody would try for this address."""
    plain = _normal(password).casefold()
    if plain in _common() or len(set(plain)) < _MIN_DIFFERENT:
        raise _weak("This password is one of the first that anybody would try; take another one.")
    local = address.partition("@")[0]
    if address in plain or plain in address or plain.strip("0123456789!.?") == local:
        raise _weak("The password must not be the e-mail address; take another one.")


class PasswordHashes:
    """Makes and checks hashes in one thread of its own, so that neither the event loop nor the core is taken up.

    One at a time, at a low priority, and so many waiting: a flood of log-ins slows log-ins down, and nothing else.
    """

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES, max_waiting: int = MAX_WAITING) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=LANES, type=Type.ID)
        self._max_waiting = max_waiting
        self._waiting = 0
        self._threads: ThreadPoolExecutor | None = None
        self._dummy = ""

    async def __aenter__(self) -> Self:
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="password-hashes", initializer=_step_back)
        self._dummy = await self.hash("nobody has this password")
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """Its hash with a new salt. Raises ApiError 503 if too many wait."""
        return await self._run(self._hasher.hash, _normal(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password belongs to the hash. Raises ApiError 503 if too many wait.

        None, or an account without a password, costs the same and gives False: the time tells nothing.
        """
        known = password_hash is not None and password_hash != NO_PASSWORD
        matches = await self._run(self._matches, password_hash if known and password_hash else self._dummy, password)
        return matches and known

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than hashes are made with now."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs) -> _Result:
        if self._threads is None:
            raise RuntimeError("open PasswordHashes with `async with` first")
        if self._waiting >= self._max_waiting:
            message = "Too many people are logging in at this moment; try again in a few seconds."
            raise ApiError(503, "server_busy", message, headers={"Retry-After": "2"})
        self._waiting += 1
        future = self._threads.submit(work, *given, **named)
        # Counted until the thread is done with it, not until whoever asked has gone away.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.is_closed() or loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    def _done(self) -> None:
        self._waiting -= 1


def _step_back() -> None:
    # On Linux each thread has a priority of its own; elsewhere this would slow the whole process down.
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _normal(password: str) -> str:
    """One spelling of what different keyboards make of the same keys (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


@cache
def _common() -> frozenset[str]:
    return frozenset((files("voice_server.accounts") / "common_passwords.txt").read_text(encoding="utf-8").split())


def _weak(message: str) -> ApiError:
    return ApiError(400, "weak_password", message, param="password")
