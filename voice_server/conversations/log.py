"""The durable log of every conversation of this process.

    async with ConversationLog(Archive(database), Spool(folder), live_log) as log:
        writer = log.open(header)
        number = writer.note(fact)          # synchronous
        await writer.durable(number)        # before the client is told

A fact is safe as soon as Redis has acknowledged it, or PostgreSQL, or, while PostgreSQL is away, this task's disk.
PostgreSQL gets everything in any case.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from voice_server.conversations.archive import Archive, Refusal
from voice_server.conversations.entry import Header
from voice_server.conversations.facts import LogFact, is_urgent
from voice_server.conversations.items import Items
from voice_server.conversations.live_copies import LiveCopies
from voice_server.conversations.pending import Pending
from voice_server.conversations.recovery import Recovery, TakenOver
from voice_server.conversations.scribe import Scribe
from voice_server.conversations.spool import Spool
from voice_server.storage.shared.interfaces import LiveLog

LINGER_SECONDS = 0.25
"""How long lines that nobody waits for may wait for others on their way to PostgreSQL."""
LINGER_SECONDS_WITH_REDIS = 1.0
LIVE_SECONDS = 0.1
"""Redis has this long before PostgreSQL is hurried as well."""
DURABLE_SECONDS = 2.0
"""A promise waits at most this long; then the conversation goes on, and the server says loudly what it could not do."""
CLOSE_SECONDS = 10.0
"""How long a server that stops waits until all is kept."""
MAX_CHARACTERS = 64 * 1024 * 1024
"""Of all conversations, in memory. Only without PostgreSQL and without disk does it come near."""

_log = structlog.get_logger(__name__)


class ConversationLog:
    """Opens writers, and has written down what they note. `async with` runs it."""

    def __init__(self, archive: Archive, spool: Spool, live: LiveLog | None = None) -> None:
        self.unkept_promises = 0
        """Messages that were sent before they were safe."""
        self.cut_short = 0
        """Logs that ended early."""
        self._scribe = Scribe(archive, spool, linger_seconds=self._linger_seconds, refused=self._note_refused)
        self._copies = live and LiveCopies(live, fenced=self._fenced, fell_back=self._fell_back)
        self.recovery = Recovery(archive, live)
        self._open: dict[str, Pending] = {}
        self._is_unsafe = False
        """Whether a promise waited in vain and nothing has been kept since: no other waits meanwhile."""
        self._tasks: set[asyncio.Task[None]] = set()
        """What ended conversations leave to be done."""
        self._work = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begins with what an earlier process left on the disk."""
        await self._work.enter_async_context(self._scribe.at_work())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Keep what is left, in PostgreSQL or on the disk."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._scribe.drain_all()
                await asyncio.gather(*self._tasks)
        except TimeoutError:
            _log.error("conversations are not kept to their end", characters=self._scribe.characters)
        if self._copies:
            await self._copies.close()
        await self._work.aclose()

    def open(
        self, header: Header, *, epoch: int = 1, last_sequence: int = 0, items: Items | None = None
    ) -> "ConversationWriter":
        """Begin a log, or go on with one: with what `take_over` gave, and the fold of `restored`."""
        pending = Pending(header, epoch, last_sequence, items or Items(), is_new=items is None)
        self._open[header.id] = pending
        return ConversationWriter(self, pending)

    async def take_over(self, conversation_id: str, epoch: int, *, after: int = 0) -> TakenOver | None:
        """Shut out the writers of older epochs and read the log; None: there is no such conversation.

        `after`: facts up to this one are only needed for what they come to. Raises StorageUnavailable.
        """
        await self.let_go(conversation_id)
        return await self.recovery.take_over(conversation_id, epoch, after=after)

    async def let_go(self, conversation_id: str) -> None:
        """Keep what this process has still to keep of it; nothing more of it may be noted here."""
        if own := self._open.pop(conversation_id, None):
            await self._scribe.drain(own)

    async def tidy(self) -> None:
        """Keep for good what killed processes had in Redis only, and end what nobody goes on with; runs for ever."""
        await self.recovery.tidy(self._open.keys())

    def metrics(self) -> Iterator[Metric]:
        """For Prometheus."""
        unkept = "Messages that were sent before they were safe."
        yield CounterMetricFamily("voice_log_unkept_promises", unkept, self.unkept_promises)
        yield CounterMetricFamily("voice_log_cut_short", "Logs of conversations that ended early.", self.cut_short)
        yield GaugeMetricFamily("voice_log_waiting_characters", "Wait in memory.", self._scribe.characters)
        yield GaugeMetricFamily("voice_log_spool_bytes", "Wait on the disk.", self._scribe.spool_bytes)

    # --- for writers ---

    def noted(self, pending: Pending, characters: int, *, urgent: bool) -> None:
        """A writer has taken a fact."""
        self._scribe.noted(pending, characters)
        if self._scribe.characters > MAX_CHARACTERS:
            self._scribe.refuse(pending, "unwritable")
        elif urgent:
            self._hurry(pending)
        elif self._copies and self._copies.is_usable:
            self._copies.send_soon(pending)

    def give_up(self, pending: Pending) -> None:
        """Its log has a hole: nothing more is written."""
        self._scribe.refuse(pending, "unwritable")

    async def wait(self, pending: Pending, sequence: int) -> bool:
        """Until this is safe; False if it is not within DURABLE_SECONDS. Raises Fenced."""
        if pending.is_safe(sequence):
            return True
        if pending.refusal is None:
            kept = pending.wait_for(sequence)
            self._hurry(pending)
            done, _ = await asyncio.wait([kept], timeout=LIVE_SECONDS)
            if not done:
                self._scribe.hurry()
                if not (self._is_unsafe and self._scribe.is_failing):
                    await asyncio.wait([kept], timeout=DURABLE_SECONDS - LIVE_SECONDS)
        if pending.is_safe(sequence):
            self._is_unsafe = False
            return True
        self._say_unsafe(pending)
        return False

    def end(self, pending: Pending) -> None:
        """It is over: forget it when all of it is kept."""
        self._scribe.noted(pending, 0)
        self._spawn(self.leave(pending))

    async def leave(self, pending: Pending) -> None:
        """Nothing more is noted there: wait until it is kept, and forget it."""
        await self._scribe.drain(pending)
        if self._open.get(pending.header.id) is pending:
            del self._open[pending.header.id]
        if self._copies and pending.ended_at is not None and pending.refusal is None:
            await self._copies.expire(pending.header.id)

    def _hurry(self, pending: Pending) -> None:
        if self._copies and self._copies.is_usable and pending.can_be_found:
            self._copies.send(pending)
        else:
            self._scribe.hurry()

    def _linger_seconds(self) -> float:
        return LINGER_SECONDS_WITH_REDIS if self._copies and self._copies.is_usable else LINGER_SECONDS

    def _fenced(self, pending: Pending) -> None:
        if pending.refusal is None:
            self._scribe.refuse(pending, "fenced")

    def _fell_back(self, pending: Pending) -> None:
        if pending.is_waited_for:
            self._scribe.hurry()

    def _note_refused(self, pending: Pending, refusal: Refusal) -> None:
        self.cut_short += 1
        _log.warning("log of a conversation ends early", conversation=pending.header.id, reason=refusal)
        if refusal == "erased" and self._copies:
            self._spawn(self._copies.forget(pending))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say_unsafe(self, pending: Pending) -> None:
        self.unkept_promises += 1
        if not self._is_unsafe:
            _log.error("what is said is not safe: neither PostgreSQL nor the disk takes it", session=pending.header.id)
        self._is_unsafe = True


