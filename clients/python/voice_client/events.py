"""What the server tells, as small values: the part of its messages that a conversation needs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""int16, shape (samples,), mono."""
RATE = 24_000
"""Hertz, in both directions."""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The conversation may begin."""

    session_id: str


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The server hears the user speak. Whatever is playing has to stop."""

    item_id: str


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user's turn is over."""

    item_id: str


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """What the user said."""

    item_id: str
    text: str
    """The words so far; all of them if `is_final`, otherwise only those that are new."""
    is_final: bool


@dataclass(frozen=True, slots=True)
class UserTranscriptFailed:
    """What the user said will not be known."""

    item_id: str
    message: str


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The assistant begins to answer."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    """The next sound of the answer."""

    item_id: str
    samples: Samples
    """int16, shape (n,), 24 kHz."""


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The next words of the answer, spoken or written."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """The answer is over."""

    reply_id: str
    status: str
    """completed, cancelled, failed or incomplete."""
    message: str = ""
    """Why it failed."""


@dataclass(frozen=True, slots=True)
class ReplyInterrupted:
    """Speech stopped an answer."""

    item_id: str
    heard_ms: float
    heard_text: str


@dataclass(frozen=True, slots=True)
class ReplyDucked:
    """Somebody may be speaking over this answer: it is to be played quietly until it is known."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ReplyRestored:
    """It was nothing: this answer is to be played at full volume again."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ReplyContinued:
    """This answer is the unheard rest of one that was stopped by something that was nothing."""

    reply_id: str
    continues: str
    """The answer that was stopped."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the time that a turn took, in milliseconds after the end of the user's speech."""

    name: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Waste:
    """What was made for nothing in a turn, because the user went on."""

    guesses: int
    """Answers that were prepared and dropped."""
    tokens: int
    characters: int
    audio_ms: float


@dataclass(frozen=True, slots=True)
class TurnMeasured:
    """Where the time of a turn went, as the server measured it."""

    total_ms: float
    spans: tuple[Span, ...]
    """pause, transcript, first_token, first_clause, first_audio, sent, heard: those that happened, without gaps."""
    committed_ms: float | None = None
    """When the turn was surely over: what ended earlier was done while waiting. None: the server does not tell."""
    waste: Waste | None = None


@dataclass(frozen=True, slots=True)
class ServerError:
    """The server refused something; the conversation goes on."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The server cannot be heard any more; another connection is being opened. What is said meanwhile is kept."""

    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionResumed:
    """The same conversation goes on over another connection; what was missed follows."""

    session_id: str


@dataclass(frozen=True, slots=True)
class ConversationRestarted:
    """The server could not go on with the conversation: this is another one, which knows nothing of the first."""

    session_id: str


Event = (
    SessionStarted
    | SpeechStarted
    | SpeechStopped
    | UserTranscript
    | UserTranscriptFailed
    | ReplyStarted
    | ReplyAudio
    | ReplyText
    | ReplyFinished
    | ReplyInterrupted
    | ReplyDucked
    | ReplyRestored
    | ReplyContinued
    | TurnMeasured
    | ServerError
    | ConnectionLost
    | ConnectionResumed
    | ConversationRestarted
)
