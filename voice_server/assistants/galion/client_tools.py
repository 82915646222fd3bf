"""Calls of a client's functions without a language model: by their names, their descriptions and the user's words."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.providers.interfaces import ToolDefinition
from voice_server.assistants.galion.science.number_words import to_digits

MAX_SPOKEN: Final = 500
"""Characters of a function's result that are read out."""
_MAX_DEPTH: Final = 3


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EMPTY_WORDS: Final = _listed("""
get set fetch find search look lookup call tool function make create do run show give tell the a an of for in on
to and or by with from is are this that it its current currently when use used using user users asks about given
returns return information data value name what which any can should
""")
_PLACE: Final = re.compile(
    r"\b(?:in|at|near|for|to|of)\s+(?:the\s+)?(?!the\b)([A-Za-zÀ-ÿ][\wÀ-ÿ' .-]*?)"
    r"(?=\s+(?:today|tomorrow|tonight|now|right now|please|this|next|on|in|at|like|for)\b|[?!,]|\.?\s*$)",
    re.IGNORECASE,
)
_DAY: Final = re.compile(
    r"\b(today|tomorrow|tonight|yesterday|now|(?:next |this )?(?:monday|tuesday|wednesday|thursday"
    r"|friday|saturday|sunday|week|weekend|month)"
    r"|\d{4}-\d{2}-\d{2})\b",
    re.IGNORECASE,
)
_TIME: Final = re.compile(r"\b(?:at\s+)?(\d{1,2}(?::\d{2})?\s*(?:am|pm|o'clock)|\d{1,2}:\d{2})", re.IGNORECASE)


def matching(tools: Sequence[ToolDefinition], text: str) -> ToolDefinition | None:
    """The function that the user's words clearly ask for: a word of its name, or two of its description."""
    said = {_stem(word) for word in re.findall(r"[a-zà-ÿ]+", text.lower())}
    best: tuple[int, ToolDefinition | None] = (1, None)
    for tool in tools:
        name = _significant(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tool.name).replace("_", " ").replace("-", " "))
        score = 2 * len(name & said) + len((_significant(tool.description) - name) & said)
        if score > best[0]:
            best = (score, tool)
    return best[1]


def _significant(text: str) -> set[str]:
    words = re.findall(r"[a-zà-ÿ]+", text.lower())
    return {_stem(word) for word in words if len(word) > 2 and word not in _EMPTY_WORDS}


def _stem(word: str) -> str:
    return re.sub(r"(?:ing|ed|es|s)$", "", word) if len(word) > 4 else word


def arguments(tool: ToolDefinition, text: str) -> str:
    """JSON of arguments that fit the function's schema, filled from the user's words."""
    return json.dumps(_object(tool.parameters, text, 0), ensure_ascii=False)


def _object(schema: Mapping[str, object], text: str, depth: int) -> dict[str, object]:
    properties = schema.get("properties")
    required = schema.get("required")
    if not isinstance(properties, dict) or depth > _MAX_DEPTH:
        return {}
    needed = required if isinstance(required, list) else []
    numbers = re.findall(r"-?\d+(?:\.\d+)?", to_digits(text.lower()))
    filled: dict[str, object] = {}
    for name, property_schema in properties.items():
        if isinstance(property_schema, dict):
            value = _value(str(name), property_schema, text, numbers, needed=name in needed, depth=depth)
            if value is not None:
                filled[str(name)] = value
    return filled


def _value(
    name: str, schema: Mapping[str, object], text: str, numbers: list[str], *, needed: bool, depth: int
) -> object | None:
    """A value for one property; None leaves it out."""
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        said = next((choice for choice in choices if str(choice).lower().replace("_", " ") in text.lower()), None)
        return said if said is not None else choices[0] if needed else None
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "string")
    match kind:
        case "number" | "integer":
            return _number(schema, numbers, whole=kind == "integer", needed=needed)
        case "boolean":
            return not re.search(r"\b(?:not|off|no|without|false)\b", text.lower()) if needed else None
        case "array":
            items = schema.get("items")
            one = _value(name, items if isinstance(items, dict) else {}, text, numbers, needed=needed, depth=depth + 1)
            return [] if one is None and needed else None if one is None else [one]
        case "object":
            return _object(schema, text, depth + 1) if needed else None
    return _string(name, schema, text, needed=needed)


def _number(schema: Mapping[str, object], numbers: list[str], *, whole: bool, needed: bool) -> int | float | None:
    if numbers:
        value = float(numbers.pop(0))
        return int(value) if whole or value.is_integer() else value
    least = schema.get("minimum", 0)
    return (least if isinstance(least, int | float) else 0) if needed else None


def _string(name: str, schema: Mapping[str, object], text: str, *, needed: bool) -> str | None:
    meaning = f"{name} {schema.get('description', '')}".lower()
    if re.search(r"location|city|place|where|country|region|town|destination|address", meaning):
        if found := _PLACE.search(text):
            place = found[1].strip(" .")
            return place.title() if place.islower() else place
    elif re.search(r"\bdate|\bday\b|\bwhen\b", meaning):
        if found := _DAY.search(text):
            return found[1].lower()
    elif re.search(r"\btime\b|\bhour\b", meaning) and (found := _TIME.search(text)):
        return found[1].strip()
    return text.strip() if needed else None


def said(outputs: Sequence[str]) -> str:
    """The results of functions in words."""
    words = " ".join(_sentence(output) for output in outputs)
    if len(words) <= MAX_SPOKEN:
        return words
    return words[:MAX_SPOKEN].rsplit(" ", 1)[0] + ", and more."


def _sentence(output: str) -> str:
    try:
        value = json.loads(output)
    except ValueError:
        value = output
    except RecursionError:
        return "The result is too deeply nested to be read out."
    if isinstance(value, dict) and len(value) == 1 and str(next(iter(value))).lower() in ("error", "errors", "problem"):
        return f"That did not work: {_words(next(iter(value.values())), 0)}."
    words = _words(value, 0).strip()
    if not words:
        return "That is done."
    if isinstance(value, dict) and len(value) > 1:
        words = f"Here is what I found: {words}"
    words = words[0].upper() + words[1:]
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _words(value: object, depth: int) -> str:
    if depth > _MAX_DEPTH:
        return "more"
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case dict() if len(value) == 1:
            return _words(next(iter(value.values())), depth + 1)
        case dict():
            parts = [f"{_label(str(key))} is {_words(one, depth + 1)}" for key, one in list(value.items())[:12]]
        case list():
            parts = [_words(one, depth + 1) for one in value[:12]]
        case _:
            return str(value)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def _label(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key).replace("_", " ").lower()
