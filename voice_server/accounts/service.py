"""Everything about accounts, put together: what the server builds once, and what it then asks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from voice_server.accounts.attempts import Attempts
from voice_server.accounts.cookies import Cookies
from voice_server.accounts.ended_access import EndedAccess
from voice_server.accounts.invitations import Invitations
from voice_server.accounts.letters import Letters
from voice_server.accounts.log_in_routes import LogInRoutes
from voice_server.accounts.log_ins import LogIns
from voice_server.accounts.passwords import PasswordHashes
from voice_server.accounts.session_answers import SessionAnswers
from voice_server.accounts.signing_keys import SigningKeys
from voice_server.accounts.store import Accounts, RegistrationOf
from voice_server.accounts.tokens import AccessTokens
from voice_server.accounts.user_routes import UserRoutes
from voice_server.http.client_address import DIRECT, ClientAddresses
from voice_server.mail.outbox import Outbox
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.sealed import Sealed
from voice_server.storage.shared.interfaces import RateLimits

SWEEP_SECONDS = 3600.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AccountService:
    """What the rest of the server needs of accounts."""

    tokens: AccessTokens
    """One kind of credentials."""
    keys: SigningKeys
    """They sign receipts, too."""
    ended: EndedAccess
    """For whoever ends access."""
    routes: list[web.RouteDef]
    """For everybody."""
    protected_routes: list[web.RouteDef]
    """For those who show a key."""
    invitations: Invitations
    """For the admins of tenants."""
    background: Mapping[str, Callable[[], Coroutine[None, None, None]]]
    """What is to run as long as the server does, by name."""


@asynccontextmanager
async def open_accounts(
    database: Database,
    rate_limits: RateLimits,
    outbox: Outbox,
    sealed: Sealed,
    secrets: Sequence[bytes],
    *,
    public_url: str,
    registration_of: RegistrationOf,
    hashes: PasswordHashes | None = None,
    addresses: ClientAddresses = DIRECT,
) -> AsyncIterator[AccountService]:
    """Accounts of a server that people reach at `public_url`. `secrets`: the server's own, see `LogIns`."""
    keys, ended = SigningKeys(database, sealed), EndedAccess(database)
    log_ins, tokens = LogIns(database, ended, secrets), AccessTokens(keys, ended, public_url)
    cookies, attempts = Cookies(sealed, secure=urlsplit(public_url).scheme == "https"), Attempts(rate_limits)
    answers, letters = SessionAnswers(tokens, cookies), Letters(public_url)
    accounts = Accounts(database, log_ins, ended, outbox, letters, registration_of)

    async def sweep() -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await log_ins.sweep()
                await outbox.sweep()
            except StorageUnavailable as error:
                _log.warning("expired tokens were not swept", reason=str(error))

    async with hashes or PasswordHashes() as opened:
        yield AccountService(
            tokens,
            keys,
            ended,
            LogInRoutes(accounts, log_ins, opened, attempts, keys, answers, cookies, addresses).routes(),
            UserRoutes(accounts, opened, attempts, answers, cookies).routes(),
            Invitations(database, outbox, letters),
            {"signing keys": keys.run, "ended access": ended.run, "mail": outbox.run, "expired tokens": sweep},
        )
