"""The log of one conversation on its way: what was noted, what is safe, and who waits for it. Without I/O."""

import asyncio
import time
from collections import deque
from itertools import islice

from voice_server.conversations.archive import Refusal
from voice_server.conversations.entry import Entry, Header
from voice_server.conversations.facts import LogFact, Thinning, write
from voice_server.conversations.items import Items
from voice_server.conversations.snapshot import BEHIND_FACTS, EVERY_FACTS, Snapshot, taken
from voice_server.storage.shared.interfaces import Fenced

MAX_ENTRY_LINES = 2000
"""Lines of one conversation that are written down at once."""


class Pending:
    """Lines with sequence numbers that stay here until PostgreSQL or the disk has them."""

    def __init__(self, header: Header, epoch: int, last_sequence: int, items: Items, *, is_new: bool) -> None:
        self.header = header
        self.epoch = epoch
        self.sequence = last_sequence
        """The last number that was given."""
        self.refusal: Refusal | None = None
        """Why nothing more is written."""
        self.is_known = not is_new
        """Whether PostgreSQL knows the conversation."""
        self.ended_at: float | None = None
        self._items = items
        self._thinning = Thinning()
        self._lines: deque[str] = deque()
        self._first = last_sequence + 1
        """The number of the first of them."""
        self._safe = last_sequence
        self._live = last_sequence
        """Up to here Redis has been given lines."""
        self._live_safe = last_sequence
        """Up to here it has acknowledged them."""
        self.can_be_found = not is_new
        """Whether whoever looks for lines in Redis would learn of the conversation from PostgreSQL or the disk."""
        self._ended_is_written = True
        self._mark = 0
        self._snapshot: Snapshot | None = None
        """The newest that is not written down yet."""
        self._snapshot_at = 0
        """The number of the fact after which the last was made."""
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    # --- what is noted ---

    def add(self, fact: LogFact) -> int:
        """Take a fact; give how many characters wait now more than before."""
        added = 0
        for kept in self._thinning.take(fact):
            self._items.take(kept)
            line = write(kept)
            self.sequence += 1
            self._lines.append(line)
            added += len(line)
        return added

    def heard(self, sample_count: int, at: float) -> None:
        """The microphone went on."""
        self._thinning.heard(sample_count, at)

    def told(self, events: int) -> None:
        """The client has been told so many events, and none is under way: a good moment for a snapshot."""
        if self.sequence - self._snapshot_at >= EVERY_FACTS and self._items.is_at_rest and self._snapshot is None:
            self._snapshot, self._snapshot_at = taken(self.sequence, self._items, events), self.sequence

    def end(self) -> None:
        """The conversation is over."""
        self.ended_at = time.time()
        self._ended_is_written = False

    @property
    def has_lines(self) -> bool:
        """Whether there is something for PostgreSQL or the disk."""
        return self.refusal is None and (bool(self._lines) or not self._ended_is_written)

    # --- for PostgreSQL and the disk ---

    def entry(self) -> tuple[Entry, int]:
        """What is to be written down next, and a mark for `written`."""
        rows, gone, mark = self._items.changes()
        lines = tuple(islice(self._lines, MAX_ENTRY_LINES))
        last_sequence = self._first + len(lines) - 1
        is_due = self._snapshot is not None and self._snapshot.sequence + BEHIND_FACTS <= last_sequence
        return (
            Entry(
                header=self.header,
                epoch=self.epoch,
                is_new=not self.is_known,
                first_sequence=self._first,
                lines=lines,
                items=tuple(rows),
                gone=tuple(gone),
                ended_at=self.ended_at,
                snapshot=self._snapshot if is_due else None,
            ),
            mark,
        )

    def written(self, entry: Entry, mark: int, *, to_postgres: bool) -> int:
        """An entry is safe; give how many characters no longer wait."""
        self._items.settle(mark)
        self.can_be_found = True
        self.is_known = self.is_known or to_postgres
        self._ended_is_written = self._ended_is_written or entry.ended_at is not None
        if entry.snapshot is not None:
            self._snapshot = None
        freed = 0
        while self._lines and self._first <= entry.last_sequence:
            freed += len(self._lines.popleft())
            self._first += 1
        self._advance(max(entry.last_sequence, self._live_safe))
        return freed

    # --- for Redis ---

    def unsent(self) -> tuple[int, list[str]]:
        """The lines that Redis has not been given, and the number of the first."""
        start = max(self._live + 1, self._first)
        lines = list(islice(self._lines, start - self._first, start - self._first + MAX_ENTRY_LINES))
        self._live = max(self._live, start + len(lines) - 1)
        return start, lines

    def sent(self, last_sequence: int) -> None:
        """Redis has acknowledged lines up to this one."""
        self._live_safe = max(self._live_safe, last_sequence)
        if self.can_be_found:
            self._advance(self._live_safe)

    def not_sent(self) -> None:
        """Redis may not have what it was given last."""
        self._live = self._live_safe

    # --- who waits ---

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for a line to be safe."""
        return bool(self._waiting)

    def is_safe(self, sequence: int) -> bool:
        """Whether everything up to this number is safe. Raises Fenced if it never will be."""
        if sequence <= self._safe or self.refusal == "erased":
            return True
        if self.refusal == "fenced":
            raise Fenced(self.header.id, self.epoch + 1)
        return False

    def wait_for(self, sequence: int) -> "asyncio.Future[None]":
        """Is done when everything up to this number is safe, or never will be."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((sequence, future))
        return future

    def refuse(self, refusal: Refusal) -> int:
        """Nothing more of it will be written; give how many characters no longer wait."""
        self.refusal = self.refusal or refusal
        freed = sum(map(len, self._lines))
        self._lines.clear()
        self._first = self.sequence + 1
        self._wake(self.sequence)
        return freed

    def _advance(self, sequence: int) -> None:
        if sequence > self._safe:
            self._safe = sequence
            self._wake(sequence)

    def _wake(self, sequence: int) -> None:
        waiting, self._waiting = self._waiting, []
        for wanted, future in waiting:
            if wanted > sequence:
                self._waiting.append((wanted, future))
            elif not future.done():
                future.set_result(None)
