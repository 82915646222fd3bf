"""What enters a conversation and what leaves it: two closed unions of frozen values.

Everything that a client, a log, a recording or a test knows of a conversation is in these events. They are not meant
to be subclassed. Times are seconds of audio received since the session began, unless a field says otherwise.
"""

from dataclasses import dataclass, field
from typing import Literal

from pipeline.audio import Samples
from pipeline.errors import PipelineError, RequestError
from pipeline.items import Item
from pipeline.providers.interfaces import Usage
from pipeline.settings import ReplyOptions, SessionSettings

# --- what enters ------------------------------------------------------------------------------------------------------
# `request_id` is the client's own name for its request; the answer, be it a success or a RequestFailed, carries it.


@dataclass(frozen=True, slots=True)
class AudioReceived:
    """The microphone went on."""

    samples: Samples
    """int16, shape (n,), 16 kHz."""


@dataclass(frozen=True, slots=True)
class AudioCommitted:
    """The client says that the utterance is over."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class AudioCleared:
    """The client takes back what it sent since the last commit."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemCreated:
    """The client puts an item into the conversation. Its id is free or the request fails."""

    item: Item
    previous_item_id: str | None = None
    """After which item; `root`: first; None: last."""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemDeleted:
    """The client takes an item out of the conversation."""

    item_id: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemRetrieved:
    """The client asks for an item as the server knows it."""

    item_id: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemTruncated:
    """The client tells how much of a spoken item was played before it was stopped."""

    item_id: str
    heard_seconds: float
    """From the first sample of the item."""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyRequested:
    """The client wants an answer now."""

    options: ReplyOptions = field(default_factory=ReplyOptions)
    input: tuple[Item | str, ...] | None = None
    """Instead of the conversation: items, or ids of items in the conversation."""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyCancelled:
    """The client wants no (more) answer."""

    reply_id: str | None = None
    """None: the reply of the conversation that is running."""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlaybackReported:
    """The client's loudspeaker has played this much of a spoken item."""

    item_id: str
    heard_seconds: float
    """From the first sample of the item."""
    playing: bool
    """False: it will play no more of it."""


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """From now on, this is how the conversation is held."""

    settings: SessionSettings
    request_id: str | None = None


Input = (
    AudioReceived
    | AudioCommitted
    | AudioCleared
    | ItemCreated
    | ItemDeleted
    | ItemRetrieved
    | ItemTruncated
    | ReplyRequested
    | ReplyCancelled
    | PlaybackReported
    | SettingsChanged
)

# --- what leaves ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user speaks."""

    item_id: str
    """Of the item that this utterance will become."""
    start_seconds: float
    """Where the utterance begins, its prefix padding included."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user has finished."""

    item_id: str
    end_seconds: float
    """The silence that showed it included."""


@dataclass(frozen=True, slots=True)
class UtteranceCommitted:
    """The utterance is now part of the conversation; ItemAdded and ItemDone follow."""

    item_id: str
    previous_item_id: str | None


@dataclass(frozen=True, slots=True)
class AudioDropped:
    """What the client sent since the last commit is forgotten."""


@dataclass(frozen=True, slots=True)
class IdleTimeout:
    """The user has said nothing for so long that the assistant speaks up."""

    item_id: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """An item entered the conversation."""

    item: Item
    previous_item_id: str | None
    """Its true predecessor; None only for the first."""


@dataclass(frozen=True, slots=True)
class ItemDone:
    """An item of the client's is complete. (A reply's items are, when ReplyItemFinished says so.)"""

    item: Item
    previous_item_id: str | None


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """An item left the conversation."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ItemShown:
    """The item that the client asked for."""

    item: Item


@dataclass(frozen=True, slots=True)
class ItemCut:
    """A spoken item was cut to what was heard."""

    item_id: str
    heard_seconds: float
    text: str
    """What is left of its words."""


@dataclass(frozen=True, slots=True)
class TranscriptDelta:
    """More words of an utterance, sure enough to be shown."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptCompleted:
    """All words of an utterance; replaces the deltas."""

    item_id: str
    text: str
    audio_seconds: float


@dataclass(frozen=True, slots=True)
class TranscriptFailed:
    """The words of an utterance will never be known."""

    item_id: str
    error: PipelineError


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """A reply has an id and is being worked on; nothing of it exists yet."""

    reply_id: str
    options: ReplyOptions
    """With nothing left open: what the request did not say is taken from the session."""
    request_id: str | None = None
    continues: str | None = None
    """The reply whose unheard rest this one is: it was stopped by something that turned out to be nothing."""


