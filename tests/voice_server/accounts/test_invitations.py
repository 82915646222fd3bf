"""Tenants that let in only whom they have invited: nobody learns by registering who that is."""

from uuid import UUID

import pytest

from tests.voice_server.accounts.account_server import ADDRESS, PASSWORD, AccountServer, Browser
from tests.voice_server.accounts.test_nobody_learns_who_has_an_account import work
from voice_server.auth import LOCAL

CLUB = {"tenant": "club"}
STRANGER = "stranger@example.com"


@pytest.fixture
async def club(server: AccountServer) -> UUID:
    tenant_id: UUID = await server.execute("INSERT INTO tenants (slug, name) VALUES ('club', 'Club') RETURNING id")
    server.invited.add(tenant_id)
    return tenant_id


async def invite(server: AccountServer, club: UUID) -> UUID | None:
    return await server.accounts.invitations.invite(LOCAL, club, ADDRESS, "staff", "req_1")


async def roles(browser: Browser) -> list[tuple[str, str]]:
    _, profile = await browser.send("GET", "/api/v1/users/me")
    return [(each["slug"], each["role"]) for each in profile["tenants"]]


async def test_who_was_invited_sets_a_password_by_the_letter(
    server: AccountServer, browser: Browser, club: UUID
) -> None:
    assert await invite(server, club) is not None
    assert (await browser.post("login", email=ADDRESS, password=PASSWORD, **CLUB))[0] == 401
    letter = await server.mailed()
    assert (letter["To"], letter["Subject"]) == (ADDRESS, "You are invited")
    assert "http://voice.example/?tenant=club#reset=" in letter.get_content()
    assert (await browser.post("reset", token=await server.mailed_token(), password=PASSWORD))[0] == 200
    await browser.log_in(**CLUB)
    assert await roles(browser) == [("club", "staff")]


async def test_who_was_invited_may_register_as_well(server: AccountServer, browser: Browser, club: UUID) -> None:
    await invite(server, club)
    await browser.register(**CLUB)
    await browser.log_in(**CLUB)
    assert await roles(browser) == [("club", "staff")]


async def test_strangers_get_the_same_answer_and_no_letter(
    server: AccountServer, browser: Browser, club: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.register("elsewhere@example.com")
    await invite(server, club)
    await server.mailed()
    before = len(server.letterbox.letters)
    body = {"password": PASSWORD, **CLUB}
    answers = [
        await work(server, browser, monkeypatch, "register", email=email, **body)
        for email in (ADDRESS, STRANGER, "elsewhere@example.com")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][:2] == (202, {"status": "letter_sent"})
    assert answers[0][3] == 1
    await server.mailed()
    assert [letter["To"] for letter in server.letterbox.letters[before:]] == [ADDRESS]
    assert await server.execute("SELECT count(*) FROM accounts WHERE email = $1", STRANGER) == 0


async def test_a_closed_tenant_refuses_every_address_alike(
    server: AccountServer, browser: Browser, club: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.register()
    await invite(server, club)
    server.invited.clear()
    server.closed.add(club)
    answers = [
        await work(server, browser, monkeypatch, "register", email=email, password=PASSWORD, **CLUB)
        for email in (ADDRESS, STRANGER)
    ]
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][1]["error"]["code"]) == (403, "registration_closed")


async def test_a_registration_that_was_closed_before_its_letter_was_followed_joins_nobody(
    server: AccountServer, browser: Browser, club: UUID
) -> None:
    server.invited.clear()
    assert (await browser.post("register", email=ADDRESS, password=PASSWORD, **CLUB))[0] == 202
    server.invited.add(club)
    assert (await browser.post("verify", token=await server.mailed_token()))[0] == 200
    status, answer = await browser.post("login", email=ADDRESS, password=PASSWORD, **CLUB)
    assert (status, answer["error"]["code"]) == (403, "not_a_member")


async def test_who_was_shut_out_of_the_server_is_not_invited(
    server: AccountServer, browser: Browser, club: UUID
) -> None:
    await browser.register()
    await server.execute("UPDATE accounts SET disabled_at = now()")
    assert await invite(server, club) is None
