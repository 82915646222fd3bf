"""Access tokens: JWTs (RFC 7519) signed with EdDSA (RFC 8037) that say for 15 minutes who somebody is.

They are checked without the database. `AccessTokens.principal` gives the principal of a good token and None for
anything else. What ends access earlier, and within how long, is told in `ended_access`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import jwt

from voice_server.accounts.ended_access import EndedAccess
from voice_server.accounts.signing_keys import SigningKeys
from voice_server.auth import CustomerIdentity, Principal, Role

LIVES_SECONDS = 900
AUDIENCE = "voice-server"
_LEEWAY_SECONDS = 10
"""By how much the clocks of the database and of tasks may differ."""
_MAX_CHARACTERS = 2048
_ROLES: frozenset[str] = frozenset({"customer", "staff", "admin", "operator"})
_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "sid", "tenant", "roles"]


@dataclass(frozen=True, slots=True)
class LogIn:
    """Somebody is logged in."""

    account_id: UUID
    tenant_id: UUID
    roles: frozenset[Role]
    family: UUID
    """Of the refresh tokens that go on with it."""
    issued_at: float
    """Seconds since 1970 by the database's clock, at which the roles were read."""

    @property
    def principal(self) -> Principal:
        """Who this is."""
        return Principal(
            f"account-{self.account_id}",
            tenant_id=self.tenant_id,
            roles=self.roles,
            account_id=self.account_id,
            customer=(CustomerIdentity("account", str(self.account_id)),),
        )


class AccessTokens:
    """Issues them, and tells good ones from others."""

    def __init__(self, keys: SigningKeys, ended: EndedAccess, issuer: str) -> None:
        """`issuer`: the address of the server, the same for all its tasks."""
        self._keys = keys
        self._ended = ended
        self._issuer = issuer

    async def issue(self, log_in: LogIn) -> str:
        """A token for the next 15 minutes. Raises StorageUnavailable if no key was ever read."""
        key_id, key = await self._keys.signing()
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": str(log_in.account_id),
            "iat": log_in.issued_at,
            "exp": int(log_in.issued_at) + LIVES_SECONDS,
            "sid": str(log_in.family),
            "tenant": str(log_in.tenant_id),
            "roles": sorted(log_in.roles),
        }
        return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": key_id, "typ": "at+jwt"})

    async def principal(self, token: str) -> Principal | None:
        """Who showed this token; None if it is none of ours, is over, or was ended.

        Raises StorageUnavailable if it names a key that this task has not read, and cannot read now.
        """
        log_in = await self._log_in(token)
        if log_in is None or await self._ended.is_ended(log_in.account_id, log_in.family, log_in.issued_at):
            return None
        return log_in.principal

    async def _log_in(self, token: str) -> LogIn | None:
        if len(token) > _MAX_CHARACTERS or token.count(".") != 2:
            return None
        try:
            header = jwt.get_unverified_header(token)
            key_id = header.get("kid")
            if header.get("typ") != "at+jwt" or not isinstance(key_id, str):
                return None
            key = await self._keys.find(key_id)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": _CLAIMS},
            )
        except (jwt.InvalidTokenError, UnicodeError):
            return None
        return _read(claims)


def _read(claims: Mapping[str, object]) -> LogIn:
    """What a token says that this server has signed."""
    roles = cast("list[str]", claims["roles"])
    return LogIn(
        UUID(str(claims["sub"])),
        UUID(str(claims["tenant"])),
        # A role that this version does not know any more is no role.
        cast("frozenset[Role]", _ROLES.intersection(roles)),
        UUID(str(claims["sid"])),
        float(cast("float", claims["iat"])),
    )
