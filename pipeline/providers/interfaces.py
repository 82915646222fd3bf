"""What the pipeline needs of a provider: three Protocols with one method each.

Every method returns an asynchronous generator, and the only way to stop it is to close it or to cancel the task that
iterates over it; whatever it opened (a socket, a task, a place in a worker) is released then. Failures are raised as
`pipeline.errors.ProviderError`, never as a vendor's own exception. A provider serves many conversations at once.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pipeline.audio import AudioFrame, Samples

# --- speech to text ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """How to hear one utterance."""

    session_id: str
    """Sent to the vendor in the header `X-Session-Id`, so that a proxy or a stand-in can tell conversations apart."""
    language: str | None = None
    """ISO 639-1, such as `en`; None lets the recogniser decide."""
    prompt: str = ""
    """Words that came before, or names that are likely."""
    domain: str | None = None
    """The assistant's name, by which a recogniser with prepared vocabularies knows what is likely to be said."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard of one utterance, from its beginning."""

    text: str
    """The whole utterance so far, trimmed; a later transcript may change earlier words until one is final."""
    is_final: bool
    is_settled: bool = False
    """Not final, but what the final one will be if nothing more is said: the answer to a frame that `may_be_last`."""


class SpeechToText(Protocol):
    """Hears one utterance."""

    name: str

    def transcribe(
        self, audio: AsyncIterator[AudioFrame], options: TranscriptionOptions
    ) -> AsyncGenerator[Transcript, None]:
        """Transcribe one utterance, whose end is the end of `audio`.

        Gives any number of transcripts that are not final and then exactly one that is, "" if there were no words.
        To each frame that `may_be_last` it answers with one transcript that `is_settled` if it can tell before the
        audio ends, and if speech does not go on before it can. If no speech follows, that transcript becomes the final
        one as soon as the audio ends, without asking anybody again.
        Raises ProviderError.
        """
        ...


# --- language model ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A function that the model may call."""

    name: str
    description: str
    parameters: Mapping[str, object]
    """JSON Schema of its arguments."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a function that the model asked for."""

    call_id: str
    name: str
    arguments: str
    """JSON, as the model wrote it: perhaps not valid."""


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """One message of the conversation as the model sees it."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    images: tuple[str, ...] = ()
    """Data URIs, on user messages."""
    tool_calls: tuple[ToolCall, ...] = ()
    """On assistant messages."""
    call_id: str | None = None
    """On tool messages: which call this answers."""


@dataclass(frozen=True, slots=True)
class NamedTool:
    """The model must call the tool of this name."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True)
class CompletionOptions:
    """How to write one reply."""

    session_id: str
    tools: Sequence[ToolDefinition] = ()
    tool_choice: ToolChoice = "auto"
    max_output_tokens: int | None = None
    temperature: float | None = None
    """None leaves it to the vendor."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next characters of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The next piece of a call. The first piece of each `index` carries `call_id` and `name`."""

    index: int
    call_id: str | None
    name: str | None
    arguments: str
    """The next characters of the JSON."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a vendor will charge for, in tokens."""

    input_tokens: int = 0
    cached_tokens: int = 0
    """The part of `input_tokens` that the vendor had seen before."""
    output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Completed:
    """The model has ended; always the last delta."""

    reason: Literal["stop", "length", "tool_calls", "content_filter"]
    usage: Usage


ModelDelta = TextDelta | ToolCallDelta | Completed


class LanguageModel(Protocol):
    """Writes one reply."""

    name: str

    def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """Write the assistant's next message. Ends with one Completed. Raises ProviderError."""
        ...


# --- text to speech ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """How to say something."""

    session_id: str
    voice: str | None = None
    """A name that the provider may not know; it then uses its own default."""
    language: str | None = None
    """ISO 639-1; None means English where the provider has to know."""
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A piece of the text, and when it is heard: as finely as the vendor tells (character, word, clause)."""

    text: str
    """With the white space that follows it."""
    start_seconds: float
    """From the first sample of this speech."""
    end_seconds: float | None
    """None: until the next piece begins, or the speech ends."""

    def later(self, seconds: float) -> "SpokenText":
        """The same, in a longer speech of which this much comes before."""
        if not seconds:
            return self
        end = None if self.end_seconds is None else self.end_seconds + seconds
        return SpokenText(self.text, self.start_seconds + seconds, end)


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """The next samples of the speech, and the pieces of text that begin in them."""

    samples: Samples
    """int16, shape (n,), 24 kHz; n may be 0."""
    spoken: tuple[SpokenText, ...] = ()


class TextToSpeech(Protocol):
    """Says something."""

    name: str

    def speak(self, clauses: AsyncIterator[str], options: VoiceOptions) -> AsyncGenerator[SpeechChunk, None]:
        """Say clauses while later ones are still being written.

        Each clause is spoken as soon as it arrives, without waiting for the next. The texts of all pieces given, one
        after the other, are exactly the clauses, one after the other. Raises ProviderError.
        """
        ...
