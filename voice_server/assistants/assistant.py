"""What makes an assistant: who it is, what it can do, and how it answers when no provider is configured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.providers.interfaces import LanguageModel
from pipeline.tools import Tool


@dataclass(frozen=True, slots=True)
class Assistant:
    """One persona that people talk to."""

    name: str
    """As in the query `model=`: lower case."""
    title: str
    """As people see it."""
    description: str
    """One sentence for a list of assistants."""
    examples: tuple[str, ...]
    """Questions to begin with, in words that the embedded recogniser hears and the offline model answers."""
    instructions: str
    """The system message for a language model."""
    language: str
    """ISO 639-1."""
    voice: str | None
    """None: the provider's default."""
    greeting: str | None
    """What it says first when somebody connects, in its language; None: it waits to be spoken to."""
    tools: tuple[Tool, ...]
    """Functions that the server runs for its language model."""
    vocabulary: Callable[[], list[str]]
    """Sentences that people are likely to say to it: lower case, in words, for a recogniser's language model."""
    pronunciations: Mapping[str, str]
    """Words of the vocabulary that the CMU dictionary lacks, in its phones: "cosine" is "K OW S AY N"."""
    offline_model: LanguageModel
    """Answers what can be answered without any provider."""
