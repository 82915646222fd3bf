"""What was said in a conversation, as whoever looks for memories reads it, and what they find."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from voice_server.memory.topics import MAX_VALUE, Topic

MAX_LINE = 1000
"""Characters of one utterance that are looked at."""
_BLANK = re.compile(r"\s+")
_MARKUP = re.compile(r"[<>{}\[\]`|\\]")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_LONG_NUMBER = re.compile(r"(?:\d[ .\-/]?){9}")
"""Of a card, an account, a document, a telephone."""
_SECRET = re.compile(
    r"\b(?:pass(?:word|code|wort)|parola d'ordine|pin|cvv|cvc|iban|credit card|carta di credito|card number|"
    r"social security|codice fiscale|secret|api key|token)\b",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    r"\b(?:ignore|disregard|ignora|dimentica|instructions?|istruzion[ei]|prompt|system|sistema|assistant|assistente|"
    r"you (?:must|should|are|will|may)|devi|https?)\b|www\.|://",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said and is final."""

    item_id: str
    role: Literal["user", "assistant"]
    text: str
    said_at: datetime
    is_new: bool = True
    """False: it was looked at before, and is there because what follows answers it."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool has done."""

    item_id: str | None
    name: str
    arguments: str
    """JSON, as a model wrote it; empty if it is not known."""
    output: str
    returned_at: datetime


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation, in order."""

    lines: Sequence[Line]
    tools: Sequence[ToolResult] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth remembering."""

    topic: Topic
    value: str
    """Plain text, at most MAX_VALUE characters."""
    confidence: float
    source: Literal["said", "inferred", "booking"]
    item_id: str | None
    at: datetime


def plain(text: str) -> str | None:
    """A value that may be kept: one line of plain words. None: nothing is left, or it must not be kept.

    Long numbers and whatever speaks of passwords are nobody's preference; nor are orders to whoever reads them.
    """
    bare = unicodedata.normalize("NFKC", text)
    bare = _BLANK.sub(" ", _MARKUP.sub(" ", bare))
    bare = "".join(character for character in bare if character.isprintable()).strip(" .,;:!?-–—\"'“”«»")
    if _LONG_NUMBER.search(_DATE.sub("", bare)) or _SECRET.search(bare) or _COMMAND.search(bare):
        return None
    if not any(character.isalnum() for character in bare):
        return None
    return bare[:MAX_VALUE].strip()
