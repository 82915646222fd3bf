"""A server with accounts and privacy, over a real PostgreSQL and whatever else the test gives it."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from tests.voice_server.accounts.account_server import CountedHashes, Letterbox
from voice_server.accounts.service import AccountService, open_accounts
from voice_server.accounts.store import Registration
from voice_server.auth import DEFAULT_TENANT, Authenticator
from voice_server.http.errors import answer_errors
from voice_server.http.request_id import add_request_id, name_requests
from voice_server.mail.outbox import Outbox
from voice_server.privacy.jobs import Jobs
from voice_server.privacy.service import PrivacyService, build_privacy
from voice_server.privacy.signals import heeding
from voice_server.privacy.traces import Traces
from voice_server.storage.objects.folder import FolderObjects
from voice_server.storage.objects.interfaces import Objects
from voice_server.storage.objects.links import LinkedObjects, Links
from voice_server.storage.postgres.database import Database
from voice_server.storage.sealed import Sealed
from voice_server.storage.shared.interfaces import Shared
from voice_server.storage.shared.memory import open_memory

SECRET = b"a secret that only tests of privacy have"
OPERATOR_KEY = "sk-operator"
PASSWORD = "a heron at the lake"


@dataclass
class PrivateServer:
    """A server that is listening."""

    url: str
    database: Database
    accounts: AccountService
    privacy: PrivacyService
    objects: Objects
    outbox: Outbox
    letterbox: Letterbox
    shared: Shared
    links: Links
    jobs: Jobs
    folder: Path
    ended: list[str] = field(default_factory=list)
    """Conversations that were asked to end."""

    @asynccontextmanager
    async def somebody(self) -> AsyncIterator["Somebody"]:
        """Who sends requests."""
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
            yield Somebody(self, http)

    @asynccontextmanager
    async def operator(self) -> AsyncIterator["Somebody"]:
        """Who may do everything in the default tenant."""
        async with self.somebody() as opened:
            opened.headers["Authorization"] = f"Bearer {OPERATOR_KEY}"
            yield opened

    async def execute(self, statement: str, *values: object) -> Any:
        """Change or see what no request can."""
        async with self.database.everyone() as connection:
            return await connection.fetchval(statement, *values)

    async def carry_out(self) -> int:
        """All jobs that are due; tells how many steps that took."""
        steps = 0
        while await self.privacy.worker.run_one():
            steps += 1
        return steps


@dataclass
class Somebody:
    """Sends requests."""

    server: PrivateServer
    http: ClientSession
    headers: dict[str, str] = field(default_factory=dict)
    account_id: UUID | None = None

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """Gives the status and the JSON."""
        url = path if path.startswith("http") else f"{self.server.url}{path}"
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.http.request(method, url, json=body, headers=sent) as answer:
            fields: dict[str, Any] = await answer.json()
            return answer.status, fields

    async def gdpr(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, dict[str, Any]]:
        """To `/api/v1/gdpr`."""
        return await self.send(method, f"/api/v1/gdpr/{path}", body, **headers)

    async def register(self, email: str, **body: object) -> None:
        """All the way to a log-in."""
        form = {"email": email, "password": PASSWORD, **body}
        assert (await self.send("POST", "/api/v1/auth/register", form))[0] == 202
        while await self.server.outbox.send_one():
            pass
        found = re.search(r"#verify=(\S+)", self.server.letterbox.letters[-1].get_content())
        assert found is not None
        assert (await self.send("POST", "/api/v1/auth/verify", {"token": found[1]}))[0] == 200
        await self.log_in(email)

    async def log_in(self, email: str) -> None:
        """Also shows the access token from now on."""
        status, answer = await self.send("POST", "/api/v1/auth/login", {"email": email, "password": PASSWORD})
        assert status == 200, answer
        self.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self.account_id = UUID(answer["account_id"])


@asynccontextmanager
async def private_server(
    database: Database,
    folder: Path,
    *,
    objects: Objects | None = None,
    shared: Shared | None = None,
    more_traces: Sequence[Traces] = (),
    late_seconds: float = 0.0,
) -> AsyncIterator[PrivateServer]:
    """One task. Without `objects` they lie in `folder`, without `shared` it is alone."""
    links = Links([SECRET])
    async with (
        objects or FolderObjects(folder / "objects", links) as opened,
        _shared(shared) as all_shared,
        _accounts(database, all_shared) as (accounts, outbox, letterbox),
    ):
        ended: list[str] = []

        async def end_live(conversation_ids: Sequence[str]) -> None:
            ended.extend(conversation_ids)

        privacy = build_privacy(
            database,
            all_shared,
            opened,
            accounts.keys,
            accounts.ended,
            SECRET,
            public_url="http://voice.example",
            end_live=end_live,
            more_traces=more_traces,
            late_seconds=late_seconds,
        )
        authenticator = Authenticator((OPERATOR_KEY,), credentials=(accounts.tokens,))
        app = web.Application(middlewares=[name_requests, answer_errors, heeding(privacy.consents)])
        app.on_response_prepare.append(add_request_id)
        app.add_routes([*accounts.routes, *privacy.routes, *LinkedObjects(links, opened).routes()])
        app.add_routes(authenticator.protect([*accounts.protected_routes, *privacy.protected_routes]))
        async with TestServer(app) as listening:
            url = str(listening.make_url("")).rstrip("/")
            yield PrivateServer(
                url,
                database,
                accounts,
                privacy,
                opened,
                outbox,
                letterbox,
                all_shared,
                links,
                Jobs(database),
                folder,
                ended,
            )


@asynccontextmanager
async def _shared(shared: Shared | None) -> AsyncIterator[Shared]:
    if shared is not None:
        yield shared
        return
    async with open_memory() as opened:
        yield opened


@asynccontextmanager
async def _accounts(database: Database, shared: Shared) -> AsyncIterator[tuple[AccountService, Outbox, Letterbox]]:
    sealed, letterbox = Sealed([SECRET]), Letterbox()
    outbox = Outbox(database, sealed, letterbox, "voice@voice.example")

    async def registration_of(_tenant_id: UUID) -> Registration:
        return "open"

    async with open_accounts(
        database,
        shared.rate_limits,
        outbox,
        sealed,
        [SECRET],
        public_url="http://voice.example",
        registration_of=registration_of,
        hashes=CountedHashes(1),
    ) as accounts:
        yield accounts, outbox, letterbox


TENANT = DEFAULT_TENANT
