"""Goes through conversations that have ended and remembers what is worth it: each once, whoever is killed meanwhile.

    async with running("remembering", Remembering(database, may_remember, model).run):

A task takes its turn on a conversation for a while, without holding anything open while a model thinks; what it found
is written together with the note that it is done, and only if the turn is still its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import structlog

from pipeline.events import ToolCalled, ToolReturned
from pipeline.providers.interfaces import LanguageModel
from pipeline.session_log import Left, LogUnreadable
from voice_server.conversations.facts import read
from voice_server.memory.findings import Finding, Line, Talk, ToolResult
from voice_server.memory.memories import Learned, add, lock_customer
from voice_server.memory.model_extraction import MODEL_SECONDS, extract_by
from voice_server.storage.postgres.database import Database, StorageUnavailable
from voice_server.storage.postgres.statements import Statements

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Connection

ROUND_SECONDS = 2.0
TURN_SECONDS = 2 * MODEL_SECONDS
"""After which another task may take a conversation whose task was killed."""
QUIET_SECONDS = 120.0
"""A conversation that is held request by request is over when no request has come for so long."""
AGAIN_SECONDS = 3600.0
"""After a fault."""
AT_ONCE = 4
MAX_ITEMS = 2000
"""Of one turn; a longer conversation takes several."""
MAX_FACTS = 500
"""About tools, likewise."""
_BEFORE = 4
"""Positions before the new ones that are read with them."""
_SQL = Statements.of("memories")
_log = structlog.get_logger(__name__)

MayRemember = Callable[[UUID, UUID], Coroutine[Any, Any, bool]]
"""Whether this customer of this tenant has consented to it, and not taken it back."""
ModelOf = Callable[[UUID], AbstractAsyncContextManager[LanguageModel | None]]
"""The model that may read a tenant's conversations, for as long as it reads; None: there is none, rules do."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A conversation that is this task's to remember, for TURN_SECONDS."""

    id: str
    tenant_id: UUID
    customer_id: UUID
    language: str | None
    ended_at: datetime
    remembered_to: int
    remembered_facts_to: int
    remember_turn: int


@dataclass(frozen=True, slots=True)
class _Heard:
    talk: Talk
    last_position: int
    last_fact: int
    is_whole: bool
    """False: there is more than fits in one turn."""


class Remembering:
    """The work behind the requests."""

    def __init__(
        self, database: Database, may_remember: MayRemember, model_of: ModelOf = lambda _: nullcontext()
    ) -> None:
        self._database = database
        self._may_remember = may_remember
        self._model_of = model_of

    async def run(self) -> None:
        """Go round for ever."""
        while True:
            try:
                found = await self.round()
            except StorageUnavailable as error:
                _log.debug("nothing is remembered now", reason=str(error))
                found = 0
            if found < AT_ONCE:
                await asyncio.sleep(ROUND_SECONDS)

    async def round(self) -> int:
        """Remember some conversations; gives how many. Raises StorageUnavailable."""
        turns = await self.claim()
        async with asyncio.TaskGroup() as group:
            for turn in turns:
                group.create_task(self._remember(turn))
        return len(turns)

    async def claim(self) -> list[Turn]:
        """Take turns on conversations that are due. Raises StorageUnavailable."""
        # A job, over all tenants.
        async with self._database.everyone() as connection:
            rows = await connection.fetch(_SQL["claim"], TURN_SECONDS, QUIET_SECONDS, AT_ONCE)
        return [Turn(**row) for row in rows]

    async def remember(self, turn: Turn) -> bool:
        """Remember one; False: it was another's turn meanwhile. Raises StorageUnavailable."""
        heard, found = await self._read(turn), list[Finding]()
        if await self._may_remember(turn.tenant_id, turn.customer_id):
            async with self._model_of(turn.tenant_id) as model:
                found = await extract_by(model, heard.talk, turn.id)
            # A consent that was taken back while a model thought counts.
            if found and not await self._may_remember(turn.tenant_id, turn.customer_id):
                found = []
        return await self._write(turn, heard, found)

    async def _remember(self, turn: Turn) -> None:
        try:
            await self.remember(turn)
        except StorageUnavailable as error:
            _log.info("a conversation is remembered later", conversation=turn.id, reason=str(error))
        except Exception:
            # A fault of this server: tried again now and then, and no other waits for it.
            _log.exception("a conversation cannot be remembered", conversation=turn.id)
            await self._postpone(turn)

    async def _postpone(self, turn: Turn) -> None:
        try:
            async with self._database.tenant(turn.tenant_id) as connection:
                await connection.execute(_SQL["postpone"], turn.tenant_id, turn.id, turn.remember_turn, AGAIN_SECONDS)
        except StorageUnavailable as error:
            _log.info("it is tried again when its turn is over", conversation=turn.id, reason=str(error))

    async def _read(self, turn: Turn) -> _Heard:
        async with self._database.tenant(turn.tenant_id) as connection:
            items = await connection.fetch(
                _SQL["items"], turn.tenant_id, turn.id, turn.remembered_to, _BEFORE, MAX_ITEMS
            )
            facts = await connection.fetch(
                _SQL["tool_facts"], turn.tenant_id, turn.id, turn.remembered_facts_to, MAX_FACTS
            )
        lines = [_line(row, turn) for row in items if row["role"] in ("user", "assistant") and row["text"]]
        tools = [*_tools_of_items(items, turn), *_tools_of_facts(facts, turn)]
        last = max((row["position"] for row in items), default=turn.remembered_to)
        last_fact = max((row["sequence"] for row in facts), default=turn.remembered_facts_to)
        is_whole = len(items) < MAX_ITEMS and len(facts) < MAX_FACTS
        return _Heard(Talk(lines, tools), last, last_fact, is_whole)

    async def _write(self, turn: Turn, heard: _Heard, found: Sequence[Finding]) -> bool:
        done_to = turn.ended_at if heard.is_whole else None
        async with self._database.tenant(turn.tenant_id) as connection:
            # The customer first, as whoever merges does it; one that was erased takes what was found along.
            customer_id = await lock_customer(connection, turn.tenant_id, turn.customer_id)
            if customer_id is None or not await _mark(connection, turn, done_to, heard):
                return False
            await add(connection, turn.tenant_id, customer_id, [_learned(each, turn) for each in found])
        return True


