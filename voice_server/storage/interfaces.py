"""What the server keeps between requests: conversations held over HTTP, and recordings of answers."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.items import Item


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
    """The oldest first; the store keeps only the newest of them."""


class Conversations(Protocol):
    """Keeps conversations for a while."""

    async def begin(self, owner: str, assistant: str) -> Conversation:
        """A new conversation with an id that cannot be guessed."""
        ...

    def hold(self, conversation_id: str, owner: str) -> AbstractAsyncContextManager[Conversation]:
        """One conversation, for one request alone: a second request waits until the first is done.

        What was changed is kept when the context ends without an exception, and forgotten otherwise. Raises
        ConversationNotFound.
        """
        ...


@dataclass(frozen=True, slots=True)
class Recording:
    """An audio file."""

    data: bytes
    content_type: str


class Recordings(Protocol):
    """Keeps recordings for a while, under ids that cannot be guessed."""

    async def open(self) -> None:
        """Make it ready. Raises OSError, with a sentence, if it cannot be used."""
        ...

    async def add(self, recording: Recording) -> str:
        """Keep a recording and give its id. The oldest go when there is no room."""
        ...

    async def get(self, recording_id: str) -> Recording | None:
        """The recording, or None if it is unknown or was kept long enough."""
        ...
