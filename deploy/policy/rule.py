"""A rule of the policy: a sentence, and the function that finds what breaks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy.policy.document import Change, Document, Resource

Check = Callable[[Document], Iterator[Resource | Change]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`sentence` says what has to hold."""

    name: str
    sentence: str
    broken_by: Check


@dataclass(frozen=True, slots=True)
class Finding:
    """A resource that breaks a rule."""

    address: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.address}: {self.rule.name}: {self.rule.sentence}"


class Rules:
    """The rules of one subject, in the order in which they are written."""

    def __init__(self) -> None:
        self.all: list[Rule] = []

    def rule(self, check: Check) -> Check:
        """Take a function as a rule: its name is the rule's, its docstring the sentence."""
        sentence = " ".join((check.__doc__ or "").split())
        self.all.append(Rule(check.__name__, sentence, check))
        return check
