"""What a computation gives back: a sentence, and what a following question may refer to."""

from dataclasses import dataclass

import sympy


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or an expression, and its unit."""

    value: sympy.Expr
    unit: str = ""
    """As `pint` writes it, such as `kilometer / hour`; "" if there is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered question."""

    text: str
    """A sentence or two, ready to be spoken."""
    result: Quantity | None = None
    """What "that" and "it" mean in the next question."""
    again: str = ""
    """The question with `{}` in place of its subject, so that "and of sodium" can be asked."""
    subject: str = ""
    """What the question was about, so that "its boiling point" can be asked."""
