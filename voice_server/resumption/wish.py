"""What a client that comes back asks for, and what it gets."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.continuation import Unfinished
from pipeline.conversation import Conversation
from pipeline.events import Output
from voice_server.call import Record
from voice_server.resumption.tickets import Ticket
from voice_server.wire.connection import Connection
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
    outputs: Sequence[Output]
    """How the lost session ended; the first things to be noted and sent."""
    frames: Sequence[str]
    """What the client is told before."""
