"""What tasks left behind: the log of a conversation for whoever goes on with it, and the janitor's rounds."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import structlog

from pipeline.session_log import LogUnreadable
from voice_server.conversations import snapshot
from voice_server.conversations.archive import Archive, Kept
from voice_server.conversations.entry import Entry, Header
from voice_server.conversations.facts import LogFact, read
from voice_server.conversations.items import Items
from voice_server.conversations.snapshot import Standing
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.storage.shared.interfaces import LiveLog, SharedUnavailable

ROUND_SECONDS = 30.0
QUIET_SECONDS = 60.0
"""A log that has not changed for so long may be that of a killed process."""
ABANDONED_SECONDS = 900.0
"""A conversation that has not changed for so long is over."""
MAX_ROUND = 200
"""Conversations that are looked at in one round."""
READ_AT_ONCE = 500
"""Facts."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A log to go on with."""

    header: Header
    facts: list[LogFact]
    numbers: list[int]
    """Of the facts."""
    last_sequence: int
    """Of the last fact; 0 if there is none."""
    standing: Standing | None
    """What stood before the facts; None: they are all."""


class Recovery:
    """Reads logs to their end: from PostgreSQL, and what only Redis has."""

    def __init__(self, archive: Archive, live: LiveLog | None) -> None:
        self._archive = archive
        self._live = live

    async def take_over(self, conversation_id: str, epoch: int, *, after: int) -> TakenOver | None:
        """See ConversationLog. Raises StorageUnavailable."""
        await self._archive.announce(conversation_id, epoch)
        if self._live:
            try:
                await self._live.append(conversation_id, 1, [], epoch=epoch)
            except SharedUnavailable as error:
                _log.warning("Redis is away: an older writer is shut out of PostgreSQL alone", reason=str(error))
        return await self._all(conversation_id, epoch, after)

    async def tidy(self, own: Collection[str]) -> None:
        """Go round for ever. `own`: the conversations that this process writes itself."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.tidy_once(own)
            except (StorageUnavailable, SharedUnavailable) as error:
                _log.debug("no round of the janitor", reason=str(error))

    async def tidy_once(self, own: Collection[str]) -> None:
        """One round. Raises StorageUnavailable."""
        for conversation_id in await self._archive.left_alone(QUIET_SECONDS, MAX_ROUND):
            if conversation_id not in own:
                await self._all(conversation_id, None, 0)
        for conversation_id in await self._archive.left_alone(ABANDONED_SECONDS, MAX_ROUND):
            if conversation_id not in own:
                await self._archive.end(conversation_id)

    async def keep(self, conversation_id: str) -> None:
        """Keep for good the facts that only Redis has now; its items are kept by whoever writes the log.

        Raises StorageUnavailable.
        """
        if not await self._more(conversation_id, 0) or (kept := await self._archive.read(conversation_id)) is None:
            return
        more = await self._more(conversation_id, kept.last_sequence)
        await self._archive.write(
            [Entry(kept.header, kept.epoch, False, first, tuple(run), (), (), None) for first, run in _runs(more)]
        )

    async def _all(self, conversation_id: str, epoch: int | None, after: int) -> TakenOver | None:
        """Read what there is, with a snapshot in place of facts up to `after`; keep for good what only Redis had.

        Raises StorageUnavailable.
        """
        kept = await self._archive.read(conversation_id, after=after)
        try:
            standing = None if kept is None else _standing(kept)
        except LogUnreadable as error:
            # As of another version of this program.
            _log.warning("a snapshot cannot be read", conversation=conversation_id, reason=str(error))
            kept, standing = await self._archive.read(conversation_id), None
        if kept is None:
            return None
        more = await self._more(conversation_id, kept.last_sequence)
        lines = [*kept.lines, *more]
        facts: list[LogFact] = []
        for start in range(0, len(lines), READ_AT_ONCE):
            facts += [read(line) for _, line in lines[start : start + READ_AT_ONCE]]
            # A long log takes long: other conversations have their turn in between.
            await asyncio.sleep(0)
        if more:
            await self._archive.write(list(_entries(kept, epoch or kept.epoch, more, facts)))
        last_sequence = more[-1][0] if more else kept.last_sequence
        return TakenOver(kept.header, facts, [number for number, _ in lines], last_sequence, standing)

    async def _more(self, conversation_id: str, after: int) -> list[tuple[int, str]]:
        if self._live is None:
            return []
        try:
            return await self._live.read(conversation_id, after)
        except SharedUnavailable as error:
            _log.warning("Redis is away: what only it has of a conversation is missing", reason=str(error))
            return []


def _standing(kept: Kept) -> Standing | None:
    """What stood before the facts. Raises LogUnreadable."""
    return None if kept.snapshot is None else snapshot.read(kept.snapshot)


def _entries(kept: Kept, epoch: int, lines: Sequence[tuple[int, str]], facts: Sequence[LogFact]) -> Iterator[Entry]:
    standing = _standing(kept)
    items = standing.items if standing else Items()
    for fact in facts:
        items.take(fact)
    rows, gone, _ = items.changes()
    for first, run in _runs(lines):
        yield Entry(kept.header, epoch, False, first, tuple(run), tuple(rows), tuple(gone), None)


def _runs(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Stretches of lines whose numbers follow each other."""
    first, run = 0, list[str]()
    for sequence, line in lines:
        if run and sequence != first + len(run):
            yield first, run
            run = []
        if not run:
            first = sequence
        run.append(line)
    if run:
        yield first, run
