"""Every threshold and choice of one conversation, with its unit in its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.providers.interfaces import ToolChoice, ToolDefinition

Modality = Literal["audio", "text"]


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """When the user is speaking, and when a turn is over."""

    kind: Literal["server_vad", "semantic_vad"] = "server_vad"
    threshold: float = 0.5
    """How sure the detector must be that a frame is speech, 0 to 1."""
    prefix_padding_seconds: float = 0.3
    """Audio from before the first speech that belongs to the utterance: the first syllable is often quiet."""
    silence_seconds: float = 0.5
    """Silence that ends a turn (server_vad)."""
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    """How soon a turn ends (semantic_vad)."""
    create_reply: bool = True
    """Whether a turn is answered without being asked to."""
    interrupt_reply: bool = True
    """Whether speech stops a reply."""
    idle_timeout_seconds: float | None = None
    """Silence after a reply that makes the assistant speak up by itself; None: never."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """One conversation."""

    instructions: str = ""
    modality: Modality = "audio"
    voice: str | None = None
    speed: float = 1.0
    language: str | None = "en"
    """ISO 639-1, of both the user's speech and the voice; None: whatever is heard."""
    transcription_prompt: str = ""
    domain: str | None = None
    """The assistant whose prepared vocabulary a recogniser should expect."""
    tools: tuple[ToolDefinition, ...] = ()
    """Functions that the client runs. Those that the server runs come with the assistant."""
    tool_choice: ToolChoice = "auto"
    max_output_tokens: int | None = None
    turn_detection: TurnDetection | None = field(default_factory=TurnDetection)
    """None: the client says when a turn is over."""
    replies: bool = True
    """False: transcription only."""

    speech_start_seconds: float = 0.12
    """Speech within the last 0.3 s that counts as somebody speaking, not as a click."""
    reports_playback: bool = False
    """Whether the client tells what its loudspeaker has played."""
    ducks: bool = False
    """Whether the client can play a reply quietly while it is not known whether the user speaks over it."""
    guess_after_seconds: float | None = 0.08
    """Silence after which the answer is prepared, in case the turn is over; None: only when it is."""
    interruption_seconds: float = 0.8
    """Speech over a reply that is played quietly meanwhile which stops it, whatever its words are: a slow "mm-hm" takes
    three quarters of a second."""
    loud_interruption_seconds: float = 0.3
    """The same, if the client cannot play it quietly."""
    moment_seconds: float = 2.0
    """After which an answer that is late is announced, if the assistant has a phrase for it."""
    max_lead_seconds: float = 1.0
    """Audio that may be sent ahead of the ear; what an interruption wastes at most."""
    max_utterance_seconds: float = 120.0
    """An utterance is ended here even without a pause."""
    max_buffer_seconds: float = 1800.0
    """Audio that may wait for a commit by the client."""
    max_kept_audio_seconds: float = 60.0
    """The user's audio that is kept to be retrieved; the oldest goes first."""
    max_history_items: int = 200
    """Items that the model is shown; the oldest are left out."""
    max_tool_rounds: int = 5
    """How often in one reply the model may call tools of the server; then it has to answer without them."""
    tool_deadline_seconds: float = 10.0
    """For one tool of the server to give its result. The deadlines below are above those of the providers in
    deadlines.py: they are for a provider that is used without these."""
    transcription_deadline_seconds: float = 18.0
    """From the end of the utterance to its final transcript."""
    first_words_deadline_seconds: float = 15.0
    """From asking the model to its first delta; also the longest silence between two."""
    first_audio_deadline_seconds: float = 12.0
    """From the first clause to its first sample; also the longest silence between two chunks while text waits."""


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """What one reply does otherwise than the session says; None leaves it to the session."""

    instructions: str | None = None
    modality: Modality | None = None
    voice: str | None = None
    tools: tuple[ToolDefinition, ...] | None = None
    tool_choice: ToolChoice | None = None
    max_output_tokens: int | None = None
    in_conversation: bool = True
    """False: the reply leaves no trace in the conversation and may run beside another."""
    metadata: Mapping[str, str] | None = None
    """The client's own; carried through."""
    audio_format: str | None = None
    """The wire's name of an encoding; carried through."""

    def completed_by(self, settings: SessionSettings) -> "ReplyOptions":
        """With nothing left open."""
        return replace(
            self,
            instructions=settings.instructions if self.instructions is None else self.instructions,
            modality=self.modality or settings.modality,
            voice=self.voice or settings.voice,
            tools=settings.tools if self.tools is None else self.tools,
            tool_choice=self.tool_choice or settings.tool_choice,
            max_output_tokens=self.max_output_tokens or settings.max_output_tokens,
        )
