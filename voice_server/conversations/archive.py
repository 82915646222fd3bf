"""The logs of conversations in PostgreSQL, and the items they come to: written in batches, many conversations at once.

Facts are never changed. Writing the same entry twice changes nothing; an entry of an older epoch than the newest that
wrote is refused, and so is one of a conversation that was erased.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import asyncpg
import orjson
import structlog

from voice_server.conversations.entry import Entry, Header
from voice_server.conversations.snapshot import Snapshot
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Connection

Refusal = Literal["fenced", "erased", "unwritable"]
"""Somebody else writes this log now; it was deleted; PostgreSQL will never take what is in it."""

_PASSING = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.InsufficientResourcesError)
_SQL = Statements.of("conversation_logs")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What PostgreSQL has of one conversation."""

    header: Header
    epoch: int
    lines: list[tuple[int, str]]
    """With their sequence numbers, in order."""
    snapshot: Snapshot | None = None
    """What stood before them; None: they are all."""

    @property
    def last_sequence(self) -> int:
        """Of the newest fact; 0 if there is none."""
        return self.lines[-1][0] if self.lines else self.snapshot.sequence if self.snapshot else 0


class Archive:
    """Where logs are kept for good."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, entries: Sequence[Entry]) -> dict[str, Refusal]:
        """Keep all of them in one transaction; tell which conversations were refused, and why.

        Raises StorageUnavailable; they may have been written or not.
        """
        try:
            return await self._write(entries)
        except _PASSING as error:
            raise StorageUnavailable(f"PostgreSQL broke off: {error}.") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            if len(entries) == 1:
                _log.error("log of a conversation cannot be kept", conversation=entries[0].header.id, exc_info=error)
                return {entries[0].header.id: "unwritable"}
        # One of them cannot be written: the others are.
        refused: dict[str, Refusal] = {}
        for entry in entries:
            if entry.header.id not in refused:
                refused |= await self.write([entry])
        return refused

    async def announce(self, conversation_id: str, epoch: int) -> None:
        """From now on, older epochs are refused. Raises StorageUnavailable."""
        # Whoever takes over holds a token of the conversation, checked before; the tenant is found with it.
        async with self._database.everyone() as connection:
            await connection.execute(_SQL["announce"], conversation_id, epoch)

    async def claim(self, conversation_id: str, tenant_id: UUID) -> int | None:
        """From now on, only this new epoch writes; None: there is no such conversation. Raises StorageUnavailable."""
        async with self._database.tenant(tenant_id) as connection:
            epoch: int | None = await connection.fetchval(_SQL["claim"], conversation_id)
            return epoch

    async def read(self, conversation_id: str, tenant_id: UUID | None = None, *, after: int = 0) -> Kept | None:
        """All of its log; None if there is no such conversation. Raises StorageUnavailable.

        `tenant_id`: whose it must be; None for those who cannot know, such as the janitor. `after`: a snapshot of what
        stood after this fact, or one before, may take the place of the facts up to it.
        """
        of_tenant = self._database.everyone() if tenant_id is None else self._database.tenant(tenant_id)
        async with of_tenant as connection:
            row = await connection.fetchrow(_SQL["header"], conversation_id)
            if row is None:
                return None
            found = await connection.fetchrow(_SQL["snapshot"], conversation_id, after) if after else None
            snapshot = None if found is None else Snapshot(found["sequence"], found["snapshot"])
            lines = await connection.fetch(_SQL["facts"], conversation_id, snapshot.sequence if snapshot else 0)
        fields = dict(row)
        epoch = fields.pop("epoch")
        header = Header(**{**fields, "began_at": fields["began_at"].timestamp()})
        return Kept(header, epoch, [(line["sequence"], line["fact"]) for line in lines], snapshot)

    async def left_alone(self, seconds: float, limit: int) -> list[str]:
        """Live conversations whose log has not changed for so long, the oldest first. Raises StorageUnavailable."""
        # A job, over all tenants.
        async with self._database.everyone() as connection:
            return [row["id"] for row in await connection.fetch(_SQL["left_alone"], seconds, limit)]

    async def end(self, conversation_id: str) -> None:
        """Nobody goes on with it: it ended when it last changed. Raises StorageUnavailable."""
        # A job, over all tenants.
        async with self._database.everyone() as connection:
            await connection.execute(_SQL["end"], conversation_id)

    async def _write(self, entries: Sequence[Entry]) -> dict[str, Refusal]:
        if not entries:
            return {}
        # One transaction for conversations of many tenants: every row is written with the tenant of its conversation.
        async with self._database.everyone() as connection:
            if new := [entry for entry in entries if entry.is_new]:
                await connection.execute(_SQL["begin"], *_columns(map(_header_row, new), 10))
            held = await connection.fetch(_SQL["hold"], sorted({entry.header.id for entry in entries}))
            epochs = {row["id"]: row["epoch"] for row in held}
            refused = _refused(entries, epochs)
            await self._add(connection, [entry for entry in entries if entry.header.id not in refused])
            return refused

    async def _add(self, connection: "Connection", entries: Sequence[Entry]) -> None:
        # Of what several entries say about an item, the last word counts.
        gone: dict[tuple[str, str], None] = {}
        rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        for entry in entries:
            for item_id in entry.gone:
                gone[entry.header.id, item_id] = None
                rows.pop((entry.header.id, item_id), None)
            rows.update({(row[0], row[1]): row for row in _item_rows(entry)})
        snapshots = {entry.header.id: row for entry in entries if (row := _snapshot_row(entry))}
        news = {entry.header.id: (entry.header.id, entry.epoch, _moment(entry.ended_at)) for entry in entries}
        await connection.execute(
            _SQL["keep"],
            *_columns([row for entry in entries for row in _fact_rows(entry)], 4),
            *_columns(rows.values(), 10),
            # One statement cannot do two things to a row; what came back is written over.
            *_columns([each for each in gone if each not in rows], 2),
            *_columns(news.values(), 3),
            *_columns(snapshots.values(), 4),
        )


def _refused(entries: Sequence[Entry], epochs: dict[str, int]) -> dict[str, Refusal]:
    refused: dict[str, Refusal] = {}
    for entry in entries:
        epoch = epochs.get(entry.header.id)
        if epoch is None:
            refused[entry.header.id] = "erased"
        elif epoch > entry.epoch:
            refused[entry.header.id] = "fenced"
    return refused


def _header_row(entry: Entry) -> tuple[Any, ...]:
    header = entry.header
    return (
        header.id,
        header.tenant_id,
        header.tenant_version,
        header.customer_id,
        header.owner,
        header.assistant,
        header.channel,
        header.language,
        _moment(header.began_at),
        entry.epoch,
    )


def _fact_rows(entry: Entry) -> list[tuple[Any, ...]]:
    header = entry.header
    return [
        (header.id, sequence, header.tenant_id, line) for sequence, line in enumerate(entry.lines, entry.first_sequence)
    ]


def _item_rows(entry: Entry) -> list[tuple[Any, ...]]:
    header = entry.header
    return [
        (
            header.id,
            row.id,
            header.tenant_id,
            row.position,
            row.role,
            row.text,
            row.status,
            _moment(row.said_at),
            None if row.timings is None else orjson.dumps(row.timings).decode(),
            row.unheard,
        )
        for row in entry.items
    ]


def _snapshot_row(entry: Entry) -> tuple[Any, ...] | None:
    snapshot = entry.snapshot
    return None if snapshot is None else (entry.header.id, entry.header.tenant_id, snapshot.sequence, snapshot.text)


def _columns(rows: Any, count: int) -> list[list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(count)]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
