"""Where a conversation stands after one of its facts, so that whoever goes on with it need not read those before.

A snapshot is made where no reply is being given, and kept beside the log: one for each conversation, the newest that is
old enough for a client which comes back to have everything up to it. Without one, or for a client that is further
behind, the log is read from its beginning, and comes to the same.
"""

import json
from dataclasses import dataclass

from pipeline.session_log import LogUnreadable
from voice_server.conversations.items import Items

FORMAT = 1
"""Changes when older snapshots can no longer be read; the log always can."""
EVERY_FACTS = 500
"""About a minute and a half of a conversation: read in some hundredths of a second."""
BEHIND_FACTS = 200
"""How far a client may be behind: it is noticed sooner that it is gone."""
MAX_CHARACTERS = 1024 * 1024
"""A longer one, as of a conversation about many pictures, is not kept: writing it would keep all others waiting."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """As it is kept."""

    sequence: int
    """The number of the fact that it follows."""
    text: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a snapshot says."""

    items: Items
    events: int
    """That the client had been told, of those that have a number."""


def taken(sequence: int, items: Items, events: int) -> Snapshot | None:
    """A snapshot of what stands now; None if it would be too long. `items` are at rest."""
    text = json.dumps({"format": FORMAT, "events": events, "items": items.json()}, separators=(",", ":"))
    return Snapshot(sequence, text) if len(text) <= MAX_CHARACTERS else None


def read(snapshot: Snapshot) -> Standing:
    """What `taken` was given. Raises LogUnreadable."""
    try:
        plain = json.loads(snapshot.text)
        if plain["format"] != FORMAT:
            raise LogUnreadable(f"This snapshot has format {plain['format']}; format {FORMAT} is read here.")
        return Standing(Items.of_json(plain["items"]), plain["events"])
    except (ValueError, TypeError, KeyError) as error:
        raise LogUnreadable(f"This is no snapshot of a conversation: {error}.") from error
