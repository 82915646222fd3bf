"""How somebody gets an account, and what others learn of it: nothing."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.voice_server.accounts.account_server import ADDRESS, PASSWORD, AccountServer, Browser
from voice_server.auth import DEFAULT_TENANT

if TYPE_CHECKING:
    from uuid import UUID


async def test_a_registration_is_completed_by_the_letter_and_not_before(
    server: AccountServer, browser: Browser
) -> None:
    body = {"email": ADDRESS, "password": PASSWORD, "name": "Ada", "language": "it", "time_zone": "Europe/Rome"}
    assert await browser.post("register", **body) == (202, {"status": "letter_sent"})
    status, answer = await browser.post("login", email=ADDRESS, password=PASSWORD)
    assert (status, answer["error"]["code"]) == (401, "invalid_credentials")

    letter = await server.mailed()
    assert (letter["To"], letter["Subject"]) == (ADDRESS, "Conferma il tuo indirizzo e-mail")
    assert (await browser.post("verify", token=await server.mailed_token()))[0] == 200
    await browser.log_in()
    _, profile = await browser.send("GET", "/api/v1/users/me")
    assert (profile["name"], profile["language"], profile["time_zone"]) == ("Ada", "it", "Europe/Rome")
    assert [(each["slug"], each["role"]) for each in profile["tenants"]] == [("default", "customer")]


async def test_the_letter_of_a_registration_works_once(server: AccountServer, browser: Browser) -> None:
    await browser.register()
    status, answer = await browser.post("verify", token=await server.mailed_token())
    assert (status, answer["error"]["code"]) == (400, "invalid_token")


async def test_a_letter_is_of_no_use_after_a_day(server: AccountServer, browser: Browser) -> None:
    await browser.post("register", email=ADDRESS, password=PASSWORD)
    await server.execute("UPDATE mailed_tokens SET expires_at = expires_at - interval '24 hours'")
    assert (await browser.post("verify", token=await server.mailed_token()))[0] == 400


async def test_a_letter_for_a_new_password_verifies_no_registration(server: AccountServer, browser: Browser) -> None:
    await browser.post("register", email=ADDRESS, password=PASSWORD)
    await browser.post("forgot", email=ADDRESS)
    assert (await browser.post("verify", token=await server.mailed_token()))[0] == 400


async def test_a_stranger_who_registers_an_address_first_does_not_choose_its_password(
    server: AccountServer, browser: Browser
) -> None:
    await browser.post("register", email=ADDRESS, password="the stranger's own")
    await browser.post("register", email=ADDRESS, password=PASSWORD)
    await browser.post("verify", token=await server.mailed_token())
    await browser.log_in(password=PASSWORD)
    assert (await browser.post("login", email=ADDRESS, password="the stranger's own"))[0] == 401


async def test_who_has_an_account_is_told_by_letter_only(server: AccountServer, browser: Browser) -> None:
    await browser.register(language="it")
    assert await browser.post("register", email=ADDRESS, password="another one entirely") == (
        202,
        {"status": "letter_sent"},
    )
    assert (await server.mailed())["Subject"] == "Hai già un account"
    await browser.log_in(password=PASSWORD)


async def test_two_registrations_at_once_make_one_account(server: AccountServer, browser: Browser) -> None:
    answers = await asyncio.gather(*(browser.post("register", email=ADDRESS, password=PASSWORD) for _ in range(5)))
    assert {status for status, _ in answers} == {202}
    assert await server.execute("SELECT count(*) FROM accounts") == 1


async def test_two_letters_that_are_followed_at_once_complete_one_registration(
    server: AccountServer, browser: Browser
) -> None:
    tokens = []
    for _ in range(4):
        await browser.post("register", email=ADDRESS, password=PASSWORD)
        tokens.append(await server.mailed_token())
    answers = await asyncio.gather(*(browser.post("verify", token=token) for token in tokens * 2))
    assert sorted(status for status, _ in answers) == [200] + [400] * 7


async def test_addresses_that_are_spelt_differently_are_one(server: AccountServer, browser: Browser) -> None:
    await browser.register("Ada@Bücher.example")
    assert (await server.mailed())["To"] == "ada@xn--bcher-kva.example"
    await browser.log_in(" ａda@BÜCHER.example")


async def test_a_tenant_may_be_closed_to_those_who_come_by_themselves(server: AccountServer, browser: Browser) -> None:
    await browser.register()
    other: UUID = await server.execute("INSERT INTO tenants (slug, name) VALUES ('bistro', 'Bistro') RETURNING id")
    server.closed.add(other)
    status, answer = await browser.post("register", email="b@example.com", password=PASSWORD, tenant="bistro")
    assert (status, answer["error"]["code"]) == (403, "registration_closed")
    status, answer = await browser.post("login", email=ADDRESS, password=PASSWORD, tenant="bistro")
    assert (status, answer["error"]["code"]) == (403, "not_a_member")

    server.closed.clear()
    answer = await browser.log_in(tenant="bistro")
    assert (answer["tenant_id"], answer["roles"]) == (str(other), ["customer"])
    assert (await browser.log_in())["tenant_id"] == str(DEFAULT_TENANT)


async def test_a_tenant_that_does_not_exist_is_said_so(browser: Browser) -> None:
    for path in ("register", "login"):
        status, answer = await browser.post(path, email=ADDRESS, password=PASSWORD, tenant="nowhere")
        assert (status, answer["error"]["code"]) == (404, "tenant_not_found")


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("email", "nobody", "invalid_value"),
        ("email", "a@b", "invalid_value"),
        ("email", "a b@example.com", "invalid_value"),
        ("email", "a@example.com\r\nBcc: b@example.com", "invalid_value"),
        ("email", "a\0@example.com", "invalid_value"),
        ("email", "a@" + "b" * 250 + ".com", "invalid_value"),
        ("email", 5, "invalid_type"),
        ("email", None, "invalid_type"),
        ("password", "too short", "invalid_value"),
        ("password", "x" * 1001, "invalid_value"),
        ("password", "qwertyuiop", "weak_password"),
        ("password", "Password123!", "weak_password"),
        ("password", "aaaaaaaaaaaa", "weak_password"),
        ("password", "ada@example.com", "weak_password"),
        ("password", ["a heron at the lake"], "invalid_type"),
        ("name", "A\0da", "invalid_value"),
        ("name", "A" * 201, "invalid_value"),
        ("language", "italian", "invalid_value"),
        ("time_zone", "Europe/Atlantis", "invalid_value"),
        ("time_zone", "../../etc/passwd", "invalid_value"),
        ("tenant", "No Such", "invalid_value"),
        ("is_operator", True, "invalid_value"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_field(
    server: AccountServer, browser: Browser, field: str, value: object, code: str
) -> None:
    body = {"email": ADDRESS, "password": PASSWORD, field: value}
    status, answer = await browser.send("POST", "/api/v1/auth/register", body)
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, code, field)
    assert await server.execute("SELECT count(*) FROM accounts") == 0


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b'{"email": "\\ud800@example.com"}', b"\xff\xfe"])
@pytest.mark.parametrize("path", ["register", "login", "verify", "forgot", "reset"])
async def test_what_is_no_json_object_is_refused(browser: Browser, path: str, text: bytes) -> None:
    async with browser.http.post(f"{browser.server.url}/api/v1/auth/{path}", data=text) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("path", ["register", "login"])
async def test_a_password_is_never_repeated_in_an_answer(browser: Browser, path: str) -> None:
    for password in ("short bird", "x" * 1001, ["a heron"], {"a": "heron"}):
        body = {"email": "x", "password": password}
        async with browser.http.post(f"{browser.server.url}/api/v1/auth/{path}", json=body) as answer:
            assert answer.status == 400
            text = await answer.text()
        assert "heron" not in text
        assert "bird" not in text
        assert "xxxx" not in text
