"""The facts that the log of a conversation keeps: those of `pipeline.session_log`, made thin, and the client's config.

What is left out: audio, of which only the length is kept; the microphone's frames, which become one length before the
next fact; reports of a loudspeaker that plays, of which the newest before the next fact is kept; large pictures.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline import session_log
from pipeline.events import (
    AudioReceived,
    ItemAdded,
    ItemCreated,
    ItemCut,
    ItemDone,
    ItemRemoved,
    Output,
    PlaybackReported,
    ReplyArguments,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyText,
    ReplyWritten,
    SettingsApplied,
    ToolCalled,
    ToolReturned,
    TranscriptCompleted,
    TranscriptDelta,
    TranscriptFailed,
    UtteranceCommitted,
)
from pipeline.items import Image, Item, Message
from pipeline.session_log import Closed, Entered, Left, LogUnreadable, Opened

MAX_PICTURE_CHARACTERS = 256 * 1024
"""A data URI that is longer is left out: writing it down would keep all conversations waiting."""
PLAYBACK_SECONDS = 1.0
"""A loudspeaker that plays is noted at least so often."""

_PROMISES = (
    UtteranceCommitted,
    TranscriptCompleted,
    TranscriptFailed,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    ItemCut,
    ReplyItemFinished,
    ReplyFinished,
    SettingsApplied,
)
_STREAMED = (ReplyAudio, ReplyText, ReplyWritten, ReplyArguments, TranscriptDelta)
"""Outputs that come many times a second: lengths and reports are not noted before each of them."""
_CONFIGURED = '{"$":"Configured"'


@dataclass(frozen=True, slots=True)
class Configured:
    """From now on, this is the session as the client knows it, beyond its SessionSettings."""

    at: float
    """As in the other facts."""
    config: Mapping[str, Any]
    """JSON, see `configuration.py`."""


LogFact = Opened | Entered | Left | Closed | Configured


def is_promise(output: Output) -> bool:
    """Whether a client that was sent this may rely on it: it must be safe first.

    What a reply begins and streams is none: of a reply that nobody was told is complete, nothing is relied on.
    """
    return isinstance(output, _PROMISES)


def is_urgent(fact: LogFact) -> bool:
    """Whether a fact should be safe soon although nobody waits for it: a tool has changed something outside."""
    return isinstance(fact, Left) and isinstance(fact.output, (ToolCalled, ToolReturned))


def write(fact: LogFact) -> str:
    """One line, without its end; ASCII."""
    if isinstance(fact, Configured):
        return json.dumps({"$": "Configured", "at": fact.at, "config": fact.config}, separators=(",", ":"))
    return session_log.write(fact)


def read(line: str) -> LogFact:
    """What `write` wrote. Raises LogUnreadable."""
    if not line.startswith(_CONFIGURED):
        return session_log.read(line)
    try:
        plain = json.loads(line)
        return Configured(plain["at"], plain["config"])
    except (ValueError, TypeError, KeyError) as error:
        raise LogUnreadable(f"This is no line of a conversation's log: {error}.") from error


class Thinning:
    """Makes the facts of one conversation thin. Without I/O."""

    def __init__(self) -> None:
        self._samples = 0
        """That were received since the last fact."""
        self._heard_at = 0.0
        self._playback: Entered | None = None
        """The newest report that was not noted yet."""
        self._playback_noted_at = 0.0

    def take(self, fact: LogFact) -> list[LogFact]:
        """What to keep now that this has happened."""
        match fact:
            case Entered(at=at, event=AudioReceived(samples)):
                self.heard(len(samples), at)
                return []
            case Entered(at=at, event=PlaybackReported(playing=True)):
                self._playback = fact
                return self._let_out() if at - self._playback_noted_at >= PLAYBACK_SECONDS else []
            case Left(output=output) if isinstance(output, _STREAMED):
                return [fact]
        return [*self._let_out(), _light(fact)]

    def heard(self, sample_count: int, at: float) -> None:
        """As `take`, of a frame of the microphone: there are so many of them that nobody makes facts of them first."""
        self._samples += sample_count
        self._heard_at = at

    def _let_out(self) -> list[LogFact]:
        kept: list[LogFact] = []
        if self._samples:
            # Zeros cost nothing until somebody looks at them.
            kept.append(Entered(self._heard_at, AudioReceived(np.zeros(self._samples, np.int16))))
            self._samples = 0
        if self._playback:
            self._playback_noted_at = self._playback.at
            kept.append(self._playback)
            self._playback = None
        return kept


def _light(fact: LogFact) -> LogFact:
    """Without large pictures."""
    match fact:
        case Entered(event=ItemCreated(item=item) as event) if _is_heavy(item):
            return replace(fact, event=replace(event, item=_without_pictures(item)))
        case Left(output=ItemAdded(item=item) | ItemDone(item=item) as output) if _is_heavy(item):
            return replace(fact, output=replace(output, item=_without_pictures(item)))
    return fact


def _is_heavy(item: Item) -> bool:
    parts = item.content if isinstance(item, Message) else ()
    return any(isinstance(part, Image) and len(part.url) > MAX_PICTURE_CHARACTERS for part in parts)


def _without_pictures(item: Item) -> Item:
    assert isinstance(item, Message)
    parts = (
        replace(part, url="") if isinstance(part, Image) and len(part.url) > MAX_PICTURE_CHARACTERS else part
        for part in item.content
    )
    return replace(item, content=tuple(parts))
