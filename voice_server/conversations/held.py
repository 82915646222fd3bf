"""Conversations that are held request by request, kept in the same log and history as all others.

A lease keeps two requests of one conversation apart, on whatever tasks they are, without a database connection for as
long as providers take to answer; the log's epochs see to it that whoever lost the lease writes nothing.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial

from pipeline.items import new_id
from voice_server.auth import Principal
from voice_server.background import running
from voice_server.conversations.archive import Archive, Kept
from voice_server.conversations.entry import Entry, Header
from voice_server.conversations.facts import LogFact, Thinning, read, write
from voice_server.conversations.items import Items
from voice_server.http.errors import ApiError
from voice_server.storage.interfaces import Conversation, ConversationNotFound
from voice_server.storage.postgres.database import StorageUnavailable
from voice_server.storage.shared.interfaces import Leases, SharedUnavailable

MAX_ITEMS = 200
"""That the next turn is shown; the log keeps all."""
LEASE_SECONDS = 30.0
"""A task that was killed keeps others waiting at most this long."""
WAIT_SECONDS = 60.0
"""How long a request waits for the one before it."""
_AGAIN_SECONDS = 0.05


class HeldConversations:
    """See `storage.interfaces.Conversations`."""

    def __init__(self, archive: Archive, leases: Leases) -> None:
        self._archive = archive
        self._leases = leases

    async def begin(self, owner: Principal, assistant: str) -> Conversation:
        """A new conversation with an id that cannot be guessed. Raises StorageUnavailable."""
        header = Header(new_id("conv"), owner.tenant_id, owner.name, assistant, "voice_chat", time.time())
        await self._keep(Entry(header, 1, True, 1, (), (), (), header.began_at))
        return Conversation(header.id, owner.name, assistant)

    @asynccontextmanager
    async def hold(self, conversation_id: str, owner: Principal) -> AsyncGenerator[Conversation, None]:
        """One conversation, for one request alone. Raises ConversationNotFound, ApiError, StorageUnavailable."""
        await self._find(conversation_id, owner)
        async with self._alone(conversation_id):
            epoch = await self._archive.claim(conversation_id, owner.tenant_id)
            kept = await self._find(conversation_id, owner)
            items = _folded(read(line) for _, line in kept.lines)
            conversation = Conversation(
                conversation_id, owner.name, kept.header.assistant, list(items.conversation)[-MAX_ITEMS:]
            )
            yield conversation
            await self._keep(_entry(kept, epoch or kept.epoch, items, conversation.facts))

    async def _find(self, conversation_id: str, owner: Principal) -> Kept:
        kept = await self._archive.read(conversation_id, owner.tenant_id)
        if kept is None or kept.header.owner != owner.name or kept.header.channel != "voice_chat":
            raise ConversationNotFound(conversation_id)
        return kept

    async def _keep(self, entry: Entry) -> None:
        refused = await self._archive.write([entry])
        match refused.get(entry.header.id):
            case None:
                return
            case "erased":
                raise ConversationNotFound(entry.header.id)
            case "fenced":
                message = "Another request went on with this conversation meanwhile; send this one again."
                raise ApiError(409, "conversation_changed", message, param="conversation_id")
        raise StorageUnavailable("The conversation cannot be kept.")

    @asynccontextmanager
    async def _alone(self, conversation_id: str) -> AsyncIterator[None]:
        name, holder = f"conversation:{conversation_id}", new_id("hold")
        await self._acquire(name, holder)
        try:
            async with running("lease of a conversation", partial(self._renew, name, holder)):
                yield
        finally:
            await self._leases.release(name, holder)

    async def _acquire(self, name: str, holder: str) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            try:
                if await self._leases.acquire(name, holder, LEASE_SECONDS):
                    return
            except SharedUnavailable as error:
                raise StorageUnavailable(str(error)) from error
            await asyncio.sleep(_AGAIN_SECONDS)
        message = f"Another request of this conversation is not done after {WAIT_SECONDS:g} s; wait for its answer."
        raise ApiError(409, "conversation_busy", message, param="conversation_id")

    async def _renew(self, name: str, holder: str) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                await self._leases.renew(name, holder, LEASE_SECONDS)
            except SharedUnavailable:
                # The log's epoch decides in the end.
                continue


def _folded(facts: Iterable[LogFact]) -> Items:
    items = Items()
    for fact in facts:
        items.take(fact)
    return items


def _entry(kept: Kept, epoch: int, items: Items, facts: Iterable[LogFact]) -> Entry:
    """What is added to the log, and to the items that it came to before."""
    _, _, before = items.changes()
    items.settle(before)
    thinning = Thinning()
    thin = [each for fact in facts for each in thinning.take(fact)]
    for fact in thin:
        items.take(fact)
    rows, gone, _ = items.changes()
    first = kept.lines[-1][0] + 1 if kept.lines else 1
    return Entry(kept.header, epoch, False, first, tuple(map(write, thin)), tuple(rows), tuple(gone), time.time())
