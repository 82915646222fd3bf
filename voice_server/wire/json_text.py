"""JSON as clients really write it: broken, endless, nested out of spite, or with half a character at its end."""

import json
import re
from typing import NoReturn

import orjson

from pipeline.errors import RequestError
from voice_server.wire.limits import MAX_DEPTH

Json = dict[str, object]

_SURROGATE = re.compile(r"\\u[dD][89abAB]|\\u[dD][c-fC-F]|[\ud800-\udfff]")


def parse(text: str) -> Json:
    """Read one object. Raises RequestError `invalid_json`. Of a key that comes twice the last one counts.

    Half a surrogate pair, which a browser sends when a text is cut in the middle of an emoji, becomes U+FFFD.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        value = _parse_surrogates(text, str(error))
    if not isinstance(value, dict):
        raise _invalid("it is not a JSON object")
    if _depth_exceeds(value, MAX_DEPTH):
        raise _invalid(f"it is nested deeper than {MAX_DEPTH} levels")
    return value


def write(message: Json) -> str:
    """Write one message; half a surrogate pair, which a model may produce as well, becomes U+FFFD."""
    try:
        return orjson.dumps(message).decode()
    except TypeError:
        return _mended(json.dumps(message, ensure_ascii=False, allow_nan=False))


def _parse_surrogates(text: str, reason: str) -> object:
    if not _SURROGATE.search(text):
        raise _invalid(reason)
    try:
        lenient = json.loads(text, parse_constant=_refuse_constant)
        return orjson.loads(_mended(json.dumps(lenient, ensure_ascii=False, allow_nan=False)))
    except (ValueError, RecursionError) as error:
        raise _invalid(str(error)) from error


def _mended(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _depth_exceeds(value: object, limit: int) -> bool:
    if isinstance(value, dict) and all(type(child) is str for child in value.values()):
        return False  # Nearly every message: audio.
    level = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent if isinstance(parent, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _invalid(reason: str) -> RequestError:
    message = f"The message could not be read: {reason}. Send one JSON object per text frame."
    return RequestError("invalid_json", message)
