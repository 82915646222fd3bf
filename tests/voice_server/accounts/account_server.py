"""A server with accounts and nothing else, over a real PostgreSQL, whose letters the test reads."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from voice_server.accounts.passwords import PasswordHashes
from voice_server.accounts.service import AccountService, open_accounts
from voice_server.accounts.store import Registration
from voice_server.auth import Authenticator
from voice_server.http.client_address import DIRECT, ClientAddresses
from voice_server.http.errors import answer_errors
from voice_server.http.request_id import add_request_id, name_requests
from voice_server.mail.outbox import Outbox
from voice_server.storage.postgres.database import Database
from voice_server.storage.sealed import Sealed
from voice_server.storage.shared.memory import MemoryRateLimits

SECRET = b"a secret that only tests have"
OPERATOR_KEY = "sk-operator"
ADDRESS = "ada@example.com"
PASSWORD = "a heron at the lake"


class CountedHashes(PasswordHashes):
    """Cheap hashes, which are counted."""

    def __init__(self, passes: int) -> None:
        super().__init__(memory_kib=8, passes=passes)
        self.count = 0

    async def _run(self, work: Callable[..., Any], *given: Any, **named: Any) -> Any:
        # What the thread really does, not what it is asked for.
        self.count += 1
        return await super()._run(work, *given, **named)


@dataclass
class Letterbox:
    """Takes every letter."""

    letters: list[EmailMessage] = field(default_factory=list)

    async def send(self, message: EmailMessage) -> None:
        self.letters.append(message)


@dataclass
class AccountServer:
    """A server that is listening."""

    url: str
    database: Database
    accounts: AccountService
    outbox: Outbox
    letterbox: Letterbox
    hashes: CountedHashes
    limits: MemoryRateLimits
    clock: list[float]
    closed: set[UUID]
    """Tenants that nobody may join."""
    invited: set[UUID]
    """Tenants that only those may join whom they have invited."""

    @asynccontextmanager
    async def browser(self) -> AsyncIterator["Browser"]:
        """Somebody with a cookie jar."""
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
            yield Browser(self, http)

    async def mailed(self) -> EmailMessage:
        """The newest letter, after all have been sent."""
        while await self.outbox.send_one():
            pass
        return self.letterbox.letters[-1]

    async def mailed_token(self) -> str:
        """What the link in the newest letter carries."""
        found = re.search(r"#(?:verify|reset)=(\S+)", (await self.mailed()).get_content())
        assert found is not None
        return found[1]

    async def execute(self, statement: str, *values: object) -> Any:
        """Change what no request can: time that has passed, say."""
        async with self.database.everyone() as connection:
            return await connection.fetchval(statement, *values)


@dataclass
class Browser:
    """Sends requests."""

    server: AccountServer
    http: ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Gives the status and the JSON."""
        url = f"{self.server.url}{path}"
        async with self.http.request(method, url, json=body, headers={**self.headers, **headers}) as answer:
            self.answer_headers = answer.headers
            fields: dict[str, Any] = await answer.json()
            return answer.status, fields

    async def post(self, path: str, **body: object) -> tuple[int, dict[str, Any]]:
        """To `/api/v1/auth`."""
        return await self.send("POST", f"/api/v1/auth/{path}", body)

    async def register(self, email: str = ADDRESS, password: str = PASSWORD, **body: object) -> None:
        """All the way to a verified account."""
        assert (await self.post("register", email=email, password=password, **body))[0] == 202
        status, answer = await self.post("verify", token=await self.server.mailed_token())
        assert status == 200, answer

    async def log_in(self, email: str = ADDRESS, password: str = PASSWORD, **body: object) -> dict[str, Any]:
        """Also shows the access token from now on."""
        status, answer = await self.post("login", email=email, password=password, **body)
        assert status == 200, answer
        self.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return answer


@asynccontextmanager
async def account_server(
    database: Database,
    *,
    public_url: str = "http://voice.example",
    secrets: Sequence[bytes] = (SECRET,),
    passes: int = 1,
    addresses: ClientAddresses = DIRECT,
) -> AsyncIterator[AccountServer]:
    """One task; several of them may share a database."""
    sealed, letterbox, hashes = Sealed(secrets), Letterbox(), CountedHashes(passes)
    outbox = Outbox(database, sealed, letterbox, "voice@voice.example")
    clock, closed, invited = [0.0], set[UUID](), set[UUID]()
    limits = MemoryRateLimits(lambda: clock[0])

    async def registration_of(tenant_id: UUID) -> Registration:
        if tenant_id in invited:
            return "invited"
        return "closed" if tenant_id in closed else "open"

    async with open_accounts(
        database,
        limits,
        outbox,
        sealed,
        secrets,
        public_url=public_url,
        registration_of=registration_of,
        hashes=hashes,
        addresses=addresses,
    ) as accounts:
        authenticator = Authenticator((OPERATOR_KEY,), credentials=(accounts.tokens,))
        app = web.Application(middlewares=[name_requests, answer_errors])
        app.on_response_prepare.append(add_request_id)
        app.add_routes([*accounts.routes, *authenticator.protect(accounts.protected_routes)])
        async with TestServer(app) as listening:
            url = str(listening.make_url("")).rstrip("/")
            yield AccountServer(url, database, accounts, outbox, letterbox, hashes, limits, clock, closed, invited)
