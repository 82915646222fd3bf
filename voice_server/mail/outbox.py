"""The outbox: letters wait in PostgreSQL, so that no request waits for SMTP, and none is lost when a process dies.

A letter is written in the transaction of what it tells of. Tasks claim one at a time (`SKIP LOCKED`) for longer than
sending may take, so that no two of them send it; it is removed when a server has it. A process that dies between the
two leaves a letter that is sent again later, under the same Message-ID. Letters are encrypted, because their links open
accounts. What is not taken is tried again after 30 s, then after twice as long each time, for a day.
"""

import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg
import orjson
import structlog

from voice_server.mail.post import SEND_SECONDS, Post, Undeliverable
from voice_server.storage.postgres.database import Connection, Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements
from voice_server.storage.resealing import SealedRows
from voice_server.storage.sealed import CannotOpen, Sealed

CLAIM_SECONDS = 2 * SEND_SECONDS
FIRST_RETRY_SECONDS = 30.0
LAST_RETRY_SECONDS = 3600.0
GIVE_UP_SECONDS = 86_400.0
"""Longer than any link in a letter works."""
LOOK_SECONDS = 5.0
"""How often a task looks for letters that another one wrote or left behind."""
_MOST_DOUBLINGS = 10

_log = structlog.get_logger(__name__)


class Words(Protocol):
    """What a letter says."""

    @property
    def subject(self) -> str:
        """One line."""
        ...

    @property
    def text(self) -> str:
        """Plain text."""
        ...


def retry_seconds(attempts: int) -> float:
    """How long to wait after so many attempts that failed."""
    return min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2.0 ** min(attempts - 1, _MOST_DOUBLINGS))


class Outbox:
    """Takes letters, and sends them."""

    def __init__(self, database: Database, sealed: Sealed, post: Post, sender: str) -> None:
        """`sender`: the address that letters come from."""
        self._database = database
        self._sealed = sealed
        self._post = post
        self._sender = sender
        self._statements = Statements.of("outgoing_mail")
        self._written = asyncio.Event()
        self._delivered: set[UUID] = set()
        """Letters that were sent while the database was away: they are removed before anything else is claimed."""

    async def add(self, connection: Connection, account_id: UUID | None, recipient: str, words: Words) -> None:
        """Write a letter, in a transaction that sees everyone. To nobody (None), the same work is done for nothing."""
        letter_id = uuid4()
        letter = orjson.dumps({"to": recipient, "subject": words.subject, "text": words.text})
        sealed = self._sealed.seal(letter, _context(letter_id))
        await connection.execute(self._statements["add"], letter_id, account_id, sealed)

    def hasten(self) -> None:
        """Send what was added; call it when the transaction is over."""
        self._written.set()

    async def run(self) -> None:
        """Send letters for as long as the server runs."""
        while True:
            self._written.clear()
            try:
                while await self.send_one():
                    _stop_if_asked()
            except StorageUnavailable as error:
                _log.warning("letters wait", reason=str(error))
            except Exception:  # Whatever it was, this work must not end before the server does.
                _log.exception("letters wait")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._written.wait()
            except TimeoutError:
                continue

    async def send_one(self) -> bool:
        """Send a letter that is due, if there is one. Raises StorageUnavailable."""
        await self._remove_delivered()
        # Letters belong to people, who may belong to several tenants.
        async with self._database.everyone() as connection:
            claimed = await connection.fetchrow(self._statements["claim"], CLAIM_SECONDS)
        if claimed is None:
            return False
        try:
            await self._post.send(self._message(claimed))
        except Undeliverable as error:
            await self._keep(claimed, str(error), for_good=error.for_good)
        except CannotOpen as error:
            await self._keep(claimed, str(error), for_good=True)
        else:
            self._delivered.add(claimed["id"])
            await self._remove_delivered()
        return True

    async def sweep(self) -> None:
        """Forget what was given up a week ago. Raises StorageUnavailable."""
        async with self._database.everyone() as connection:
            await connection.execute(self._statements["sweep"])

    async def _remove_delivered(self) -> None:
        for letter_id in list(self._delivered):
            async with self._database.everyone() as connection:
                await connection.execute(self._statements["sent"], letter_id)
            self._delivered.discard(letter_id)

    async def _keep(self, claimed: asyncpg.Record, problem: str, *, for_good: bool) -> None:
        gives_up = for_good or claimed["age"] >= GIVE_UP_SECONDS
        _log.warning(
            "a letter was not sent", letter=str(claimed["id"]), attempts=claimed["attempts"], gives_up=gives_up
        )
        async with self._database.everyone() as connection:
            if gives_up:
                await connection.execute(self._statements["give_up"], claimed["id"], problem)
            else:
                wait = retry_seconds(claimed["attempts"])
                await connection.execute(self._statements["later"], claimed["id"], wait, problem)

    def _message(self, claimed: asyncpg.Record) -> EmailMessage:
        letter = orjson.loads(self._sealed.open(claimed["letter"], _context(claimed["id"])))
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = letter["to"]
        message["Subject"] = letter["subject"]
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{claimed['id']}@{self._sender.rpartition('@')[2].strip('>')}>"
        # Nobody's holiday notice is of use here (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter["text"])
        return message


def _stop_if_asked() -> None:
    # `asyncio.wait_for` of Python 3.11, which the library for SMTP uses, forgets that it was cancelled if the answer
    # comes at that moment. The letter is sent then, and noted; only now the task may end.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _context(letter_id: UUID) -> bytes:
    return b"outgoing_mail/" + letter_id.bytes


SEALED_ROWS = SealedRows("letters on their way", "outgoing_mail", ("id",), lambda row: _context(row["id"]))
