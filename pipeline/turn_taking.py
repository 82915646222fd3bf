"""Who may speak: the one place that decides.

Rule 1: everything that decides whether an utterance begins or ends, whether a reply begins or is stopped, is in this
file. It takes a value, returns a list of values, and has no clock, no task and no audio of its own: time is the audio
received, as the segmenter counts it.

A state says what the user does and whether a reply of the conversation is being given:

    state               the user                  a reply
    IDLE                is silent                 -
    LISTENING           speaks                    -
    PAUSED              paused, perhaps is done   -
    REPLYING            is silent                 is being given
    OVERLAPPING         speaks                    is being given (speech may not stop it)
    OVERLAP_PAUSED      paused                    is being given

Without turn detection the client decides: LISTENING then means that there is audio which it has not committed yet.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pipeline.audio import FRAME_SECONDS
from pipeline.endpointing import Endpointing, Pause
from pipeline.errors import RequestError
from pipeline.events import AudioCleared, AudioCommitted, ReplyCancelled, ReplyRequested
from pipeline.segmenter import Voice
from pipeline.settings import SessionSettings, TurnDetection

PAUSE_SECONDS = 0.1
"""Silence that is more than the gap between two words."""
MINIMUM_COMMIT_SECONDS = 0.1
"""Audio that a commit needs at least."""


class State(Enum):
    """What is going on; see the top of this file."""

    IDLE = "idle"
    LISTENING = "listening"
    PAUSED = "paused"
    REPLYING = "replying"
    OVERLAPPING = "overlapping"
    OVERLAP_PAUSED = "overlap_paused"


WITH_REPLY = {
    State.IDLE: State.REPLYING,
    State.LISTENING: State.OVERLAPPING,
    State.PAUSED: State.OVERLAP_PAUSED,
}
"""The same user, with a reply."""
WITHOUT_REPLY = {replying: quiet for quiet, replying in WITH_REPLY.items()}
"""The same user, without a reply."""
UTTERING = {State.LISTENING, State.PAUSED, State.OVERLAPPING, State.OVERLAP_PAUSED}
"""An utterance is open."""

# --- what happens, beside what segmenter and client say ---


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The reply of the conversation is complete or failed."""

    playing_seconds: float = 0.0
    """How much of its audio the user has still to hear."""


Happening = Voice | AudioCommitted | AudioCleared | ReplyRequested | ReplyCancelled | ReplyEnded

# --- what is to be done ---


@dataclass(frozen=True, slots=True)
class OpenUtterance:
    """The user has begun to speak: hear it, from its first syllable."""

    announce: bool = True
    """Whether the client is told; not when it is the client that decides."""


@dataclass(frozen=True, slots=True)
class CommitUtterance:
    """The utterance is over and part of the conversation."""

    announce: bool = True


@dataclass(frozen=True, slots=True)
class DropUtterance:
    """The utterance never was."""


@dataclass(frozen=True, slots=True)
class StartReply:
    """Answer."""

    request: ReplyRequested | None = None
    """None: nobody asked, the turn was over."""


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop the reply."""

    reason: Literal["turn_detected", "client_cancelled"]


@dataclass(frozen=True, slots=True)
class SpeakUp:
    """Put an empty utterance into the conversation: the user has been silent for long."""

    silent_since_seconds: float


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell the client that it cannot be done."""

    error: RequestError
    request_id: str | None


Action = OpenUtterance | CommitUtterance | DropUtterance | StartReply | CancelReply | SpeakUp | Refuse


