"""How often something may be tried, over all tasks.

Who guesses is slowed down more and more: from one network at one account there are 5 attempts at once, then one each
12 s, after 10 one each 90 s, after 20 one each 18 minutes; from one network at all accounts 30 a minute and 200 an
hour. What many networks do to one account is bounded as well, loosely: 50, then one each 12 s, so that nobody is shut
out by strangers for long; and whose browser has logged in before (a cookie tells) is not counted among them.
"""

import math
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

from voice_server.http.errors import ApiError
from voice_server.storage.shared.interfaces import RateLimits

Ladder = Sequence[tuple[int, float]]
"""So many at once, which come back evenly over so many seconds."""

_PERSON: Ladder = ((5, 60.0), (10, 900.0), (20, 21_600.0))
_NETWORK: Ladder = ((30, 60.0), (200, 3600.0))
_ACCOUNT: Ladder = ((50, 600.0),)
_REGISTRATIONS: Ladder = ((10, 3600.0),)
_LETTERS: Ladder = ((5, 3600.0),)
_TOKENS: Ladder = ((30, 60.0),)
_REFRESHES: Ladder = ((120, 60.0),)


def network_of(address: str | None) -> str:
    """What one person can easily choose addresses from: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return parsed.exploded[:19]
    return str(parsed)


class Attempts:
    """Grants attempts. All methods raise ApiError 429 with `Retry-After` if there have been too many."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits

    async def log_in(self, network: str, email: str, *, known_device: str | None) -> None:
        """A password is to be tried."""
        await self._take(f"log-in/from/{network}", _NETWORK)
        await self._take(_person(network, email, known_device), _PERSON)
        if known_device is None:
            await self._take(f"log-in/to/{email}", _ACCOUNT)

    async def logged_in(self, network: str, email: str, *, known_device: str | None) -> None:
        """The password was right: what was mistyped before it does not count."""
        for limit, seconds in _PERSON:
            await self._limits.forget(_key(_person(network, email, known_device), limit, seconds))

    async def register(self, network: str, email: str) -> None:
        """An account is wanted."""
        await self._take(f"register/from/{network}", _REGISTRATIONS)
        await self._take(f"register/to/{email}", _LETTERS)

    async def forgot(self, network: str, email: str) -> None:
        """A letter with a link is wanted."""
        await self._take(f"forgot/from/{network}", _TOKENS)
        await self._take(f"forgot/to/{email}", _LETTERS)

    async def use_token(self, network: str) -> None:
        """A link from a letter is followed."""
        await self._take(f"token/from/{network}", _TOKENS)

    async def refresh(self, network: str) -> None:
        """A refresh token is presented."""
        await self._take(f"refresh/from/{network}", _REFRESHES)

    async def change_password(self, account_id: str) -> None:
        """Somebody who is logged in tries their old password."""
        await self._take(f"change-password/{account_id}", _PERSON)

    async def _take(self, key: str, ladder: Ladder) -> None:
        for limit, seconds in ladder:
            wait = await self._limits.take(_key(key, limit, seconds), limit, seconds)
            if wait > 0:
                whole = max(1, math.ceil(wait))
                message = f"There have been too many attempts; try again in {whole} s."
                raise ApiError(429, "rate_limit_exceeded", message, headers={"Retry-After": str(whole)})


def _person(network: str, email: str, known_device: str | None) -> str:
    return f"log-in/person/{email}/{known_device or network}"


def _key(key: str, limit: int, seconds: float) -> str:
    return f"accounts/{key}/{limit}/{seconds:g}"
