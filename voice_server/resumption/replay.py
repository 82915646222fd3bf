"""What a client has missed: the log once more as the frames of the wire, the same as they were or would have been."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.audio import INPUT_RATE
from pipeline.events import (
    AudioDropped,
    AudioReceived,
    ItemAdded,
    ItemDeleted,
    ItemRemoved,
    Output,
    ReplyAudio,
    SettingsApplied,
    SpeechStarted,
    SpeechStopped,
    UtteranceCommitted,
)
from pipeline.session_log import Entered, Left, Opened
from voice_server.conversations.configuration import config_of
from voice_server.conversations.facts import Configured, LogFact
from voice_server.wire.connection import Connection

Numbered = tuple[int, LogFact]
"""A fact, and its number in the log."""


_NOTHING = np.zeros(0, np.int16)
UNNOTICED_SECONDS = 1.0
"""Of speech that may have been received without a fact that tells of it: what shows that it is speech, comes later."""


@dataclass(frozen=True, slots=True)
class Replay:
    """A connection that is where the lost one was, and what that had not brought to the client."""

    connection: Connection
    missed: list[str]


def replayed(facts: Sequence[Numbered], after: int) -> Replay:
    """Tell the whole log to a new connection; keep the messages of facts with a number above `after`.

    Audio is not sent again. Raises ValueError if the log does not say how the session was configured.
    """
    first = next((fact for _, fact in facts if isinstance(fact, Configured)), None)
    if first is None:
        raise ValueError("The log does not say how the session was configured.")
    connection = Connection(config_of(first.config), with_extensions=True)
    connection.greeting()
    missed: list[str] = []
    connections = 0
    for place, (number, fact) in enumerate(facts):
        match fact:
            case Opened():
                connections += 1
                if connections > 1:
                    connection.go_on(connections)
            case Left(output=output):
                if isinstance(output, SettingsApplied):
                    _reconfigure(connection, facts[place:])
                if number > after:
                    frames = connection.send(_silent(output), number)
                    missed += [frame for frame in frames if isinstance(frame, str)]
                else:
                    connection.follow(_silent(output))
    return Replay(connection, missed)


def _reconfigure(connection: Connection, following: Sequence[Numbered]) -> None:
    """What the client was shown is noted right behind the fact that it was applied."""
    shown = next((fact for _, fact in following if isinstance(fact, Configured)), None)
    connection.reconfigure(config_of(shown.config) if shown else connection.config)


def _silent(output: Output) -> Output:
    return replace(output, samples=_NOTHING) if isinstance(output, ReplyAudio) else output


def connections_of(facts: Sequence[LogFact]) -> int:
    """Over how many connections the session was held."""
    return sum(isinstance(fact, Opened) for fact in facts)


@dataclass(frozen=True, slots=True)
class Heard:
    """The microphone over one connection, as far as the log tells. Positions are seconds from its beginning."""

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


def heard(facts: Sequence[LogFact], connection: int | None = None) -> Heard:
    """What was heard over a connection, counted from 1; None: the newest."""
    wanted = connections_of(facts) if connection is None else connection
    taken_back = _taken_back(facts)
    current, received, committed, stopped = 0, 0, 0.0, None
    began: tuple[str, float] | None = None
    turn: tuple[str, float] | None = None
    for fact in facts:
        if isinstance(fact, Opened):
            current += 1
        if current != wanted:
            continue
        match fact:
            case Entered(event=AudioReceived(samples)):
                received += len(samples)
            case Left(output=SpeechStarted(item_id, seconds)):
                began, stopped = (item_id, seconds), None
            case Left(output=SpeechStopped(end_seconds=seconds)):
                stopped = seconds
            case Left(output=UtteranceCommitted(item_id=item_id)) if item_id in taken_back:
                # It was never heard.
                continue
            case Left(output=UtteranceCommitted() | AudioDropped()):
                committed = received / INPUT_RATE if stopped is None else stopped
                turn, began, stopped = began, None, None
    return Heard(received / INPUT_RATE, committed, None if began is None else began[1], turn)


def _taken_back(facts: Sequence[LogFact]) -> set[str]:
    """Turns that became no items, or that were removed although the client had not asked for it."""
    turns, items, asked = set[str](), set[str](), set[str]()
    for fact in facts:
        match fact:
            case Left(output=UtteranceCommitted(item_id=item_id)):
                turns.add(item_id)
            case Left(output=ItemAdded(item=item)):
                items.add(item.id)
            case Left(output=ItemRemoved(item_id=item_id)):
                items.discard(item_id)
            case Entered(event=ItemDeleted(item_id=item_id)):
                asked.add(item_id)
    return turns - items - asked


def speaks(facts: Sequence[LogFact]) -> bool:
    """Whether the user was speaking when the log ended."""
    for fact in reversed(facts):
        match fact:
            case Opened() | Left(output=UtteranceCommitted() | AudioDropped()):
                return False
            case Left(output=SpeechStarted()):
                return True
    return False