class TurnTaking:
    """The state machine of one conversation."""

    def __init__(self, settings: SessionSettings) -> None:
        self.settings = settings
        self.state = State.IDLE
        self._endpointing = Endpointing()
        self._announced = False
        """Whether the client knows of the open utterance, as it does unless it decides about it."""
        self._position = 0.0
        self._opened_at = 0.0
        self._idle_since: float | None = None

    def receive(self, happening: Happening) -> list[Action]:
        """Take what happened, give what is to be done, in order."""
        match happening:
            case Voice():
                self._position = happening.position_seconds
                detection = self.settings.turn_detection
                return self._voice(happening, detection) if detection else self._buffered()
            case AudioCommitted():
                return self._commit_requested(happening)
            case AudioCleared():
                return self._close_utterance(DropUtterance()) if self.state in UTTERING else []
            case ReplyRequested():
                return self._reply_requested(happening)
            case ReplyCancelled():
                return self._cancel_requested(happening)
            case ReplyEnded(playing_seconds):
                self.state = WITHOUT_REPLY.get(self.state, self.state)
                self._idle_since = self._position + playing_seconds
                return []

    def apply(self, settings: SessionSettings) -> list[Action]:
        """From now on, this is how the conversation is held."""
        self.settings = settings
        if settings.turn_detection and self.state in UTTERING and not self._announced:
            # What waited for a commit by the client is mostly silence; turn detection begins anew.
            return self._close_utterance(DropUtterance())
        return []

    def _voice(self, voice: Voice, detection: TurnDetection) -> list[Action]:
        if self.state not in UTTERING:
            if voice.speech_seconds >= self.settings.speech_start_seconds and voice.silence_seconds == 0:
                return self._speech_began(detection)
            return self._idle(detection)
        if voice.silence_seconds >= self._endpointing.silence_seconds(Pause(), detection) or self._is_too_long():
            return self._turn_over(detection)
        self._follow_pause(paused=voice.silence_seconds >= PAUSE_SECONDS)
        return []

    def _speech_began(self, detection: TurnDetection) -> list[Action]:
        self._opened_at = self._position
        self._announced = True
        self._idle_since = None
        if self.state is State.REPLYING and not detection.interrupt_reply:
            self.state = State.OVERLAPPING
            return [OpenUtterance()]
        interrupted = self.state is State.REPLYING
        self.state = State.LISTENING
        # The client is told of the speech first: it falls silent at that, whatever the rest of the news is.
        return [OpenUtterance(), CancelReply("turn_detected")] if interrupted else [OpenUtterance()]

    def _is_too_long(self) -> bool:
        return self._position - self._opened_at >= self.settings.max_utterance_seconds

    def _follow_pause(self, *, paused: bool) -> None:
        quiet = State.PAUSED if paused else State.LISTENING
        self.state = WITH_REPLY[quiet] if self.state in WITHOUT_REPLY else quiet

    def _turn_over(self, detection: TurnDetection) -> list[Action]:
        actions = self._close_utterance(CommitUtterance(self._announced))
        if not detection.create_reply or not self.settings.replies:
            return actions
        if self.state is State.REPLYING:
            if not detection.interrupt_reply:
                return actions
            # It was asked for while the user was speaking, and does not know what they said.
            actions.append(CancelReply("turn_detected"))
        self.state = State.REPLYING
        return [*actions, StartReply()]

    def _close_utterance(self, how: CommitUtterance | DropUtterance) -> list[Action]:
        self.state = State.REPLYING if self.state in WITHOUT_REPLY else State.IDLE
        self._idle_since = None
        return [how]

    def _buffered(self) -> list[Action]:
        if self.state not in UTTERING:
            self._opened_at = self._position - FRAME_SECONDS
            self._announced = False
            self.state = State.OVERLAPPING if self.state is State.REPLYING else State.LISTENING
            return [OpenUtterance(announce=False)]
        if self._position - self._opened_at >= self.settings.max_buffer_seconds:
            return [*self._close_utterance(DropUtterance()), Refuse(_buffer_full(), None)]
        return []

    def _commit_requested(self, request: AudioCommitted) -> list[Action]:
        if self.state not in UTTERING or self._position - self._opened_at < MINIMUM_COMMIT_SECONDS - 1e-9:
            return [Refuse(_nothing_to_commit(), request.request_id)]
        return self._close_utterance(CommitUtterance(self._announced))

    def _reply_requested(self, request: ReplyRequested) -> list[Action]:
        if not self.settings.replies:
            return [Refuse(_transcription_only(), request.request_id)]
        if not request.options.in_conversation:
            return [StartReply(request)]
        if self.state in WITHOUT_REPLY:
            return [Refuse(_already_replying(), request.request_id)]
        self.state = WITH_REPLY[self.state]
        self._idle_since = None
        return [StartReply(request)]

    def _cancel_requested(self, request: ReplyCancelled) -> list[Action]:
        if self.state not in WITHOUT_REPLY:
            return [Refuse(_not_replying(), request.request_id)]
        self.state = WITHOUT_REPLY[self.state]
        self._idle_since = None
        return [CancelReply("client_cancelled")]

    def _idle(self, detection: TurnDetection) -> list[Action]:
        timeout = detection.idle_timeout_seconds
        if self.state is not State.IDLE or timeout is None or self._idle_since is None:
            return []
        if self._position - self._idle_since < timeout:
            return []
        silent_since, self._idle_since = self._idle_since, None
        self.state = State.REPLYING
        return [SpeakUp(silent_since), StartReply()]


def _nothing_to_commit() -> RequestError:
    milliseconds = round(MINIMUM_COMMIT_SECONDS * 1000)
    return RequestError(
        "input_audio_buffer_commit_empty",
        f"Error committing input audio buffer: the buffer is too small. Expected at least {milliseconds}ms of audio.",
    )


def _buffer_full() -> RequestError:
    return RequestError(
        "input_audio_buffer_full",
        "The input audio buffer is full and was cleared. Commit what you want answered, or turn on turn detection.",
    )


def _already_replying() -> RequestError:
    return RequestError(
        "conversation_already_has_active_response",
        "Conversation already has an active response. Wait until it is finished, or cancel it first.",
    )


def _not_replying() -> RequestError:
    return RequestError("response_cancel_not_active", "Cancellation failed: no active response found.")


def _transcription_only() -> RequestError:
    return RequestError(
        "invalid_value", "A transcription session gives no responses. Open a realtime session for that.", param="type"
    )
