"""Letters are sent once, by whichever task, and none is lost."""

import asyncio
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from tests.voice_server.mail.smtp_server import smtp_server
from voice_server.accounts.letters import LANGUAGES, Kind, Letter, Letters
from voice_server.mail.outbox import Outbox, retry_seconds
from voice_server.mail.post import Post, SmtpAddress, SmtpPost, Undeliverable
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.sealed import Sealed

SEALED = Sealed([b"a secret that only tests have"])


class Refusing:
    """Takes nothing."""

    def __init__(self, *, for_good: bool) -> None:
        self.for_good = for_good

    async def send(self, message: EmailMessage) -> None:
        raise Undeliverable("452 no room", for_good=self.for_good)


@dataclass
class Desk:
    """Where letters are written, and what became of them."""

    database: Database
    account_id: UUID

    def outbox(self, post: Post, sealed: Sealed = SEALED) -> Outbox:
        return Outbox(self.database, sealed, post, "Voice <voice@voice.example>")

    async def write(self, outbox: Outbox, subject: str = "Ciao") -> None:
        async with self.database.everyone() as connection:
            await outbox.add(connection, self.account_id, "ada@example.com", Letter(subject, "Così è."))

    async def value(self, statement: str) -> Any:
        async with self.database.everyone() as connection:
            return await connection.fetchval(statement)

    async def waiting(self) -> int:
        return int(await self.value("SELECT count(*) FROM outgoing_mail"))


@pytest.fixture
async def desk(database: Database) -> Desk:
    """Of one person."""
    async with database.everyone() as connection:
        statement = "INSERT INTO accounts (email, password_hash) VALUES ('ada@example.com', '!') RETURNING id"
        return Desk(database, await connection.fetchval(statement))


def by_smtp(port: int) -> SmtpPost:
    return SmtpPost(SmtpAddress.parse(f"smtp://127.0.0.1:{port}"))


