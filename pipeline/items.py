"""What a conversation consists of: messages, calls of functions and their results."""

import secrets
from dataclasses import dataclass
from typing import Literal

from pipeline.audio import Samples

Status = Literal["in_progress", "completed", "incomplete"]


def new_id(prefix: str) -> str:
    """A fresh identifier such as `item_4f3c…`: at most 32 characters, unguessable."""
    return f"{prefix}_{secrets.token_hex(10)}"


@dataclass(frozen=True, slots=True)
class Text:
    """Written words: typed by the user, given by the system, or answered by the assistant in text."""

    text: str


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken words, by the user or by the assistant."""

    transcript: str | None
    """None until it is known. For the assistant: only what the user can have heard."""
    samples: Samples | None = None
    """int16, 16 kHz, of the user; None when it is not kept (any longer), and always for the assistant."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that the user shows."""

    url: str
    """A data URI."""
    detail: str | None = None


Content = Text | Speech | Image


@dataclass(frozen=True, slots=True)
class Message:
    """Something said or written by somebody."""

    id: str
    role: Literal["system", "user", "assistant"]
    content: tuple[Content, ...]
    status: Status = "completed"

    @property
    def text(self) -> str:
        """All its words, written and spoken."""
        words = (
            part.transcript if isinstance(part, Speech) else part.text
            for part in self.content
            if not isinstance(part, Image)
        )
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """The model's wish that the client runs a function."""

    id: str
    call_id: str
    name: str
    arguments: str
    """JSON as the model wrote it."""
    status: Status = "completed"


@dataclass(frozen=True, slots=True)
class FunctionCallOutput:
    """The result of a function that the client has run."""

    id: str
    call_id: str
    output: str
    status: Status = "completed"


Item = Message | FunctionCall | FunctionCallOutput
