"""What a client has missed: the log once more as the frames of the wire, the same as they were or would have been."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.events import Output, ReplyAudio, SettingsApplied
from pipeline.session_log import Left, Opened
from voice_server.conversations.configuration import config_of
from voice_server.conversations.facts import Configured, LogFact
from voice_server.conversations.snapshot import Standing
from voice_server.wire.connection import Connection

Numbered = tuple[int, LogFact]
"""A fact, and its number in the log."""


_NOTHING = np.zeros(0, np.int16)


@dataclass(frozen=True, slots=True)
class Replay:
    """A connection that is where the lost one was, and what that had not brought to the client."""

    connection: Connection
    missed: list[str]


def replayed(facts: Sequence[Numbered], after: int, before: Standing | None = None) -> Replay:
    """Tell the log to a new connection; keep the messages of facts with a number above `after`.

    `before`: what stood before the facts, the last of which is not above `after`; None: they are all. Audio is not sent
    again. Raises ValueError if the log does not say how the session was configured.
    """
    connection = _begun(facts) if before is None else _gone_on(before)
    connections = 0 if before is None else before.items.hearing.connections
    missed: list[str] = []
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


def _begun(facts: Sequence[Numbered]) -> Connection:
    first = next((fact for _, fact in facts if isinstance(fact, Configured)), None)
    if first is None:
        raise ValueError("The log does not say how the session was configured.")
    connection = Connection(config_of(first.config), with_extensions=True)
    connection.greeting()
    return connection


def _gone_on(before: Standing) -> Connection:
    if before.items.config is None:
        raise ValueError("The log does not say how the session was configured.")
    connection = Connection(config_of(before.items.config), with_extensions=True)
    connection.told(before.events)
    if before.items.hearing.connections > 1:
        connection.go_on(before.items.hearing.connections)
    return connection


def _reconfigure(connection: Connection, following: Sequence[Numbered]) -> None:
    """What the client was shown is noted right behind the fact that it was applied."""
    shown = next((fact for _, fact in following if isinstance(fact, Configured)), None)
    connection.reconfigure(config_of(shown.config) if shown else connection.config)


def _silent(output: Output) -> Output:
    return replace(output, samples=_NOTHING) if isinstance(output, ReplyAudio) else output
