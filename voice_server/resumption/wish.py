"""What a client that comes back asks for, and what it gets."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation
from voice_server.call import Record
from voice_server.resumption.tickets import Ticket
from voice_server.wire.connection import Connection, Frame
from voice_server.wire.session_config import SessionConfig


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for that comes back."""

    token: str
    after: int
    """The number of the last fact that it has all of."""
    item_id: str | None
    """What was being said to it."""
    received_seconds: float
    """Of that."""
    connection: int | None = None
    """Which of the session's it lost, counted from 1; None: it does not know, as a page that was loaded again."""

    @property
    def has_kept(self) -> bool:
        """Whether it still has what it received and said."""
        return self.connection is not None


@dataclass(frozen=True, slots=True)
class Resumed:
    """A session to go on with."""

    ticket: Ticket
    config: SessionConfig
    connection: Connection
    record: Record
    conversation: Conversation
    unfinished: Unfinished | None
    """What the assistant goes on with."""
    frames: Sequence[Frame]
    """What the client is told first."""
    noted: int
    """Up to here the log has to be safe before it is told."""
