"""Why a question has no answer.

ScienceError              message: a sentence that can be said
├── NotUnderstood         these words are not in the grammar; somebody else may know what they mean
└── Uncomputable          understood, but it has no answer, or one too large to work out
"""


class ScienceError(ValueError):
    """A question that cannot be answered; the message is a sentence to be spoken."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotUnderstood(ScienceError):
    """The words are not in the grammar."""


class Uncomputable(ScienceError):
    """The question makes sense but has no answer here."""
