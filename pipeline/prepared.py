"""Phrases that were spoken in advance, in the assistant's own voice: they need no provider any more."""

from dataclasses import dataclass

from pipeline.providers.interfaces import SpeechChunk


@dataclass(frozen=True, slots=True)
class PreparedSpeech:
    """A phrase, ready to be played."""

    text: str
    chunks: tuple[SpeechChunk, ...]
    """As a voice gave them."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """What an assistant can say at any time. None: it is not prepared (yet), and is left out."""

    greeting: PreparedSpeech | None = None
    """When a conversation begins."""
    moment: PreparedSpeech | None = None
    """When an answer takes longer than anybody likes to wait in silence."""
    apology: PreparedSpeech | None = None
    """When there is no answer."""
