"""Statements of IAM policies, with everything that may be one or many as a list."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.policy.document import Resource


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `principals` are pairs such as ("Service", "ecs-tasks.amazonaws.com")."""

    allows: bool
    principals: Sequence[tuple[str, str]]
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Sequence[tuple[str, str, Sequence[str]]]
    """Operator, key in lower case, values."""

    def condition_keys(self) -> set[str]:
        """Keys of its conditions, in lower case."""
        return {key for _, key, _ in self.conditions}

    def equals(self, key: str) -> Sequence[str]:
        """What a key has to be exactly; nothing where no condition says so."""
        return [
            value
            for operator, of, values in self.conditions
            if operator == "StringEquals" and of == key.lower()
            for value in values
        ]


def statements(resource: Resource, argument: str) -> Iterator[Statement]:
    """Those of a policy that a resource has as JSON; none where it is not set or not known yet."""
    text = resource[argument]
    if isinstance(text, str) and text:
        yield from (_statement(each) for each in _many(json.loads(text).get("Statement")))


def has_wildcard(statement: Statement) -> bool:
    """Whether it allows all actions, or all of a service."""
    return any(action == "*" or action.endswith(":*") for action in statement.actions)


def _statement(source: Mapping[str, Any]) -> Statement:
    principal = source.get("Principal", {})
    of = {"AWS": principal} if isinstance(principal, str) else principal
    # What is named by what it is not is everything else: as wide as a wildcard.
    return Statement(
        allows=source.get("Effect") == "Allow",
        principals=[(kind, name) for kind, names in of.items() for name in _many(names)],
        actions=["*"] if "NotAction" in source else _many(source.get("Action")),
        resources=["*"] if "NotResource" in source else _many(source.get("Resource")),
        conditions=[
            (operator, key.lower(), [str(value) for value in _many(values)])
            for operator, pairs in source.get("Condition", {}).items()
            for key, values in pairs.items()
        ],
    )


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
