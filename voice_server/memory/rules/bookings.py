"""What was booked, by what the tools that book gave back."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_BOOKS: Final = re.compile(r"(?:^|_)(?:book|reserve|reservation|booking|appointment|prenota|prenotazione)(?:_|$)")
_BOOKS_NOT: Final = re.compile(r"cancel|delete|list|find|search|get|check|availab|disdi|annulla|cerca")
_BAD: Final = frozenset(
    {"error", "failed", "failure", "rejected", "unavailable", "cancelled", "canceled", "full", "declined", "no"}
)
_KEYS: Final = (
    ("what", ("service", "what", "type", "restaurant", "name_of_service", "servizio")),
    ("for", ("party_size", "people", "guests", "persons", "covers", "persone", "coperti")),
    ("on", ("date", "day", "data", "giorno")),
    ("at", ("time", "hour", "starts_at", "start", "when", "datetime", "ora", "orario")),
    ("table", ("table", "tavolo")),
)
_MAX_JSON: Final = 20_000


def booking_of(name: str, arguments: str, output: str) -> str | None:
    """Such as `for 4, on 2026-05-05, at 20:00`; None if nothing was booked."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")
    if not _BOOKS.search(words) or _BOOKS_NOT.search(words):
        return None
    asked, given = _object(arguments), _object(output)
    if given is None or _failed(given):
        return None
    # What the tool gave counts more than what was asked of it.
    known = {**(asked or {}), **dict(_flat(given))}
    parts = [f"{label} {known[key]}" for label, keys in _KEYS for key in keys[:] if key in known and _short(known[key])]
    return ", ".join(dict.fromkeys(parts)).removeprefix("what ") or None


def _object(text: str) -> Mapping[str, Any] | None:
    if len(text) > _MAX_JSON:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _failed(given: Mapping[str, Any]) -> bool:
    if given.get("error") or given.get("errors"):
        return True
    if any(given.get(key) is False for key in ("ok", "success", "booked", "confirmed", "available")):
        return True
    return str(given.get("status", "")).lower() in _BAD


def _flat(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of an object and of the objects in it."""
    for key, value in given.items():
        if isinstance(value, dict):
            yield from value.items()
        else:
            yield key, value


def _short(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and 0 < len(str(value)) <= 60
