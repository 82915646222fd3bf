"""Conversations and recordings in this process's memory: bounded in number, size and age, gone when it ends."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pipeline.items import new_id
from voice_server.auth import Principal
from voice_server.conversations.items import Items
from voice_server.storage.interfaces import Conversation, ConversationNotFound, Recording

CONVERSATION_SECONDS = 3600.0
"""How long a conversation is kept after it was last used."""
MAX_CONVERSATIONS = 1000
MAX_ITEMS = 200
"""Items of one conversation; the oldest go first."""

RECORDING_SECONDS = 3600.0
RECORDING_PATH = "/api/v1/voice/audio/"
MAX_RECORDINGS_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class _Kept:
    conversation: Conversation
    used: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class MemoryConversations:
    """Conversations, the least recently used of which are forgotten first."""

    def __init__(self, *, limit: int = MAX_CONVERSATIONS, now: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._limit = limit
        self._now = now

    async def begin(self, owner: Principal, assistant: str) -> Conversation:
        """A new conversation with an id that cannot be guessed."""
        conversation = Conversation(new_id("conv"), owner.name, assistant)
        self._kept[conversation.id] = _Kept(conversation, self._now())
        self._forget()
        return conversation

    @asynccontextmanager
    async def hold(self, conversation_id: str, owner: Principal) -> AsyncGenerator[Conversation, None]:
        """One conversation, for one request alone."""
        self._forget()
        kept = self._kept.get(conversation_id)
        if kept is None or kept.conversation.owner != owner.name:
            raise ConversationNotFound(conversation_id)
        async with kept.lock:
            before = kept.conversation
            copy = Conversation(before.id, before.owner, before.assistant, list(before.items))
            yield copy
            items = Items()
            for fact in copy.facts:
                items.take(fact)
            copy.items += items.conversation
            copy.facts.clear()
            del copy.items[:-MAX_ITEMS]
            kept.conversation = copy
            kept.used = self._now()
            self._kept[conversation_id] = kept
            self._kept.move_to_end(conversation_id)

    def _forget(self) -> None:
        now = self._now()
        while self._kept:
            oldest = next(iter(self._kept.values()))
            if len(self._kept) <= self._limit and now - oldest.used < CONVERSATION_SECONDS:
                return
            self._kept.popitem(last=False)


class MemoryRecordings:
    """Recordings, the oldest of which are forgotten first."""

    def __init__(self, *, max_bytes: int = MAX_RECORDINGS_BYTES, now: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[str, tuple[float, Recording]] = OrderedDict()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._now = now

    async def open(self) -> None:
        """Memory is always ready."""

    async def add(self, recording: Recording, _owner: Principal, _conversation_id: str) -> str:
        """Keep a recording and give its address."""
        recording_id = new_id("audio")
        self._kept[recording_id] = (self._now(), recording)
        self._bytes += len(recording.data)
        self._forget()
        return RECORDING_PATH + recording_id

    async def get(self, recording_id: str) -> Recording | None:
        """The recording, if it is still kept."""
        self._forget()
        kept = self._kept.get(recording_id)
        return kept[1] if kept else None

    def _forget(self) -> None:
        now = self._now()
        while self._kept:
            added, oldest = next(iter(self._kept.values()))
            if self._bytes <= self._max_bytes and now - added < RECORDING_SECONDS:
                return
            self._bytes -= len(oldest.data)
            self._kept.popitem(last=False)