async def test_a_letter_goes_out_and_leaves_nothing_behind(desk: Desk) -> None:
    async with smtp_server() as server:
        outbox = desk.outbox(by_smtp(server.port))
        await desk.write(outbox)
        assert await outbox.send_one()
        assert not await outbox.send_one()
    [message] = server.messages
    assert (message["To"], message["Subject"]) == ("ada@example.com", "Ciao")
    assert message["Message-ID"].endswith("@voice.example>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert await desk.waiting() == 0


async def test_a_letter_of_a_transaction_that_fails_is_never_sent(desk: Desk) -> None:
    outbox = desk.outbox(Refusing(for_good=True))

    async def fail() -> None:
        async with desk.database.everyone() as connection:
            await outbox.add(connection, desk.account_id, "ada@example.com", Letter("Ciao", "Così è."))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await desk.waiting() == 0


async def test_four_tasks_send_twenty_letters_once_each(desk: Desk) -> None:
    async with smtp_server() as server:
        tasks = [desk.outbox(by_smtp(server.port)) for _ in range(4)]
        for number in range(20):
            await desk.write(tasks[0], f"Letter {number}")

        async def send_all(outbox: Outbox) -> None:
            while await outbox.send_one():
                pass

        await asyncio.gather(*(send_all(outbox) for outbox in tasks))
    assert sorted(message["Subject"] for message in server.messages) == sorted(f"Letter {n}" for n in range(20))


async def test_a_letter_waits_while_nobody_is_there_and_goes_out_when_somebody_is(desk: Desk) -> None:
    async with smtp_server() as server:
        port = server.port
    outbox = desk.outbox(by_smtp(port))
    await desk.write(outbox)
    assert await outbox.send_one()
    assert not await outbox.send_one()
    assert await desk.value("SELECT attempts FROM outgoing_mail WHERE due_at > now() + interval '25 seconds'") == 1
    await desk.value("UPDATE outgoing_mail SET due_at = now()")
    async with smtp_server() as server:
        server.answers_to_data = ["451 try later"]
        outbox = desk.outbox(by_smtp(server.port))
        await outbox.send_one()
        assert await desk.value("SELECT problem FROM outgoing_mail")
        await desk.value("UPDATE outgoing_mail SET due_at = now()")
        await outbox.send_one()
        assert len(server.messages) == 1
    assert await desk.waiting() == 0


async def test_a_task_that_dies_while_it_sends_leaves_the_letter_to_another(desk: Desk) -> None:
    async with smtp_server() as server:
        server.holds = asyncio.Event()
        outbox = desk.outbox(by_smtp(server.port))
        await desk.write(outbox)
        dying = asyncio.create_task(outbox.send_one())
        await server.entered.wait()
        other = desk.outbox(by_smtp(server.port))
        assert not await other.send_one()
        dying.cancel()
        await asyncio.wait([dying])
        server.holds.set()
        await desk.value("UPDATE outgoing_mail SET due_at = now()")
        assert await other.send_one()
        assert await desk.waiting() == 0
        assert len({message["Message-ID"] for message in server.messages}) == 1


@pytest.mark.parametrize("for_good", [True, False])
async def test_a_letter_that_will_never_be_taken_is_given_up_without_its_words(desk: Desk, for_good: bool) -> None:
    outbox = desk.outbox(Refusing(for_good=for_good))
    await desk.write(outbox)
    if not for_good:
        await desk.value("UPDATE outgoing_mail SET created_at = now() - interval '25 hours'")
    await outbox.send_one()
    assert await desk.value(
        "SELECT letter IS NULL AND failed_at IS NOT NULL AND problem = '452 no room' FROM outgoing_mail"
    )
    await desk.value("UPDATE outgoing_mail SET failed_at = now() - interval '8 days'")
    await outbox.sweep()
    assert await desk.waiting() == 0


async def test_a_letter_that_another_secret_sealed_is_given_up(desk: Desk) -> None:
    await desk.write(desk.outbox(Refusing(for_good=False)))
    async with smtp_server() as server:
        outbox = desk.outbox(by_smtp(server.port), Sealed([b"a secret that came after"]))
        await outbox.send_one()
        assert not server.messages
    assert "SECRET_KEY" in await desk.value("SELECT problem FROM outgoing_mail WHERE letter IS NULL")


async def test_a_letter_that_was_sent_while_the_database_went_away_is_not_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with smtp_server() as server:
        outbox = desk.outbox(by_smtp(server.port))
        await desk.write(outbox)
        everyone = Database.everyone
        taken = 0

        def failing(database: Database) -> Any:
            nonlocal taken
            taken += 1
            if taken == 2:
                raise StorageUnavailable("PostgreSQL cannot be reached.")
            return everyone(database)

        monkeypatch.setattr(Database, "everyone", failing)
        with pytest.raises(StorageUnavailable):
            await outbox.send_one()
        assert len(server.messages) == 1
        monkeypatch.undo()
        await desk.value("UPDATE outgoing_mail SET due_at = now()")
        assert not await outbox.send_one()
        assert len(server.messages) == 1


async def test_the_letters_of_somebody_who_is_erased_are_gone(desk: Desk) -> None:
    await desk.write(desk.outbox(Refusing(for_good=False)))
    await desk.value("DELETE FROM accounts")
    assert await desk.waiting() == 0


async def test_what_was_written_is_sent_at_once_by_a_task_that_runs(desk: Desk) -> None:
    async with smtp_server() as server:
        outbox = desk.outbox(by_smtp(server.port))
        running = asyncio.create_task(outbox.run())
        await desk.write(outbox)
        outbox.hasten()
        await server.entered.wait()
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()


def test_the_waits_double_up_to_an_hour() -> None:
    waits = [retry_seconds(attempts) for attempts in range(1, 30)]
    assert waits[:4] == [30, 60, 120, 240]
    assert max(waits) == waits[-1] == 3600


@pytest.mark.parametrize("kind", ["verify", "known", "reset", "changed", "invited"])
def test_every_letter_is_there_in_every_language_with_its_link(kind: Kind) -> None:
    letters = Letters("https://voice.example/")
    written = [letters.write(kind, language, "default", "tk_1") for language in LANGUAGES]
    assert len({letter.subject for letter in written}) == len(LANGUAGES)
    place = {"verify": "#verify=tk_1", "reset": "#reset=tk_1", "invited": "#reset=tk_1"}.get(kind, "#forgot")
    for letter in written:
        assert "\n" not in letter.subject
        assert letter.text.count("{") == 0
        assert f"https://voice.example/{place}\n" in letter.text
    at_acme = letters.write(kind, "en", "acme", "tk_1")
    assert f"https://voice.example/?tenant=acme{place}\n" in at_acme.text
    assert letters.write(kind, "fr", "default", "tk_1") == letters.write(kind, None, "default", "tk_1") == written[0]
