"""What a client has missed: the log once more as the frames of the wire, the same as they were or would have been."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.audio import INPUT_RATE
from pipeline.events import (
    AudioDropped,
    AudioReceived,
    Output,
    ReplyAudio,
    SettingsApplied,
    SpeechStarted,
    UtteranceCommitted,
)
from pipeline.session_log import Entered, Left, Opened
from voice_server.conversations.configuration import config_of
from voice_server.conversations.facts import Configured, LogFact
from voice_server.wire.connection import Connection

Numbered = tuple[int, LogFact]
"""A fact, and its number in the log."""


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
    for number, output in _outputs(facts, connection):
        frames = connection.send(_silent(output), number)
        if number > after:
            missed += [frame for frame in frames if isinstance(frame, str)]
    return Replay(connection, missed)


def _outputs(facts: Sequence[Numbered], connection: Connection) -> Iterator[tuple[int, Output]]:
    for place, (number, fact) in enumerate(facts):
        if not isinstance(fact, Left):
            continue
        if isinstance(fact.output, SettingsApplied):
            # What the client was shown is noted right behind it.
            shown = (each for _, each in facts[place:] if isinstance(each, Configured))
            connection.reconfigure(config_of(found.config) if (found := next(shown, None)) else connection.config)
        yield number, fact.output


def _silent(output: Output) -> Output:
    return replace(output, samples=np.zeros(0, np.int16)) if isinstance(output, ReplyAudio) else output


def resend_from_seconds(facts: Sequence[LogFact]) -> float:
    """From where on the audio of the newest stretch of the session has to be heard again.

    Where an utterance is open, from its beginning; else from a little before the last that is known to have been
    received, because one may have begun that nobody had noticed yet, but nothing of what was committed before.
    """
    received, committed, began = 0, 0, None
    for fact in facts:
        match fact:
            case Opened():
                received, committed, began = 0, 0, None
            case Entered(event=AudioReceived(samples)):
                received += len(samples)
            case Left(output=SpeechStarted(start_seconds=seconds)):
                began = seconds
            case Left(output=UtteranceCommitted() | AudioDropped()):
                committed, began = received, None
    return max(committed / INPUT_RATE, received / INPUT_RATE - UNNOTICED_SECONDS) if began is None else began


def speaks(facts: Sequence[LogFact]) -> bool:
    """Whether the user was speaking when the log ended."""
    for fact in reversed(facts):
        match fact:
            case Opened() | Left(output=UtteranceCommitted() | AudioDropped()):
                return False
            case Left(output=SpeechStarted()):
                return True
    return False
