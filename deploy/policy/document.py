"""What Terraform says of a plan or a state: `terraform show -json`, as resources and changes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final


class Unknown:
    """Stands for a value that is known only after the apply."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


class NotADocument(Exception):
    """A file is not what `terraform show -json` prints of a plan or a state."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One managed resource, as it is or will be."""

    address: str
    type: str
    values: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        """An argument's value; None where it is not set, UNKNOWN where the plan cannot know it."""
        return self.values.get(name, UNKNOWN)

    @property
    def module(self) -> str:
        """Address of the module that it is in, keys included."""
        return self.address.rpartition(f"{self.type}.")[0]

    @property
    def is_production(self) -> bool:
        """Whether it belongs to an environment that people rely on: all but staging."""
        tags = self.values.get("tags_all")
        return not (isinstance(tags, dict) and tags.get("Environment") == "staging")

    def block(self, name: str) -> Mapping[str, Any] | None:
        """Its only block of that name; None where there is none."""
        blocks = self[name]
        return blocks[0] if isinstance(blocks, list) and blocks else None

    def has_not(self, name: str, *wanted: Any) -> bool:
        """Whether an argument is known and none of these. What is not known yet is not held against it."""
        return self[name] is not UNKNOWN and self[name] not in wanted

    def is_unset(self, name: str) -> bool:
        """Whether an argument is known to be missing or empty."""
        return self[name] in (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan does with one resource: `actions` such as ("delete", "create")."""

    address: str
    type: str
    actions: Sequence[str]


@dataclass(frozen=True, slots=True)
class Document:
    """A plan, with its changes, or a state, without."""

    resources: Sequence[Resource]
    changes: Sequence[Change] = field(default=())

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Resources of one of these types."""
        return (resource for resource in self.resources if resource.type in types)

    def companions(self, of: Resource, kind: str, argument: str, *identities: str) -> list[Resource]:
        """Resources of a type that name this one in an argument.

        Before an apply the name may not be known; then those of the same module count.
        """
        names = {of[identity] for identity in identities if isinstance(of[identity], str)}
        return [
            other
            for other in self.of_type(kind)
            if other[argument] in names or (other[argument] is UNKNOWN and other.module == of.module)
        ]


def read_document(path: Path) -> Document:
    """Raises OSError for a file that cannot be read, NotADocument for one that is something else."""
    try:
        content = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NotADocument(f"{path} is not JSON: write it by `terraform show -json PLAN`") from error
    return document(content)


def document(content: Any) -> Document:
    """The same, of what was parsed. Raises NotADocument."""
    values = content.get("planned_values", content.get("values")) if isinstance(content, dict) else None
    if not isinstance(values, dict):
        raise NotADocument("no planned_values and no values: write the file by `terraform show -json PLAN`")
    resources = [
        Resource(each["address"], each["type"], each.get("values", {}))
        for each in _resources(values.get("root_module", {}))
        if each["mode"] == "managed"
    ]
    if not resources and "planned_values" not in content:
        raise NotADocument("a state without resources: there is nothing to judge")
    changes = [
        Change(each["address"], each["type"], tuple(each["change"]["actions"]))
        for each in content.get("resource_changes", [])
        if each["mode"] == "managed"
    ]
    return Document(resources, changes)


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)
