"""Logging in, staying so, and being logged out."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from tests.voice_server.accounts.account_server import (
    ADDRESS,
    PASSWORD,
    SECRET,
    AccountServer,
    Browser,
    account_server,
)
from voice_server.accounts.cookies import DEVICE
from voice_server.accounts.log_ins import TokenState, next_step
from voice_server.storage.postgres.database import Database

NEW_PASSWORD = "two herons at the lake"


@pytest.fixture
async def known(browser: Browser) -> Browser:
    """Somebody who has an account."""
    await browser.register()
    return browser


async def refresh_token(browser: Browser) -> str:
    answer = await browser.log_in(refresh_token_in="body")
    return str(answer["refresh_token"])


async def me(browser: Browser) -> int:
    return (await browser.send("GET", "/api/v1/auth/me"))[0]


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (TokenState(False, None, False), "rotate"),
        (TokenState(False, 0.5, True), "repeat"),
        (TokenState(False, 10.5, True), "reused"),
        (TokenState(False, 0.5, False), "reused"),
        (TokenState(True, None, False), "refuse"),
        (TokenState(True, 0.5, True), "refuse"),
    ],
)
def test_what_happens_to_a_token_that_is_presented(state: TokenState, step: str) -> None:
    assert next_step(state) == step


async def test_a_browser_keeps_the_refresh_token_where_no_script_sees_it(known: Browser) -> None:
    answer = await known.log_in()
    assert "refresh_token" not in answer
    assert (answer["token_type"], answer["expires_in"], answer["roles"]) == ("Bearer", 900, ["customer"])
    [cookie] = [each for each in known.answer_headers.getall("Set-Cookie") if each.startswith("voice_refresh=")]
    assert {part.strip() for part in cookie.split(";")[1:]} >= {"HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"}
    assert "Secure" not in cookie
    assert known.answer_headers["Cache-Control"] == "no-store"
    assert (await known.post("refresh"))[0] == 200


async def test_a_browser_is_logged_in_to_each_tenant_by_itself(server: AccountServer, known: Browser) -> None:
    acme = await server.execute("INSERT INTO tenants (slug, name) VALUES ('acme', 'Acme') RETURNING id")
    here = await known.log_in()
    there = await known.log_in(tenant="acme")
    assert (here["tenant_id"] != there["tenant_id"], there["tenant_id"]) == (True, str(acme))
    for _ in range(2):
        assert (await known.post("refresh"))[1]["tenant_id"] == here["tenant_id"]
        assert (await known.post("refresh", tenant="acme"))[1]["tenant_id"] == there["tenant_id"]
    assert (await known.post("logout", tenant="acme"))[0] == 200
    assert (await known.post("refresh", tenant="acme"))[0] == 401
    assert (await known.post("refresh"))[0] == 200
    await known.log_in(tenant="acme")
    assert (await known.send("POST", "/api/v1/auth/logout-everywhere"))[0] == 200
    assert [cookie.key for cookie in known.http.cookie_jar] == [DEVICE]


async def test_letters_lead_back_to_the_tenant_that_somebody_came_from(server: AccountServer, known: Browser) -> None:
    await server.execute("INSERT INTO tenants (slug, name) VALUES ('acme', 'Acme')")
    link = "http://voice.example/?tenant=acme#"
    await known.post("forgot", email=ADDRESS, tenant="acme")
    assert f"{link}reset=" in (await server.mailed()).get_content()
    await known.post("reset", token=await server.mailed_token(), password="a heron elsewhere", tenant="acme")
    assert f"{link}forgot" in (await server.mailed()).get_content()
    assert (await known.post("register", email=ADDRESS, password=PASSWORD, tenant="acme"))[0] == 202
    assert f"{link}forgot" in (await server.mailed()).get_content()
    assert (await known.post("register", email="new@example.com", password=PASSWORD, tenant="acme"))[0] == 202
    assert f"{link}verify=" in (await server.mailed()).get_content()
    assert (await known.post("forgot", email=ADDRESS, tenant="nowhere"))[0] == 404


async def test_cookies_are_secure_where_the_server_is_reached_by_https(database: Database) -> None:
    async with account_server(database, public_url="https://voice.example") as server, server.browser() as browser:
        await browser.register()
        await browser.log_in()
        cookies = browser.answer_headers.getall("Set-Cookie")
    assert len(cookies) == 2
    assert all("Secure" in cookie for cookie in cookies)


async def test_a_program_gets_the_refresh_token_in_the_body_and_no_cookie(known: Browser) -> None:
    token = await refresh_token(known)
    status, answer = await known.post("refresh", refresh_token=token)
    assert status == 200
    assert answer["refresh_token"] not in ("", token)
    assert not [each for each in known.answer_headers.getall("Set-Cookie", []) if "voice_refresh" in each]


async def test_each_refresh_gives_a_new_access_token_with_the_roles_of_now(
    server: AccountServer, known: Browser
) -> None:
    await known.log_in()
    await server.execute("UPDATE memberships SET role = 'admin'")
    status, answer = await known.post("refresh")
    assert (status, answer["roles"]) == (200, ["admin"])


async def test_a_used_token_that_comes_again_ends_the_family(server: AccountServer, known: Browser) -> None:
    stolen = await refresh_token(known)
    _, answer = await known.post("refresh", refresh_token=stolen)
    await server.execute("UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds'")
    status, refused = await known.post("refresh", refresh_token=stolen)
    assert (status, refused["error"]["code"]) == (401, "invalid_refresh_token")
    assert (await known.post("refresh", refresh_token=answer["refresh_token"]))[0] == 401
    known.headers["Authorization"] = f"Bearer {answer['access_token']}"
    assert await me(known) == 401


async def test_another_log_in_of_the_person_goes_on_when_a_family_ends(server: AccountServer, known: Browser) -> None:
    stolen, other = await refresh_token(known), await refresh_token(known)
    await known.post("refresh", refresh_token=stolen)
    await server.execute("UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds'")
    assert (await known.post("refresh", refresh_token=stolen))[0] == 401
    assert (await known.post("refresh", refresh_token=other))[0] == 200


async def test_a_token_that_comes_again_at_once_gets_the_same_successor(known: Browser) -> None:
    token = await refresh_token(known)
    answers = await asyncio.gather(*(known.post("refresh", refresh_token=token) for _ in range(8)))
    assert {status for status, _ in answers} == {200}
    assert len({answer["refresh_token"] for _, answer in answers}) == 1
    assert (await known.post("refresh", refresh_token=answers[0][1]["refresh_token"]))[0] == 200


async def test_two_tasks_that_get_a_token_at_once_give_one_successor(database: Database, known: Browser) -> None:
    token = await refresh_token(known)
    async with account_server(database) as other, other.browser() as there:
        answers = await asyncio.gather(
            *(browser.post("refresh", refresh_token=token) for browser in (known, there) * 4)
        )
    assert {status for status, _ in answers} == {200}
    assert len({answer["refresh_token"] for _, answer in answers}) == 1


async def test_the_successor_of_a_task_with_the_secret_before_is_repeated(database: Database, known: Browser) -> None:
    token = await refresh_token(known)
    _, answer = await known.post("refresh", refresh_token=token)
    async with (
        account_server(database, secrets=(b"a secret that came after", SECRET)) as newer,
        newer.browser() as there,
    ):
        status, again = await there.post("refresh", refresh_token=token)
        assert (status, again["refresh_token"]) == (200, answer["refresh_token"])
        status, newest = await there.post("refresh", refresh_token=answer["refresh_token"])
    assert status == 200
    assert (await known.post("refresh", refresh_token=newest["refresh_token"]))[0] == 200


async def test_a_token_whose_successor_is_used_is_not_repeated(known: Browser) -> None:
    token = await refresh_token(known)
    _, answer = await known.post("refresh", refresh_token=token)
    _, newest = await known.post("refresh", refresh_token=answer["refresh_token"])
    assert (await known.post("refresh", refresh_token=token))[0] == 401
    assert (await known.post("refresh", refresh_token=newest["refresh_token"]))[0] == 401


async def test_a_token_ends_with_its_time(server: AccountServer, known: Browser) -> None:
    token = await refresh_token(known)
    await server.execute("UPDATE refresh_tokens SET expires_at = now()")
    assert (await known.post("refresh", refresh_token=token))[0] == 401


@pytest.mark.parametrize("token", ["rt_x", "x" * 200, "é\0", "eyJ.eyJ.x"])
async def test_a_token_that_is_none_is_refused(known: Browser, token: str) -> None:
    status, answer = await known.post("refresh", refresh_token=token)
    assert (status, answer["error"]["code"]) == (401, "invalid_refresh_token")


async def test_without_a_token_there_is_nothing_to_refresh_and_nothing_to_end(browser: Browser) -> None:
    assert (await browser.post("refresh"))[0] == 401
    assert (await browser.post("logout"))[0] == 200


async def test_logging_out_ends_the_access_token_too(known: Browser) -> None:
    await known.log_in()
    assert await me(known) == 200
    assert (await known.post("logout"))[0] == 200
    assert await me(known) == 401
    assert (await known.post("refresh"))[0] == 401


async def test_logging_out_everywhere_ends_all_on_this_task_at_once_and_on_others_when_they_have_read_it(
    database: Database, known: Browser
) -> None:
    async with account_server(database) as other, other.browser() as there:
        await there.log_in()
        await known.log_in()
        assert (await me(known), await me(there)) == (200, 200)
        assert (await known.send("POST", "/api/v1/auth/logout-everywhere"))[0] == 200
        assert await me(known) == 401
        await other.accounts.ended.read()
        assert await me(there) == 401
        assert (await there.post("refresh"))[0] == 401


async def test_nobody_is_left_who_refreshes_while_all_are_logged_out(server: AccountServer, known: Browser) -> None:
    tokens = [await refresh_token(known) for _ in range(5)]
    await asyncio.gather(
        *(known.post("refresh", refresh_token=token) for token in tokens),
        known.send("POST", "/api/v1/auth/logout-everywhere"),
    )
    assert await server.execute("SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL") == 0


async def test_a_changed_password_logs_out_everybody_else(server: AccountServer, known: Browser) -> None:
    other = await refresh_token(known)
    old = await known.log_in()
    status, answer = await known.post("password", current_password=PASSWORD, password=NEW_PASSWORD)
    assert status == 200
    assert await me(known) == 401
    known.headers["Authorization"] = f"Bearer {answer['access_token']}"
    assert await me(known) == 200
    assert answer["account_id"] == old["account_id"]
    assert (await known.post("refresh"))[0] == 200
    assert (await known.post("refresh", refresh_token=other))[0] == 401
    assert (await known.post("login", email=ADDRESS, password=PASSWORD))[0] == 401
    assert (await server.mailed())["Subject"] == "Your password was changed"


async def test_a_password_is_changed_only_by_who_knows_it(known: Browser) -> None:
    await known.log_in()
    status, answer = await known.post("password", current_password="not it at all", password=NEW_PASSWORD)
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (403, "wrong_password", "current_password")
    await known.log_in()


async def test_a_forgotten_password_is_set_anew_by_letter_once(server: AccountServer, known: Browser) -> None:
    session = await refresh_token(known)
    assert await known.post("forgot", email=ADDRESS.upper()) == (202, {"status": "letter_sent"})
    token = await server.mailed_token()
    assert (await known.post("reset", token=token, password="qwertyuiop"))[0] == 400
    answers = await asyncio.gather(*(known.post("reset", token=token, password=NEW_PASSWORD) for _ in range(4)))
    assert sorted(status for status, _ in answers) == [200, 400, 400, 400]
    await known.log_in(password=NEW_PASSWORD)
    assert (await known.post("refresh", refresh_token=session))[0] == 401


async def test_one_letter_ends_the_others(server: AccountServer, known: Browser) -> None:
    tokens = []
    for _ in range(2):
        await known.post("forgot", email=ADDRESS)
        tokens.append(await server.mailed_token())
    assert (await known.post("reset", token=tokens[1], password=NEW_PASSWORD))[0] == 200
    assert (await known.post("reset", token=tokens[0], password=PASSWORD))[0] == 400


async def test_who_is_disabled_is_out_at_once_and_stays_out(server: AccountServer, known: Browser) -> None:
    answer = await known.log_in()
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        operator = Browser(server, http, {"Authorization": "Bearer sk-operator"})
        path = f"/api/v1/users/{answer['account_id']}"
        assert (await operator.send("POST", f"{path}/disable"))[0] == 200
        assert await me(known) == 401
        assert (await known.post("refresh"))[0] == 401
        assert (await known.post("login", email=ADDRESS, password=PASSWORD))[0] == 401
        assert (await known.post("forgot", email=ADDRESS))[0] == 202
        assert await server.execute("SELECT count(*) FROM outgoing_mail") == 0
        assert (await operator.send("POST", f"{path}/enable"))[0] == 200
        await known.log_in()
        for nobody in ("00000000-0000-0000-0000-000000000009", "x"):
            assert (await operator.send("POST", f"/api/v1/users/{nobody}/disable"))[0] == 404


async def test_only_operators_disable(known: Browser) -> None:
    answer = await known.log_in()
    assert (await known.send("POST", f"/api/v1/users/{answer['account_id']}/disable"))[0] == 403


async def test_who_loses_the_tenant_is_not_let_in_again(server: AccountServer, known: Browser) -> None:
    token = await refresh_token(known)
    await server.execute("DELETE FROM memberships")
    assert (await known.post("refresh", refresh_token=token))[0] == 401


async def test_a_tenant_that_is_closed_ends_its_log_ins(server: AccountServer, known: Browser) -> None:
    token = await refresh_token(known)
    await server.execute("UPDATE tenants SET closed_at = now()")
    assert (await known.post("refresh", refresh_token=token))[0] == 401


async def test_an_older_hash_is_renewed_when_somebody_logs_in(server: AccountServer, known: Browser) -> None:
    async def stored() -> Any:
        return await server.execute("SELECT password_hash FROM accounts")

    before = await stored()
    await known.log_in()
    assert await stored() == before
    async with account_server(server.database, passes=2) as newer, newer.browser() as there:
        await there.log_in()
        renewed = await stored()
        assert "t=2" in renewed
        await there.log_in()
        assert await stored() == renewed


async def test_a_key_is_nobody_s_account(browser: Browser) -> None:
    browser.headers["Authorization"] = "Bearer sk-operator"
    status, answer = await browser.send("GET", "/api/v1/auth/me")
    assert (status, answer["account_id"], answer["roles"]) == (200, None, ["operator"])
    for method, path in (("GET", "users/me"), ("POST", "auth/logout-everywhere")):
        status, answer = await browser.send(method, f"/api/v1/{path}")
        assert (status, answer["error"]["code"]) == (403, "not_an_account")


async def test_a_profile_changes_where_it_is_told_to(server: AccountServer, known: Browser) -> None:
    await known.log_in()
    _, profile = await known.send("PATCH", "/api/v1/users/me", {"name": " Ada Lovelace ", "language": "it"})
    assert (profile["name"], profile["language"], profile["time_zone"]) == ("Ada Lovelace", "it", None)
    _, profile = await known.send("PATCH", "/api/v1/users/me", {"time_zone": "Europe/Rome", "language": None})
    assert (profile["name"], profile["language"], profile["time_zone"]) == ("Ada Lovelace", None, "Europe/Rome")
    for body in ({"email": "b@example.com"}, {"name": None}, {"is_operator": True}, {"name": "\u0007"}):
        assert (await known.send("PATCH", "/api/v1/users/me", body))[0] == 400
    assert await known.send("GET", "/api/v1/users/me") == (200, profile)
    assert await server.execute("SELECT count(*) FROM audit_log WHERE action = 'edit_profile'") == 2


async def test_what_is_done_is_noted_without_names_or_addresses(server: AccountServer, known: Browser) -> None:
    answer = await known.log_in()
    await known.post("password", current_password=PASSWORD, password=NEW_PASSWORD)
    await known.post("forgot", email=ADDRESS)
    await known.post("reset", token=await server.mailed_token(), password=PASSWORD)
    async with server.database.everyone() as connection:
        rows = await connection.fetch("SELECT * FROM audit_log ORDER BY id")
    assert [row["action"] for row in rows] == ["register", "change_password", "reset_password"]
    assert {row["subject_id"] for row in rows} == {answer["account_id"]}
    assert "example.com" not in str(rows)


async def test_nothing_that_opens_anything_is_stored_as_it_is(server: AccountServer, known: Browser) -> None:
    token = await refresh_token(known)
    await known.post("forgot", email=ADDRESS)
    async with server.database.everyone() as connection:
        stored = ""
        for table in ("accounts", "refresh_tokens", "mailed_tokens", "outgoing_mail", "signing_keys", "audit_log"):
            stored += str(await connection.fetch(f"SELECT * FROM {table}"))
    assert PASSWORD not in stored
    assert token not in stored
    assert await server.mailed_token() not in stored
