"""What a plan would change that nobody asked for."""

from collections.abc import Iterator
from typing import Any


def changes_of(plan: Any) -> dict[str, list[str]]:
    """Address to what differs, for each resource that a plan would touch: arguments, or what it does with all of it."""
    return {
        each["address"]: _differences(each["change"])
        for each in plan["resource_changes"]
        if each["change"]["actions"] not in (["no-op"], ["read"])
    }


def _differences(change: Any) -> list[str]:
    if change["actions"] != ["update"]:
        return ["+".join(change["actions"])]
    return sorted(_paths(change["before"], change["after"], change["after_unknown"]))


def _paths(before: Any, after: Any, unknown: Any, path: str = "") -> Iterator[str]:
    if unknown is True:
        yield path
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            inner = unknown.get(key) if isinstance(unknown, dict) else None
            yield from _paths(before.get(key), after.get(key), inner, f"{path}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            inner = unknown[position] if isinstance(unknown, list) and position < len(unknown) else None
            yield from _paths(one, other, inner, f"{path}[{position}]")
    elif before != after:
        yield path
