"""What the server keeps between requests: conversations held over HTTP, and recordings of answers."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.items import Item
from voice_server.auth import Principal
from voice_server.conversations.facts import LogFact


class ConversationNotFound(Exception):
    """There is no such conversation (any longer), or it is somebody else's."""


@dataclass(slots=True)
class Conversation:
    """One conversation that is held request by request."""

    id: str
    owner: str
    """The name of the principal who began it; nobody else may go on with it."""
    assistant: str
    items: list[Item] = field(default_factory=list)
    """What was said before, the oldest first; the store keeps only the newest of them."""
    facts: list[LogFact] = field(default_factory=list)
    """What happens now: the facts of one session, and of the items that it adds."""


class Conversations(Protocol):
    """Keeps conversations."""

    async def begin(self, owner: Principal, assistant: str) -> Conversation:
        """A new conversation with an id that cannot be guessed."""
        ...

    def hold(self, conversation_id: str, owner: Principal) -> AbstractAsyncContextManager[Conversation]:
        """One conversation, for one request alone: a second request waits until the first is done.

        The items that its facts come to are kept when the context ends without an exception, and forgotten otherwise.
        Raises ConversationNotFound.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """An audio file."""

    data: bytes
    content_type: str


class Recordings(Protocol):
    """Keeps recordings for a while, at addresses that cannot be guessed."""

    async def add(self, recording: Recording, owner: Principal, conversation_id: str) -> str:
        """Keep a recording and give an address of it that works for an hour."""
        ...