class ConversationWriter:
    """Writes the log of one conversation."""

    def __init__(self, log: ConversationLog, pending: Pending) -> None:
        self._log = log
        self._pending = pending

    @property
    def header(self) -> Header:
        """Whose conversation it is."""
        return self._pending.header

    @property
    def sequence(self) -> int:
        """The newest number."""
        return self._pending.sequence

    @property
    def is_open(self) -> bool:
        """Whether what is noted is written: not any more if somebody else goes on, or it was erased."""
        return self._pending.refusal is None

    def note(self, fact: LogFact) -> int:
        """Take a fact; give the number up to which everything has to be safe for it to be safe. Never waits."""
        if self._pending.refusal is None:
            try:
                added = self._pending.add(fact)
            except Exception:
                # What is wrong with the log does not end the conversation.
                _log.exception("a fact cannot be noted", conversation=self.header.id)
                self._log.give_up(self._pending)
            else:
                if added:
                    self._log.noted(self._pending, added, urgent=is_urgent(fact))
        return self._pending.sequence

    def heard(self, sample_count: int, at: float) -> None:
        """The microphone went on, which is noted with the fact that follows."""
        self._pending.heard(sample_count, at)

    def told(self, events: int) -> None:
        """A reply is over, and the client was told so many events in all: from here, another server may go on."""
        if self._pending.refusal is None:
            try:
                self._pending.told(events)
            except Exception:
                # Without it, the log is read from its beginning.
                _log.exception("there is no snapshot of a conversation", conversation=self.header.id)

    async def durable(self, sequence: int) -> bool:
        """Wait until everything up to this number is safe; False if it is not, after at most DURABLE_SECONDS.

        Raises Fenced if somebody else goes on with the conversation. What was erased needs no more safety: True.
        """
        return await self._log.wait(self._pending, sequence)

    def end(self) -> None:
        """The conversation is over. Who wants to wait until all of it is kept, awaits `leave`."""
        self._pending.end()
        self._log.end(self._pending)

    async def leave(self) -> None:
        """Note no more: wait until everything is in PostgreSQL or on the disk. Cancel it to wait no longer."""
        await self._log.leave(self._pending)