async def _mark(connection: "Connection", turn: Turn, done_to: datetime | None, heard: _Heard) -> bool:
    status = await connection.execute(
        _SQL["remembered"],
        turn.tenant_id,
        turn.id,
        turn.remember_turn,
        done_to,
        heard.last_position,
        heard.last_fact,
    )
    return str(status) == "UPDATE 1"


def _learned(finding: Finding, turn: Turn) -> Learned:
    return Learned(
        finding.topic, finding.value, finding.confidence, finding.source, finding.at, turn.id, finding.item_id
    )


def _line(row: Any, turn: Turn) -> Line:
    role: Literal["user", "assistant"] = "user" if row["role"] == "user" else "assistant"
    return Line(row["id"], role, row["text"], row["said_at"], row["position"] > turn.remembered_to)


def _tools_of_items(items: Sequence[Any], turn: Turn) -> list[ToolResult]:
    """Functions that the client has run: calls, and their results behind them."""
    found: list[ToolResult] = []
    calls: deque[tuple[str, str]] = deque()
    for row in items:
        if row["role"] == "function_call":
            name, _, arguments = row["text"].partition(" ")
            calls.append((name, arguments))
        elif row["role"] == "function_call_output" and calls:
            call = calls.popleft()
            if row["position"] > turn.remembered_to:
                found.append(ToolResult(row["id"], *call, row["text"], row["said_at"]))
    return found


def _tools_of_facts(rows: Sequence[Any], turn: Turn) -> list[ToolResult]:
    """Tools that the server has run, by the log."""
    found: list[ToolResult] = []
    calls: dict[tuple[str, str], deque[str]] = {}
    for row in rows:
        try:
            fact = read(row["fact"])
        except LogUnreadable:
            continue  # A line of a newer version.
        match fact:
            case Left(output=ToolCalled(reply_id, name, arguments)):
                calls.setdefault((reply_id, name), deque()).append(arguments)
            case Left(output=ToolReturned(reply_id, name, output)):
                waiting = calls.get((reply_id, name))
                arguments = waiting.popleft() if waiting else ""
                # The log's clock began with a session; when the conversation ended is near enough.
                found.append(ToolResult(None, name, arguments, output, turn.ended_at))
    return found