@dataclass(frozen=True, slots=True)
class ReplyItemStarted:
    """The reply begins an item: a Message with no content yet, or a FunctionCall with no arguments yet."""

    reply_id: str
    item: Item
    previous_item_id: str | None
    """None also for replies outside the conversation."""


@dataclass(frozen=True, slots=True)
class ReplyText:
    """The next characters of a written reply."""

    reply_id: str
    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    """The next samples of a spoken reply, and the words that begin in them."""

    reply_id: str
    item_id: str
    samples: Samples
    """int16, shape (n,), 24 kHz; n may be 0."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """The model has written more of a reply than was said of it yet. A fact for logs: whoever goes on with the
    conversation elsewhere says the rest. All of them together are what the reply has to say."""

    reply_id: str
    text: str
    is_complete: bool = False
    """Whether nothing more of it will be written."""


@dataclass(frozen=True, slots=True)
class ReplyArguments:
    """The next characters of a function call's arguments."""

    reply_id: str
    item_id: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ReplyItemFinished:
    """An item of the reply is complete, or will never be (its status says which)."""

    reply_id: str
    item: Item


ReplyStatus = Literal["completed", "cancelled", "failed", "incomplete"]


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """Nothing of this reply comes any more."""

    reply_id: str
    status: ReplyStatus
    reason: (
        Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter", "connection_lost"] | None
    ) = None
    error: PipelineError | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class ReplyInterrupted:
    """Speech stopped a reply of which something had been sent, whether or not it was still being made."""

    reply_id: str
    item_id: str
    heard_seconds: float
    """As far as the server knows; an ItemTruncated or PlaybackReported that follows may correct it."""
    heard_text: str


@dataclass(frozen=True, slots=True)
class ReplyDucked:
    """Somebody may be speaking over this reply: it had better be played quietly until it is known."""

    reply_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class ReplyRestored:
    """It was nothing (a cough, an "mm-hm"): this reply goes on as before."""

    reply_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class GuessDropped:
    """A reply that was prepared in a pause is not needed, because speech went on. Nothing of it was sent."""

    reply_id: str
    waste: "Waste"


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool of the server runs. A fact for logs: the client need not know."""

    reply_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """A tool of the server gave its result."""

    reply_id: str
    name: str
    output: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the time between the user's last word and the first sound of the answer."""

    name: str
    start_seconds: float
    """After the user's last word."""
    end_seconds: float


@dataclass(frozen=True, slots=True)
class Waste:
    """What was made for nothing by answering before the turn was surely over."""

    guesses: int = 0
    """Replies that were prepared and dropped."""
    tokens: int = 0
    """That the model had written of them; counted in deltas where it did not tell."""
    characters: int = 0
    """That the voice had been given."""
    audio_seconds: float = 0.0
    """That the voice had made."""

    def __add__(self, other: "Waste") -> "Waste":
        return Waste(
            self.guesses + other.guesses,
            self.tokens + other.tokens,
            self.characters + other.characters,
            self.audio_seconds + other.audio_seconds,
        )


@dataclass(frozen=True, slots=True)
class TurnMeasured:
    """Where the time of a turn went. The spans follow each other without gaps."""

    item_id: str
    """The user's item."""
    reply_id: str
    spans: tuple[Span, ...]
    committed_seconds: float = 0.0
    """When the turn was surely over, after the user's last word; work may have begun before."""
    waste: Waste = Waste()


@dataclass(frozen=True, slots=True)
class SettingsApplied:
    """The conversation is held as SettingsChanged said."""

    settings: SessionSettings
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request of the client's changed nothing."""

    error: RequestError
    request_id: str | None = None


Output = (
    SpeechStarted
    | SpeechStopped
    | UtteranceCommitted
    | AudioDropped
    | IdleTimeout
    | ItemAdded
    | ItemDone
    | ItemRemoved
    | ItemShown
    | ItemCut
    | TranscriptDelta
    | TranscriptCompleted
    | TranscriptFailed
    | ReplyStarted
    | ReplyItemStarted
    | ReplyText
    | ReplyAudio
    | ReplyWritten
    | ReplyArguments
    | ReplyItemFinished
    | ReplyFinished
    | ReplyInterrupted
    | ReplyDucked
    | ReplyRestored
    | GuessDropped
    | ToolCalled
    | ToolReturned
    | TurnMeasured
    | SettingsApplied
    | RequestFailed
)
