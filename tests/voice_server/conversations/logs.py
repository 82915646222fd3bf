"""Logs of conversations over real servers, and parts of them that fail when they are told to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.events import ItemAdded, ReplyText
from pipeline.items import Message, Text, new_id
from pipeline.session_log import Left, Opened
from pipeline.settings import SessionSettings
from voice_server.auth import DEFAULT_TENANT
from voice_server.conversations.archive import Archive, Refusal
from voice_server.conversations.entry import Entry, Header
from voice_server.conversations.facts import LogFact
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.conversations.spool import Spool
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.shared.interfaces import LiveLog, SharedUnavailable

BEGAN_AT = 1_790_000_000.0


def header(conversation_id: str | None = None, owner: str = "ada") -> Header:
    return Header(conversation_id or new_id("conv"), DEFAULT_TENANT, owner, "tester", "realtime", BEGAN_AT)


def opened(began_at: float = BEGAN_AT) -> LogFact:
    return Opened("sess_1", "tester", SessionSettings(), began_at)


def said(number: int, text: str = "") -> LogFact:
    """An item of its own."""
    item = Message(f"item_{number}", "user", (Text(text or f"number {number}"),))
    return Left(float(number), ItemAdded(item, f"item_{number - 1}" if number > 1 else None))


def streamed(number: int) -> LogFact:
    """A fact that nobody waits for."""
    return Left(float(number), ReplyText("resp_1", "item_1", f"{number} "))


class FailingArchive(Archive):
    """PostgreSQL, away when it is told to."""

    is_away = False

    async def write(self, entries: Sequence[Entry]) -> dict[str, Refusal]:
        if self.is_away:
            raise StorageUnavailable("PostgreSQL is away, as it was told.")
        return await super().write(entries)


class FailingSpool(Spool):
    """A disk, full when it is told to."""

    is_full = False

    async def append(self, entries: Sequence[Entry]) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        await super().append(entries)


class FailingLive:
    """Redis, away when it is told to."""

    is_away = False

    def __init__(self, live: LiveLog) -> None:
        self._live = live

    def _check(self) -> None:
        if self.is_away:
            raise SharedUnavailable("Redis is away, as it was told.")

    async def append(self, session_id: str, first_sequence: int, lines: Sequence[str], *, epoch: int) -> None:
        self._check()
        await self._live.append(session_id, first_sequence, lines, epoch=epoch)

    async def read(self, session_id: str, after: int) -> list[tuple[int, str]]:
        self._check()
        return await self._live.read(session_id, after)

    async def expire(self, session_id: str, seconds: float) -> None:
        self._check()
        await self._live.expire(session_id, seconds)

    async def delete(self, session_id: str) -> None:
        self._check()
        await self._live.delete(session_id)


@dataclass
class Kept:
    """One task, and what its log is kept in."""

    log: ConversationLog
    archive: FailingArchive
    spool: FailingSpool
    live: FailingLive | None

    def begin(self, conversation_id: str | None = None) -> ConversationWriter:
        writer = self.log.open(header(conversation_id))
        writer.note(opened())
        return writer

    async def sequences(self, writer: ConversationWriter) -> list[int]:
        """What PostgreSQL has."""
        kept = await self.archive.read(writer.header.id)
        return [sequence for sequence, _ in kept.lines] if kept else []

    async def has_all(self, writer: ConversationWriter) -> None:
        """Wait until PostgreSQL has everything that was noted, and nothing else, in order."""
        async with asyncio.timeout(20):
            while await self.sequences(writer) != list(range(1, writer.sequence + 1)):  # noqa: ASYNC110 (of a database)
                await asyncio.sleep(0.02)


@asynccontextmanager
async def kept_in(database: Database, folder: Path, live: LiveLog | None = None) -> AsyncIterator[Kept]:
    archive, spool = FailingArchive(database), FailingSpool(folder)
    failing = FailingLive(live) if live else None
    async with ConversationLog(archive, spool, failing) as log:
        yield Kept(log, archive, spool, failing)
