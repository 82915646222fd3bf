"""Log-ins: families of refresh tokens, each of which is used once.

A token that is presented again was copied, and ends its family: whoever has the newest one, the thief or the person,
must log in again. Except within 10 s, while its successor was not used: then a client asks again because the answer was
lost or because two of its tabs asked at once, and gets the same successor. That gives a thief nothing that he would not
have had by being the first, and the theft shows at the next use. The successor is computed from the token with a key of
the server, since only digests are stored; one that was computed with the key before is found by trying both.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

import asyncpg
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from voice_server.accounts.ended_access import EndedAccess, end_access
from voice_server.accounts.secret_tokens import digest_of, new_token, token_text
from voice_server.accounts.tokens import LogIn
from voice_server.auth import Role
from voice_server.storage.postgres.database import Connection, Database
from voice_server.storage.postgres.statements import Statements

REFRESH_SECONDS = 30 * 86_400
"""How long somebody stays logged in without coming back."""
GRACE_SECONDS = 10.0
_PREFIX = "rt_"

Step = Literal["rotate", "repeat", "reused", "refuse"]


@dataclass(frozen=True, slots=True)
class TokenState:
    """What is known of a refresh token that is presented."""

    is_over: bool
    """Expired, or its family was ended."""
    used_seconds_ago: float | None
    successor_is_fresh: bool


def next_step(state: TokenState) -> Step:
    """What to do about it."""
    if state.is_over:
        return "refuse"
    if state.used_seconds_ago is None:
        return "rotate"
    if state.used_seconds_ago <= GRACE_SECONDS and state.successor_is_fresh:
        return "repeat"
    return "reused"


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is logged in, and can stay so."""

    log_in: LogIn
    refresh_token: str


def roles_of(account: asyncpg.Record) -> frozenset[Role]:
    """The roles that a row of `accounts.lock` tells of; none if the person does not belong to the tenant."""
    if account["disabled_at"] is not None:
        return frozenset()
    roles: set[Role] = {"operator"} if account["is_operator"] else set()
    return frozenset(roles if account["role"] is None else roles | {account["role"]})


class LogIns:
    """The families."""

    def __init__(self, database: Database, ended: EndedAccess, secrets: Sequence[bytes]) -> None:
        """`secrets`: the server's own, the same for all tasks; the newest first."""
        self._database = database
        self._ended = ended
        self._keys = [
            HKDF(SHA256(), 32, salt=None, info=b"voice-server refresh tokens").derive(secret) for secret in secrets
        ]
        self._statements = Statements.of("refresh_tokens")
        self._accounts = Statements.of("accounts")

    async def begin(self, connection: Connection, account_id: UUID, tenant_id: UUID) -> Session | None:
        """Log somebody in, in a transaction that sees everyone. None if they have no role in this tenant."""
        account = await self.lock(connection, account_id, tenant_id)
        roles = roles_of(account) if account is not None else frozenset()
        if account is None or not roles:
            return None
        token = new_token(_PREFIX)
        log_in = LogIn(account_id, tenant_id, roles, uuid4(), account["now"])
        await self._add(connection, token, log_in)
        return Session(log_in, token)

    async def lock(self, connection: Connection, account_id: UUID, tenant_id: UUID) -> asyncpg.Record | None:
        """The account as it is; nobody else begins, refreshes or ends its log-ins until the transaction is over."""
        return await connection.fetchrow(self._accounts["lock"], account_id, tenant_id)

    async def refresh(self, token: str) -> Session | None:
        """Exchange a refresh token for the next one. None if it will not do; its family may have ended then."""
        digest = digest_of(token)
        # The token tells whose it is, and of which tenant.
        async with self._database.everyone() as connection:
            found = await connection.fetchrow(self._statements["find"], digest)
            if found is None:
                return None
            account = await self.lock(connection, found["account_id"], found["tenant_id"])
            successors = {digest_of(each): each for each in self._successors_of(token)}
            row = await connection.fetchrow(self._statements["state"], digest, list(successors))
            if account is None or row is None:
                return None
            successor = successors[row["successor"] or next(iter(successors))]
            roles = roles_of(account) if row["tenant_is_open"] else frozenset()
            log_in = LogIn(found["account_id"], found["tenant_id"], roles, row["family"], account["now"])
            step = next_step(_state(row)) if roles else "reused"
            if step == "rotate":
                await connection.execute(self._statements["use"], digest)
                await self._add(connection, successor, log_in)
            elif step == "reused":
                await self._end_family(connection, log_in.family)
        if step == "reused":
            self._ended.note([log_in.family])
        return Session(log_in, successor) if step in ("rotate", "repeat") else None

    async def end(self, token: str) -> None:
        """Log out: nothing happens if the token is unknown."""
        digest = digest_of(token)
        # As above.
        async with self._database.everyone() as connection:
            found = await connection.fetchrow(self._statements["find"], digest)
            if found is None:
                return
            await self.lock(connection, found["account_id"], found["tenant_id"])
            row = await connection.fetchrow(self._statements["state"], digest, [])
            if row is None:
                return
            await self._end_family(connection, row["family"])
        self._ended.note([row["family"]])

    async def end_all(self, connection: Connection, account_id: UUID) -> Sequence[UUID]:
        """Log out everywhere, after `lock`; gives the families, for `EndedAccess.note` when the transaction is over."""
        families = [row["family"] for row in await connection.fetch(self._statements["end_all"], account_id)]
        await end_access(connection, families)
        return families

    async def sweep(self) -> None:
        """Forget what has expired, of all tenants."""
        async with self._database.everyone() as connection:
            await connection.execute(self._statements["sweep"])
            await connection.execute(Statements.of("mailed_tokens")["sweep"])
            await connection.execute(Statements.of("ended_access")["sweep"])

    async def _add(self, connection: Connection, token: str, log_in: LogIn) -> None:
        await connection.execute(
            self._statements["add"],
            digest_of(token),
            log_in.family,
            log_in.account_id,
            log_in.tenant_id,
            float(REFRESH_SECONDS),
        )

    async def _end_family(self, connection: Connection, family: UUID) -> None:
        await connection.execute(self._statements["end_family"], family)
        await end_access(connection, [family])

    def _successors_of(self, token: str) -> Sequence[str]:
        """By each key; the first is the one to give."""
        said = token.encode(errors="surrogatepass")
        return [token_text(_PREFIX, hmac.digest(key, said, "sha256")) for key in self._keys]


def _state(row: asyncpg.Record) -> TokenState:
    return TokenState(row["revoked"] or row["expired"], row["used_seconds_ago"], row["successor_is_fresh"])
