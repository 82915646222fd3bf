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
    DOUBTING            makes a sound             is being given or still sounds, and is held back until it is known
    OVERLAPPING         speaks                    is being given (speech may not stop it)
    OVERLAP_PAUSED      paused                    is being given

Without turn detection the client decides: LISTENING then means that there is audio which it has not committed yet.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from pipeline.audio import FRAME_SECONDS
from pipeline.endpointing import Endpointing, Pause, TurnEndModel
from pipeline.errors import RequestError
from pipeline.events import AudioCleared, AudioCommitted, ReplyCancelled, ReplyRequested
from pipeline.segmenter import Voice
from pipeline.settings import SessionSettings, TurnDetection
from pipeline.speculation import Speculation

PAUSE_SECONDS = 0.08
"""Silence that is more than the gap between two words."""
MINIMUM_COMMIT_SECONDS = 0.1
"""Audio that a commit needs at least."""
WORDS_SECONDS = 0.6
"""How much longer to wait for a turn to be over while its words are on their way: nothing can be answered before."""
DOUBT_SECONDS = 0.6
"""After which a reply goes on that a short sound has made quiet, even if its words are not known yet: soon enough for
it to be loud again within 0.7 s."""
GAP_SECONDS = 0.1
"""Silence by which a sound that lasts longer than that is taken to be over. The gaps in the first second of speech are
nearly always shorter: 20 to 80 ms in recorded questions."""
FORGET_SECONDS = 2.5
"""Silence after which a sound over a reply, of which no word became known, was nothing."""
MAX_DOUBTS = 3
"""Sounds one soon after the other that may make a reply quiet and be nothing. After that it goes on until words are
known."""
PERSISTENCE = 1.5
"""How much more speech it then takes to interrupt it without words."""
DOUBTS_MEMORY_SECONDS = 10.0
"""After which a sound that was nothing is forgotten: who listens says "mm-hm" now and then, and may still interrupt."""


class State(Enum):
    """What is going on; see the top of this file."""

    IDLE = "idle"
    LISTENING = "listening"
    PAUSED = "paused"
    REPLYING = "replying"
    DOUBTING = "doubting"
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
UTTERING = {State.LISTENING, State.PAUSED, State.DOUBTING, State.OVERLAPPING, State.OVERLAP_PAUSED}
"""An utterance is open."""

# --- what happens, beside what segmenter and client say ---


@dataclass(frozen=True, slots=True)
class Understood:
    """More is known of the pause that lasts now, or of what is being said over a reply."""

    pause: Pause
    is_reaction: bool = False
    """Whether its words leave the assistant the floor ("mm-hm")."""
    is_settled: bool = True
    """Whether they are all that was said up to this pause; if not, they are only enough to be sure of an interruption.
    """


@dataclass(frozen=True, slots=True)
class ReplyEnded:
    """The reply of the conversation is complete or failed."""

    playing_seconds: float = 0.0
    """How much of its audio the user has still to hear."""


Happening = Voice | Understood | AudioCommitted | AudioCleared | ReplyRequested | ReplyCancelled | ReplyEnded

# --- what is to be done ---


@dataclass(frozen=True, slots=True)
class OpenUtterance:
    """The user has begun to speak: hear it."""

    with_preroll: bool = True
    """From its first syllable, or from the present frame on because the client decides."""


@dataclass(frozen=True, slots=True)
class Announce:
    """Tell the client that the user speaks, at which it stops to play what it is playing."""


@dataclass(frozen=True, slots=True)
class LookAhead:
    """The user pauses: find out what was said so far, as if it were all."""


@dataclass(frozen=True, slots=True)
class PrepareReply:
    """Answer what was said so far, and keep the answer."""


@dataclass(frozen=True, slots=True)
class DropGuess:
    """The user went on: forget the answer that was prepared."""


@dataclass(frozen=True, slots=True)
class CommitUtterance:
    """The utterance is over and part of the conversation."""

    announce: bool = True
    """Whether the client is told that the user is silent."""


@dataclass(frozen=True, slots=True)
class DropUtterance:
    """The utterance never was."""


@dataclass(frozen=True, slots=True)
class StartReply:
    """Answer; with what was prepared, if anything was."""

    request: ReplyRequested | None = None
    """None: nobody asked, the turn was over."""


@dataclass(frozen=True, slots=True)
class Duck:
    """Send no more of the reply, and let what was sent be played quietly."""


