"""An address that is known and one that is not make the same work and get the same answer.

What is compared is the work, not the time: hashes that are made, and statements that are run.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from tests.voice_server.accounts.account_server import ADDRESS, PASSWORD, AccountServer, Browser
from voice_server.storage.postgres.database import Database

UNKNOWN = "nobody@example.com"


class Counted:
    """A connection whose statements are written down."""

    def __init__(self, connection: Any, statements: list[str]) -> None:
        self._connection = connection
        self._statements = statements

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._connection, name)

        def counted(statement: str, *values: object) -> Any:
            self._statements.append(statement)
            return call(statement, *values)

        return counted


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements of all transactions, in order."""
    statements: list[str] = []
    everyone = Database.everyone

    @asynccontextmanager
    async def counted(database: Database) -> AsyncIterator[Counted]:
        async with everyone(database) as connection:
            statements.append("BEGIN")
            yield Counted(connection, statements)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "everyone", counted)
        yield statements


async def work(
    server: AccountServer, browser: Browser, monkeypatch: pytest.MonkeyPatch, path: str, **body: object
) -> tuple[int, dict[str, Any], list[str], int]:
    hashes = server.hashes.count
    with watched(monkeypatch) as statements:
        status, answer = await browser.post(path, **body)
    return status, answer, statements, server.hashes.count - hashes


@pytest.fixture
async def members(server: AccountServer, browser: Browser) -> Browser:
    """One who has an account, one who has not confirmed it, and one who is disabled."""
    await browser.register()
    await browser.register("disabled@example.com")
    await server.execute("UPDATE accounts SET disabled_at = now() WHERE email = 'disabled@example.com'")
    await browser.post("register", email="unconfirmed@example.com", password=PASSWORD)
    return browser


@pytest.mark.parametrize("email", [ADDRESS, "disabled@example.com", "unconfirmed@example.com"])
@pytest.mark.parametrize(
    ("path", "body"),
    [("register", {"password": PASSWORD}), ("login", {"password": "not the password"}), ("forgot", {})],
)
async def test_the_same_work_and_the_same_answer(
    server: AccountServer,
    members: Browser,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: dict[str, object],
    email: str,
) -> None:
    known = await work(server, members, monkeypatch, path, email=email, **body)
    unknown = await work(server, members, monkeypatch, path, email=UNKNOWN, **body)
    assert known == unknown
    assert known[2]
    assert known[3] == (0 if path == "forgot" else 1)


async def test_the_right_password_of_who_is_disabled_is_answered_like_a_wrong_one(
    server: AccountServer, members: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"email": "disabled@example.com", "password": PASSWORD}
    disabled = await work(server, members, monkeypatch, "login", **body)
    assert disabled == await work(server, members, monkeypatch, "login", **{**body, "email": UNKNOWN})


async def test_too_many_attempts_are_counted_for_those_who_do_not_exist_too(members: Browser) -> None:
    for email in (ADDRESS, UNKNOWN):
        statuses = [(await members.post("login", email=email, password="wrong"))[0] for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
