"""The first operator is made at the command line."""

import io

import pytest

from tests.voice_server.accounts.account_server import ADDRESS, PASSWORD, AccountServer, Browser
from voice_server.accounts.operators import OperatorRefused, ask_password, make_operator
from voice_server.cli import main


async def test_an_operator_can_log_in_at_once(server: AccountServer, browser: Browser) -> None:
    made = await make_operator(server.database, "OP@example.com", PASSWORD)
    answer = await browser.log_in("op@example.com")
    assert (answer["account_id"], answer["roles"]) == (str(made), ["operator"])
    assert await server.execute("SELECT count(*) FROM audit_log WHERE action = 'make_operator'") == 1


async def test_somebody_with_an_account_is_promoted_and_keeps_the_password(
    server: AccountServer, browser: Browser
) -> None:
    await browser.register()
    await make_operator(server.database, ADDRESS, "")
    assert (await browser.log_in())["roles"] == ["customer", "operator"]


async def test_a_new_password_ends_the_log_ins_of_the_old_one(server: AccountServer, browser: Browser) -> None:
    await browser.register()
    await browser.log_in()
    await make_operator(server.database, ADDRESS, "two herons at the lake")
    assert (await browser.post("refresh"))[0] == 401
    await browser.log_in(password="two herons at the lake")


@pytest.mark.parametrize(
    ("email", "password", "why"),
    [
        ("nobody", PASSWORD, "no address"),
        (ADDRESS, "", "no password yet"),
        (ADDRESS, "short", "10 to 1000"),
        (ADDRESS, "qwertyuiop", "one of the first"),
    ],
)
async def test_what_will_not_do_is_said_and_changes_nothing(
    server: AccountServer, email: str, password: str, why: str
) -> None:
    with pytest.raises(OperatorRefused, match=why):
        await make_operator(server.database, email, password)
    assert await server.execute("SELECT count(*) FROM accounts") == 0


def test_the_password_may_come_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a heron at the lake\nmore"))
    assert ask_password() == "a heron at the lake"


def test_the_command_makes_one(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for password, email, code in ((PASSWORD, ADDRESS, 0), ("", ADDRESS, 0), ("short", ADDRESS, 1), ("", "nobody", 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        assert main(["operator", email, "--url", database_url]) == code
    shown = capsys.readouterr()
    assert shown.out == f"{ADDRESS} is an operator now.\n" * 2
    assert len(shown.err.splitlines()) == 2
