"""Writes what waits to PostgreSQL or, while that is away, to the disk, and from there to PostgreSQL when it is back.

One task writes for all conversations: what comes while it writes is the next batch. Without somebody who waits, it lets
a little come together first.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import structlog

from voice_server.background import running
from voice_server.conversations.archive import Archive, Refusal
from voice_server.conversations.entry import Entry
from voice_server.conversations.pending import Pending
from voice_server.conversations.spool import Spool
from voice_server.storage.postgres.database import StorageUnavailable

ARCHIVE_SECONDS = 1.0
"""PostgreSQL has this long for a batch; then it counts as away."""
RETURN_SECONDS = 0.5
"""Between two attempts to reach what is away."""
MAX_BATCH = 500
"""Conversations that are written down at once."""

_Where = Literal["postgres", "disk", "nowhere"]
_log = structlog.get_logger(__name__)


class Scribe:
    """The one that writes."""

    def __init__(
        self,
        archive: Archive,
        spool: Spool,
        *,
        linger_seconds: Callable[[], float],
        refused: Callable[[Pending, Refusal], None],
    ) -> None:
        """`linger_seconds`: how long lines that nobody waits for may wait for others. `refused` is told whose log ends
        early."""
        self.characters = 0
        """That wait in memory."""
        self.is_failing = False
        """Whether the last attempt kept nothing."""
        self._archive = archive
        self._spool = spool
        self._linger_seconds = linger_seconds
        self._refused = refused
        self._changed: dict[Pending, None] = {}
        self._writing: Sequence[Pending] = ()
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        self._spooling = asyncio.Event()
        """While PostgreSQL is away, or the disk still has what it lacks."""
        self._written = asyncio.Condition()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Write while the context lasts; begin with what an earlier process left on the disk."""
        try:
            await self._spool.open()
        except OSError:
            _log.exception("the spool cannot be used: while PostgreSQL is away, what is said may be lost")
        if self._spool.waiting_bytes:
            self._spooling.set()
        try:
            async with running("conversation log", self._write_all), running("conversation spool", self._return_all):
                yield
        finally:
            await self._spool.close()

    @property
    def spool_bytes(self) -> int:
        """That wait on the disk."""
        return self._spool.waiting_bytes

    def noted(self, pending: Pending, characters: int) -> None:
        """A conversation has lines to be written."""
        self.characters += characters
        self._changed[pending] = None
        self._news.set()

    def hurry(self) -> None:
        """Somebody waits."""
        self._hurry.set()

    def refuse(self, pending: Pending, refusal: Refusal) -> None:
        """Nothing more of this conversation will be written."""
        self._refused(pending, refusal)
        self.characters -= pending.refuse(refusal)
        self._changed.pop(pending, None)

    async def drain(self, pending: Pending) -> None:
        """Until all of one conversation is in PostgreSQL or on the disk."""
        async with self._written:
            while pending.has_lines:
                self._changed[pending] = None
                self._news.set()
                self._hurry.set()
                await self._written.wait()

    async def drain_all(self) -> None:
        """The same of all conversations."""
        # Of those that are noted as changed, some may have been written meanwhile; others are being written.
        while waiting := next((each for each in (*self._changed, *self._writing) if each.has_lines), None):
            await self.drain(waiting)

    # --- from memory ---

    async def _write_all(self) -> None:
        while True:
            await self._news.wait()
            if not self._hurry.is_set():
                await self._linger()
            self._news.clear()
            self._hurry.clear()
            batch = [pending for pending in self._changed if pending.has_lines][:MAX_BATCH]
            left = dict.fromkeys(batch)
            self._changed = {each: None for each in self._changed if each.has_lines and each not in left}
            if batch:
                self._writing = batch
                await self._write_batch(batch)
                self._writing = ()

    async def _linger(self) -> None:
        try:
            async with asyncio.timeout(self._linger_seconds()):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _write_batch(self, batch: Sequence[Pending]) -> None:
        taken = [each for pending in batch if (each := self._taken(pending))]
        where, refused = await self._write([entry for _, entry, _ in taken])
        for pending, entry, mark in taken:
            if refusal := refused.get(pending.header.id):
                self.refuse(pending, refusal)
            elif where != "nowhere":
                self.characters -= pending.written(entry, mark, to_postgres=where == "postgres")
            if pending.has_lines:
                self._changed[pending] = None
        if self._changed:
            self._news.set()
        self.is_failing = where == "nowhere"
        async with self._written:
            self._written.notify_all()
        if self.is_failing:
            await asyncio.sleep(RETURN_SECONDS)

    def _taken(self, pending: Pending) -> tuple[Pending, Entry, int] | None:
        try:
            return pending, *pending.entry()
        except Exception:
            # One log is lost; those of all others are not.
            _log.exception("what was noted cannot be written down", conversation=pending.header.id)
            self.refuse(pending, "unwritable")
            return None

    async def _write(self, entries: Sequence[Entry]) -> tuple[_Where, dict[str, Refusal]]:
        if not self._spooling.is_set():
            try:
                return "postgres", await self._archived(entries)
            except StorageUnavailable as error:
                _log.warning("PostgreSQL is away: conversations are kept on the disk", reason=str(error))
        try:
            await self._spool.append(entries)
        except OSError as error:
            if not self.is_failing:
                _log.error(
                    "neither PostgreSQL nor the disk can be written: what is said may be lost", reason=str(error)
                )
            # There is nothing to bring over: PostgreSQL is asked again with the next batch.
            return "nowhere", {}
        self._spooling.set()
        return "disk", {}

    # --- from the disk ---

    async def _return_all(self) -> None:
        while True:
            await self._spooling.wait()
            await asyncio.sleep(RETURN_SECONDS)
            try:
                await self._return()
            except (StorageUnavailable, OSError) as error:
                _log.debug("conversations stay on the disk", reason=str(error))

    async def _return(self) -> None:
        """Bring everything over. Raises StorageUnavailable or OSError."""
        while (taken := await self._spool.oldest()).file is not None:
            for conversation_id, refusal in (await self._archived(taken.entries)).items():
                _log.warning("what was on the disk is refused", conversation=conversation_id, reason=refusal)
            await self._spool.done(taken)
        # Whoever puts something in at this moment sets it again.
        self._spooling.clear()
        _log.info("PostgreSQL has what was on the disk")

    async def _archived(self, entries: Sequence[Entry]) -> dict[str, Refusal]:
        """Raises StorageUnavailable."""
        try:
            async with asyncio.timeout(ARCHIVE_SECONDS):
                return await self._archive.write(entries)
        except TimeoutError as error:
            raise StorageUnavailable(f"PostgreSQL took longer than {ARCHIVE_SECONDS:g} s.") from error
        except StorageUnavailable:
            raise
        except Exception as error:
            # A connection that dies in the middle can fail in ways that its driver does not foresee.
            _log.exception("conversations were not written")
            raise StorageUnavailable("PostgreSQL failed in an unknown way.") from error