@dataclass(frozen=True, slots=True)
class Restore:
    """The reply goes on."""


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop the reply."""

    reason: Literal["turn_detected", "client_cancelled"]
    is_sure: bool = True
    """False: what stops it may turn out to be nothing, and then it will go on."""


@dataclass(frozen=True, slots=True)
class SpeakUp:
    """Put an empty utterance into the conversation: the user has been silent for long."""

    silent_since_seconds: float


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell the client that it cannot be done."""

    error: RequestError
    request_id: str | None


Action = (
    OpenUtterance
    | Announce
    | LookAhead
    | PrepareReply
    | DropGuess
    | CommitUtterance
    | DropUtterance
    | StartReply
    | Duck
    | Restore
    | CancelReply
    | SpeakUp
    | Refuse
)


class TurnTaking:
    """The state machine of one conversation."""

    def __init__(self, settings: SessionSettings, turn_end: TurnEndModel | None = None) -> None:
        """`turn_end`: judges whether a turn is complete, instead of the rules in endpointing.py."""
        self.settings = settings
        self.state = State.IDLE
        self._endpointing = Endpointing(turn_end)
        self._speculation = Speculation()
        self._announced = False
        """Whether the client knows of the open utterance, as it does unless it decides about it."""
        self._position = 0.0
        self._opened_at = 0.0
        self._silence = 0.0
        self._idle_since: float | None = None
        # Of the pause that lasts now:
        self._looked_ahead = False
        self._limit: float | None = None
        """Silence that ends the turn, as far as it is understood; None: nothing is known of it."""
        self._knows_words = False
        self._guessed = False
        # Of a sound over a reply:
        self._spoken = 0.0
        """Seconds of speech in it."""
        self._is_given = False
        """Whether the reply is still being made; if not, it only sounds."""
        self._ducked = False
        self._doubts = 0
        """Sounds in a row that were nothing."""
        self._doubted_at = 0.0
        """When the last of them was over."""
        self._may_be_nothing = False
        """Whether what interrupted the last reply is not known yet."""

    def receive(self, happening: Happening) -> list[Action]:
        """Take what happened, give what is to be done, in order."""
        match happening:
            case Voice():
                if self.state is State.PAUSED and happening.silence_seconds < self._silence:
                    self._endpointing.resumed(self._silence)
                self._position, self._silence = happening.position_seconds, happening.silence_seconds
                detection = self.settings.turn_detection
                return self._voice(happening, detection) if detection else self._buffered()
            case Understood():
                return self._understood(happening)
            case AudioCommitted():
                return self._commit_requested(happening)
            case AudioCleared():
                return self._close_utterance(DropUtterance()) if self.state in UTTERING else []
            case ReplyRequested():
                return self._reply_requested(happening)
            case ReplyCancelled():
                return self._cancel_requested(happening)
            case ReplyEnded(playing_seconds):
                self._is_given = False
                self.state = WITHOUT_REPLY.get(self.state, self.state)
                self._idle_since = self._position + playing_seconds
                return []

    def apply(self, settings: SessionSettings) -> list[Action]:
        """From now on, this is how the conversation is held."""
        self.settings = settings
        actions = self._forget_pause()
        if self.state is State.DOUBTING:
            actions += self._close_utterance(DropUtterance())
        elif settings.turn_detection and self.state in UTTERING and not self._announced:
            # What waited for a commit by the client is mostly silence; turn detection begins anew.
            actions += self._close_utterance(DropUtterance())
        return actions

    # --- the user speaks or does not ---

    def _voice(self, voice: Voice, detection: TurnDetection) -> list[Action]:
        if self.state not in UTTERING:
            if voice.speech_seconds >= self.settings.speech_start_seconds and voice.silence_seconds == 0:
                return self._speech_began(voice, detection)
            return self._idle(detection)
        if self.state is State.DOUBTING:
            return self._doubt(voice)
        if voice.silence_seconds >= self._silence_needed(detection) or self._is_too_long():
            return self._turn_over(detection)
        if voice.silence_seconds >= PAUSE_SECONDS:
            return self._pause(detection)
        return self._go_on()

    def _speech_began(self, voice: Voice, detection: TurnDetection) -> list[Action]:
        self._opened_at = self._position
        self._idle_since = None
        self._speculation.turn_began()
        if (self.state is State.REPLYING or voice.over_reply) and detection.interrupt_reply:
            return self._begin_to_doubt(voice)
        self._announced = True
        self.state = State.OVERLAPPING if self.state is State.REPLYING else State.LISTENING
        return [OpenUtterance(), Announce()]

    def _is_too_long(self) -> bool:
        return self._position - self._opened_at >= self.settings.max_utterance_seconds

    def _silence_needed(self, detection: TurnDetection) -> float:
        if self._limit is not None:
            return self._limit
        return self._endpointing.silence_seconds(Pause(language=self.settings.language), detection)

    def _pause(self, detection: TurnDetection) -> list[Action]:
        """The user is silent, and perhaps done."""
        if self.state in WITHOUT_REPLY:
            self.state = State.OVERLAP_PAUSED
            return []
        self.state = State.PAUSED
        after = self.settings.guess_after_seconds
        if not self._looked_ahead and after is not None and self._silence >= after:
            self._looked_ahead = self._speculation.look(self._silence, self._position - self._opened_at)
            if self._looked_ahead:
                return [LookAhead()]
        return self._prepare(detection)

    def _prepare(self, detection: TurnDetection) -> list[Action]:
        if not self._knows_words or self._guessed or not detection.create_reply or not self.settings.replies:
            return []
        missing = self._silence_needed(detection) - self._silence
        if not self._speculation.guess(missing, self._position - self._opened_at, self._position):
            return []
        self._guessed = True
        return [PrepareReply()]

    def _go_on(self) -> list[Action]:
        """The user speaks, or has gone on speaking."""
        self.state = State.OVERLAPPING if self.state in WITHOUT_REPLY else State.LISTENING
        return self._forget_pause()

    def _forget_pause(self) -> list[Action]:
        actions: list[Action] = [DropGuess()] if self._guessed else []
        self._looked_ahead = self._knows_words = self._guessed = False
        self._limit = None
        return actions

    def _understood(self, understood: Understood) -> list[Action]:
        detection = self.settings.turn_detection
        if self.state is State.DOUBTING and understood.pause.words is not None:
            return self._doubt_resolved(understood)
        if self.state is not State.PAUSED or detection is None:
            return []
        if understood.is_reaction and self._may_be_nothing:
            # The reply that it stopped goes on at once.
            return self._turn_over(detection)
        return self._judge(understood.pause, detection)

    def _judge(self, pause: Pause, detection: TurnDetection) -> list[Action]:
        """How long the pause that lasts now has to last for the turn to be over."""
        self._limit = self._endpointing.silence_seconds(pause, detection)
        self._knows_words = bool(pause.words)
        if pause.words is None and detection.kind == "semantic_vad":
            self._limit += WORDS_SECONDS
        if self._silence >= self._limit:
            return self._turn_over(detection)
        return self._prepare(detection)

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
        self._doubts = 0
        return [*actions, StartReply()]

    def _close_utterance(self, how: CommitUtterance | DropUtterance) -> list[Action]:
        actions: list[Action] = []
        if self.state is State.DOUBTING:
            actions = self._restore()
            self.state = State.REPLYING if self._is_given else State.IDLE
        else:
            self.state = State.REPLYING if self.state in WITHOUT_REPLY else State.IDLE
        self._idle_since = None
        self._may_be_nothing = False
        guess = self._forget_pause() if isinstance(how, DropUtterance) else []
        self._looked_ahead = self._knows_words = self._guessed = False
        self._limit = None
        return [*guess, how, *actions]

    # --- a sound over a reply: is it the user who wants to speak? ---

    def _begin_to_doubt(self, voice: Voice) -> list[Action]:
        self._is_given = self.state is State.REPLYING
        self._announced = False
        self._spoken = 0.0 if self._distrusts(voice) else voice.speech_seconds
        if self._position - self._doubted_at > DOUBTS_MEMORY_SECONDS:
            self._doubts = 0
        self._ducked = self._doubts < MAX_DOUBTS
        self.state = State.DOUBTING
        return [OpenUtterance(), Duck()] if self._ducked else [OpenUtterance()]

    def _doubt(self, voice: Voice) -> list[Action]:
        is_silent = voice.silence_seconds >= PAUSE_SECONDS
        if voice.silence_seconds == 0:
            self._spoken += 0.0 if self._distrusts(voice) else FRAME_SECONDS
            self._looked_ahead = False
        # What is quiet already can wait; what plays on loudly cannot.
        is_quiet = self.settings.ducks and voice.over_reply
        patience = self.settings.interruption_seconds if is_quiet else self.settings.loud_interruption_seconds
        if self._spoken >= patience * (PERSISTENCE if self._doubts >= MAX_DOUBTS else 1.0):
            return self._interrupt(is_sure=False)
        if voice.silence_seconds >= FORGET_SECONDS:
            return self._close_utterance(DropUtterance())
        if is_silent and not self._looked_ahead and voice.silence_seconds >= (self.settings.guess_after_seconds or 0):
            self._looked_ahead = True
            return [LookAhead()]
        if voice.silence_seconds >= GAP_SECONDS and self._position - self._opened_at >= DOUBT_SECONDS:
            return self._restore()
        if voice.silence_seconds == 0 and voice.speech_seconds >= self.settings.speech_start_seconds:
            return self._duck_again()
        return []

    def _duck_again(self) -> list[Action]:
        """The sound that seemed to be over goes on."""
        if self._ducked or self._doubts >= MAX_DOUBTS:
            return []
        self._ducked = True
        return [Duck()]

    def _distrusts(self, voice: Voice) -> bool:
        """Whether words are needed to believe that it is the user: the reply is quiet, so there is time for them."""
        return voice.may_be_echo and self.settings.ducks

    def _doubt_resolved(self, understood: Understood) -> list[Action]:
        if understood.is_reaction:
            return self._close_utterance(DropUtterance())
        actions = self._interrupt(is_sure=True)
        detection = self.settings.turn_detection
        if self._silence < PAUSE_SECONDS or detection is None or not understood.is_settled:
            return actions
        self.state = State.PAUSED
        return actions + self._judge(understood.pause, detection)

    def _restore(self) -> list[Action]:
        if not self._ducked:
            return []
        self._ducked = False
        self._doubts += 1
        self._doubted_at = self._position
        return [Restore()]

    def _interrupt(self, *, is_sure: bool) -> list[Action]:
        self._may_be_nothing = not is_sure
        # The client is told of the speech first: it falls silent at that, whatever the rest of the news is.
        return [*self._believe(), CancelReply("turn_detected", is_sure)]

    def _believe(self) -> list[Action]:
        """What is said over the reply is speech like any other."""
        looked_ahead = self._looked_ahead
        self._forget_pause()
        self._looked_ahead = looked_ahead
        self._ducked = False
        self._announced = True
        self.state = State.LISTENING
        return [Announce()]

    # --- what the client wants ---

    def _buffered(self) -> list[Action]:
        if self.state not in UTTERING:
            self._opened_at = self._position - FRAME_SECONDS
            self._announced = False
            self.state = State.OVERLAPPING if self.state is State.REPLYING else State.LISTENING
            return [OpenUtterance(with_preroll=False)]
        if self._position - self._opened_at >= self.settings.max_buffer_seconds:
            return [*self._close_utterance(DropUtterance()), Refuse(_buffer_full(), None)]
        return []

    def _commit_requested(self, request: AudioCommitted) -> list[Action]:
        if self.state not in UTTERING or self._position - self._opened_at < MINIMUM_COMMIT_SECONDS - 1e-9:
            return [Refuse(_nothing_to_commit(), request.request_id)]
        guess: list[Action] = [DropGuess()] if self._guessed else []
        return [*guess, *self._close_utterance(CommitUtterance(self._announced))]

    def _reply_requested(self, request: ReplyRequested) -> list[Action]:
        if not self.settings.replies:
            return [Refuse(_transcription_only(), request.request_id)]
        if not request.options.in_conversation:
            return [StartReply(request)]
        if self.state in WITHOUT_REPLY or (self.state is State.DOUBTING and self._is_given):
            return [Refuse(_already_replying(), request.request_id)]
        actions = self._forget_pause()
        if self.state is State.DOUBTING:
            actions += self._close_utterance(DropUtterance())
        self.state = WITH_REPLY[self.state]
        self._idle_since = None
        return [*actions, StartReply(request)]

    def _cancel_requested(self, request: ReplyCancelled) -> list[Action]:
        if self.state is State.DOUBTING and self._is_given:
            # There is nothing left to be interrupted, and somebody may be speaking.
            return [*self._believe(), CancelReply("client_cancelled")]
        if self.state not in WITHOUT_REPLY:
            return [Refuse(_not_replying(), request.request_id)]
        self.state = WITHOUT_REPLY[self.state]
        self._idle_since = None
        return [CancelReply("client_cancelled")]

    def _idle(self, detection: TurnDetection) -> list[Action]:
        timeout = detection.idle_timeout_seconds
        if self.state is not State.IDLE or timeout is None or self._idle_since is None or not self.settings.replies:
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
