"""What is written down at once of one conversation: the next lines of its log, and what they change in history.

An entry is the same wherever it goes, PostgreSQL or the spool, and may be written twice.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

import orjson

from voice_server.conversations.items import ItemRow
from voice_server.conversations.snapshot import Snapshot

Channel = Literal["realtime", "voice_chat", "whatsapp"]


def conversation_id_of(session_id: str) -> str:
    """The conversation that a session begins has its name."""
    return f"conv_{session_id.removeprefix('sess_')}"


@dataclass(frozen=True, slots=True)
class Header:
    """Whose conversation it is."""

    id: str
    """`conv_…`"""
    tenant_id: UUID
    owner: str
    """The name of the principal who began it."""
    assistant: str
    channel: Channel
    began_at: float
    """Seconds since 1970."""
    tenant_version: int | None = None
    customer_id: UUID | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The next lines."""

    header: Header
    epoch: int
    """Who writes: entries of an older epoch than the newest are refused."""
    is_new: bool
    """Whether PostgreSQL may not know the conversation yet. If it should and does not, it was erased."""
    first_sequence: int
    lines: tuple[str, ...]
    items: tuple[ItemRow, ...]
    """That are new or changed."""
    gone: tuple[str, ...]
    """Ids of items that were removed."""
    ended_at: float | None
    """Seconds since 1970; None: it goes on."""
    snapshot: Snapshot | None = None
    """Of what stood after a line that is kept, or is one of these."""

    @property
    def last_sequence(self) -> int:
        """Of its last line."""
        return self.first_sequence + len(self.lines) - 1


def dump(entry: Entry) -> bytes:
    """One line of JSON, with its end."""
    # What the database gives as a UUID is a class of its driver's, and not written as one.
    return orjson.dumps(asdict(entry), default=str) + b"\n"


def load(line: bytes) -> Entry:
    """What `dump` wrote. Raises ValueError or KeyError for what is torn."""
    plain: dict[str, Any] = orjson.loads(line)
    header = dict(plain["header"])
    customer_id = header["customer_id"]
    snapshot = plain.get("snapshot")
    header |= {"tenant_id": UUID(header["tenant_id"]), "customer_id": UUID(customer_id) if customer_id else None}
    return Entry(
        header=Header(**header),
        epoch=plain["epoch"],
        is_new=plain["is_new"],
        first_sequence=plain["first_sequence"],
        lines=tuple(plain["lines"]),
        items=tuple(ItemRow(**row) for row in plain["items"]),
        gone=tuple(plain["gone"]),
        ended_at=plain["ended_at"],
        snapshot=None if snapshot is None else Snapshot(**snapshot),
    )
