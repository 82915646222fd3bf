"""What was heard of the user over each connection of a session, as far as its log tells.

Positions are seconds from the beginning of a connection. A turn is heard again if it became no item, or was removed
although the client had not asked for it: then it counts as if it had not been committed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipeline.audio import INPUT_RATE

UNNOTICED_SECONDS = 1.0
"""Of speech that may have been received without a fact that tells of it: what shows that it is speech, comes later."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The microphone over one connection."""

    received_seconds: float
    committed_seconds: float
    """Where the last turn ended."""
    began_seconds: float | None
    """Where an utterance begins that is no turn yet; None: there is none."""
    turn: tuple[str, float] | None
    """The last turn: its item, and where it begins if that is known."""

    @property
    def resend_from_seconds(self) -> float:
        """From where on it has to be heard again.

        Where an utterance is open, from its beginning; else from a little before the last that is known to have been
        received, because one may have begun that nobody had noticed yet, but nothing of what was committed before.
        """
        if self.began_seconds is not None:
            return self.began_seconds
        return max(self.committed_seconds, self.received_seconds - UNNOTICED_SECONDS)


@dataclass(frozen=True, slots=True)
class _Speech:
    """Where the user's turns are."""

    committed_seconds: float = 0.0
    turn: tuple[str, float] | None = None
    began: tuple[str, float] | None = None
    """The item that the open utterance will be, and where it begins."""
    stopped_seconds: float | None = None
    """Where it ends, if it does."""


@dataclass(slots=True)
class _Microphone:
    """Of one connection."""

    received: int = 0
    """Samples."""
    speech: _Speech = _Speech()
    newest: str | None = None
    """The item of the last turn."""
    before: _Speech = _Speech()
    """What was, when that was committed."""
    is_item: bool = True
    """Whether it is in the conversation, or was taken from there because the client wanted it."""
    is_deleted: bool = False
    """Whether the client has wanted that."""

    @property
    def valid(self) -> _Speech:
        """Without the last turn, if that does not count."""
        if self.is_item or self.is_deleted:
            return self.speech
        now, before = self.speech, self.before
        if now.began is None:
            stopped = before.stopped_seconds if now.stopped_seconds is None else now.stopped_seconds
            return replace(before, stopped_seconds=stopped)
        return replace(before, began=now.began, stopped_seconds=now.stopped_seconds)

    @property
    def heard(self) -> Heard:
        speech = self.valid
        began = None if speech.began is None else speech.began[1]
        return Heard(self.received / INPUT_RATE, speech.committed_seconds, began, speech.turn)


class Hearing:
    """Follows the facts. What is said of no connection, because none was opened, is not followed."""

    def __init__(self, microphones: Iterable[_Microphone] = (), *, is_spoken: bool = False) -> None:
        self._microphones = list(microphones)
        self.is_spoken = is_spoken
        """Whether the user speaks."""

    @property
    def connections(self) -> int:
        """Over how many the session was held."""
        return len(self._microphones)

    def heard(self, connection: int | None = None) -> Heard:
        """Over a connection, counted from 1; None: the newest."""
        number = self.connections if connection is None else connection
        known = 0 < number <= self.connections
        return (self._microphones[number - 1] if known else _Microphone()).heard

    def opened(self) -> None:
        """What follows comes over another connection."""
        self._microphones.append(_Microphone())
        self.is_spoken = False

    def received(self, sample_count: int) -> None:
        """So much more audio."""
        for microphone in self._microphones[-1:]:
            microphone.received += sample_count

    def started(self, item_id: str, seconds: float) -> None:
        """An utterance begins."""
        self.is_spoken = True
        for microphone in self._microphones[-1:]:
            microphone.speech = replace(microphone.speech, began=(item_id, seconds), stopped_seconds=None)

    def stopped(self, seconds: float) -> None:
        """It ends."""
        for microphone in self._microphones[-1:]:
            microphone.speech = replace(microphone.speech, stopped_seconds=seconds)

    def committed(self, item_id: str | None) -> None:
        """It is a turn; None: it was dropped."""
        self.is_spoken = False
        for microphone in self._microphones[-1:]:
            before = microphone.valid
            stopped = before.stopped_seconds
            end = microphone.received / INPUT_RATE if stopped is None else stopped
            microphone.before, microphone.speech = before, _Speech(end, before.began)
            microphone.newest, microphone.is_item, microphone.is_deleted = item_id, item_id is None, False

    def added(self, item_id: str) -> None:
        """It is an item."""
        for microphone in self._microphones:
            if microphone.newest == item_id:
                microphone.is_item = True

    def deleted(self, item_id: str) -> None:
        """The client wants an item to be removed."""
        for microphone in self._microphones:
            if microphone.newest == item_id:
                microphone.is_deleted = True

    def removed(self, item_id: str) -> None:
        """An item is gone."""
        for microphone in self._microphones:
            if microphone.newest == item_id:
                microphone.is_item = False

    def json(self) -> dict[str, Any]:
        """All of it."""
        return {"microphones": [asdict(microphone) for microphone in self._microphones], "is_spoken": self.is_spoken}

    @classmethod
    def of_json(cls, plain: Mapping[str, Any]) -> "Hearing":
        """What `json` gave. Raises KeyError or TypeError."""
        return cls(map(_microphone, plain["microphones"]), is_spoken=plain["is_spoken"])


def _microphone(plain: Mapping[str, Any]) -> _Microphone:
    return _Microphone(**{**plain, "speech": _speech(plain["speech"]), "before": _speech(plain["before"])})


def _speech(plain: Mapping[str, Any]) -> _Speech:
    pairs = {name: None if plain[name] is None else tuple(plain[name]) for name in ("turn", "began")}
    return _Speech(**{**plain, **pairs})
