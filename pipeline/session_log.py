"""The record of one session: everything that entered and left it, each with its time, one JSON object per line.

Values are written so that they read back exactly. Every object says in `$` what it is:

    {"$": "Opened", "session_id": "sess_…", "settings": {"$": "SessionSettings", …}, …}
    {"$": "Entered", "at": 0.02, "event": {"$": "AudioReceived", "samples": {"$": "samples", "count": 320}}}
    {"$": "Left", "at": 1.84, "output": {"$": "SpeechStarted", "item_id": "item_…", "start_seconds": 0.9}}
    {"$": "Closed", "at": 60.5}

Lists stand for tuples; objects whose keys are free, such as a JSON Schema, are wrapped as `{"$": "json", "value": …}`;
numbers that JSON lacks as `{"$": "float", "value": "inf"}`. Audio is `{"$": "samples", "count": n}`, with its int16
samples in base64 as `pcm16` if it was asked for. What entered can be given to a fresh session at the same times, see
`replay`; with the same providers it decides the same, except that it makes up new ids, see `Translation`.
"""

import base64
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from typing import Any, get_args, get_type_hints

import numpy as np

from pipeline import errors
from pipeline.audio import Samples
from pipeline.errors import PipelineError
from pipeline.events import AudioReceived, Input, Output
from pipeline.settings import SessionSettings

FORMAT = 1
"""Changes when older logs can no longer be read."""

_ID_FIELDS = frozenset({"id", "item_id", "previous_item_id", "reply_id", "call_id", "continues", "input"})
"""Fields that hold an id, or several among other things."""
_ERRORS: Mapping[str, type[PipelineError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, PipelineError)
}


@dataclass(frozen=True, slots=True)
class Opened:
    """The session began; always the first fact."""

    session_id: str
    assistant: str
    settings: SessionSettings
    began_at: float
    """Seconds since 1970."""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Entered:
    """The client sent this."""

    at: float
    """Seconds of the event loop's clock since the session began."""
    event: Input


@dataclass(frozen=True, slots=True)
class Left:
    """The client was sent this."""

    at: float
    """As above."""
    output: Output


@dataclass(frozen=True, slots=True)
class Closed:
    """The session ended, or what follows was not recorded."""

    at: float
    """As above."""
    reason: str = ""


Fact = Opened | Entered | Left | Closed


class LogUnreadable(ValueError):
    """What was written is not a session log, or is one of another format."""


def write(fact: Fact, *, with_audio: bool = False) -> str:
    """One line, without its end."""
    return _WRITER.encode(_plain(fact, with_audio=with_audio))


def read(line: str) -> Fact:
    """What `write` wrote; audio that was left out is silence of the same length. Raises LogUnreadable."""
    try:
        # A conversation that goes on elsewhere has thousands of lines, which somebody waits for: most of them hold
        # nothing but values of ours, which the parser can make as it goes.
        fact = _value(json.loads(line)) if _FOREIGN in line else _OURS.decode(line)
    except (ValueError, TypeError, KeyError) as error:
        raise LogUnreadable(f"This is no line of a session log: {error}.") from error
    if not isinstance(fact, Fact):
        raise LogUnreadable(f"A line of a session log is no {type(fact).__name__}.")
    if isinstance(fact, Opened) and fact.format != FORMAT:
        raise LogUnreadable(f"This log has format {fact.format}; format {FORMAT} is read here.")
    return fact


def to_json(value: object) -> Any:
    """A value that facts hold, such as SessionSettings, as a fact writes it; audio by its length only."""
    return _plain(value)


def from_json(plain: Any) -> Any:
    """What `to_json` was given. Raises LogUnreadable."""
    try:
        return _value(plain)
    except (ValueError, TypeError, KeyError) as error:
        raise LogUnreadable(f"This is no value of a session log: {error}.") from error


def replay(facts: Iterable[Fact], microphone: Samples | None = None) -> Iterator[tuple[float, Input]]:
    """What entered, with the seconds since the session began.

    `microphone`: all audio that entered, int16, shape (n,), 16 kHz, for a log that was written without it.
    """
    start = 0
    for fact in facts:
        if not isinstance(fact, Entered):
            continue
        event = fact.event
        if microphone is not None and isinstance(event, AudioReceived):
            end = start + len(event.samples)
            event, start = AudioReceived(microphone[start:end]), end
        yield fact.at, event


class Translation:
    """The ids of a recorded session in those of one that replays it.

    Both give the same outputs in the same order, which tells what each id has become.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, recorded: Output, replayed: Output) -> None:
        """These two are the same output."""
        before, now = _ids(_plain(recorded)), _ids(_plain(replayed))
        self._names.update(zip(before, now, strict=False))

    def apply(self, event: Input) -> Input:
        """The recorded event, naming what there is now."""
        translated: Input = _value(_renamed(_plain(event, with_audio=True), self._names))
        return translated


def without_ids(outputs: Iterable[Output]) -> list[object]:
    """The outputs as JSON, each id replaced by the number of its first appearance: equal for equal sessions."""
    plain = [_plain(output, with_audio=True) for output in outputs]
    names = {name: f"#{number}" for number, name in enumerate(dict.fromkeys(_ids(plain)))}
    return [_renamed(each, names) for each in plain]


# --- values to JSON and back ------------------------------------------------------------------------------------------


_WRITER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
"""Made once: `json.dumps` would make one of each line."""


def _plain(value: object, *, with_audio: bool = False) -> Any:
    names = _members(type(value))  # type: ignore[arg-type]  # A class can be hashed, whatever is made of it.
    if names is not None:
        members = {name: _plain(getattr(value, name), with_audio=with_audio) for name in names}
        return {"$": type(value).__name__, **members}
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"$": "float", "value": repr(value)}
        case tuple():
            return [_plain(each, with_audio=with_audio) for each in value]
        case Mapping():
            return {"$": "json", "value": dict(value)}
        case np.ndarray():
            pcm16 = {"pcm16": base64.b64encode(value.astype("<i2").tobytes()).decode()} if with_audio else {}
            return {"$": "samples", "count": len(value), **pcm16}
        case PipelineError():
            return {"$": type(value).__name__, **{name: _plain(each) for name, each in vars(value).items()}}
    raise TypeError(f"{type(value).__name__} is nothing that a session log holds")


@cache
def _members(kind: type) -> tuple[str, ...] | None:
    """The fields of a dataclass; None: it is something else."""
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else None


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_value(each) for each in plain)
    if not isinstance(plain, dict):
        return plain
    kind = plain["$"]
    match kind:
        case "json":
            return plain["value"]
        case "float":
            return float(plain["value"])
        case "samples":
            return _samples(plain)
    members = {name: _value(each) for name, each in plain.items() if name != "$"}
    if kind in _ERRORS:
        return _error(_ERRORS[kind], **members)
    known = _kinds().get(kind)
    if known is None:
        raise LogUnreadable(f"{kind!r} is unknown here")
    return known(**members)


def _made(plain: dict[str, Any]) -> Any:
    """As `_value`, of an object whose members have been made."""
    kind = plain.pop("$")
    for name, member in plain.items():
        if type(member) is list:
            plain[name] = _tuple(member)
    known = _kinds().get(kind)
    return known(**plain) if known is not None else _value({"$": kind, **plain})


def _tuple(members: list[Any]) -> tuple[Any, ...]:
    return tuple(_tuple(each) if type(each) is list else each for each in members)


_FOREIGN = '"$":"json"'
"""In lines with values of others, which may have members of any name."""
_OURS = json.JSONDecoder(object_hook=_made)


@lru_cache(maxsize=64)
def _silence(count: int) -> Samples:
    silence = np.zeros(count, np.int16)
    silence.flags.writeable = False
    return silence


def _samples(plain: Mapping[str, Any]) -> Samples:
    if "pcm16" not in plain:
        return _silence(plain["count"])
    samples: Samples = np.frombuffer(base64.b64decode(plain["pcm16"]), "<i2").astype(np.int16)
    return samples


def _error(kind: type[PipelineError], code: str, message: str, **others: object) -> PipelineError:
    # Not by its own constructor: those of some kinds choose the code themselves.
    error = kind.__new__(kind, message)
    PipelineError.__init__(error, code, message)
    vars(error).update(others)
    return error


@cache
def _kinds() -> Mapping[str, type]:
    """Every dataclass that a fact can hold, by its name: what the types of its fields lead to."""
    found: dict[str, type] = {}

    def visit(kind: Any) -> None:
        for part in get_args(kind):
            visit(part)
        if isinstance(kind, type) and is_dataclass(kind) and kind.__name__ not in found:
            found[kind.__name__] = kind
            for hint in get_type_hints(kind).values():
                visit(hint)

    visit(Fact)
    return found


# --- ids --------------------------------------------------------------------------------------------------------------


def _ids(plain: Any) -> list[str]:
    """In order, once for every place."""
    if isinstance(plain, list):
        return [name for each in plain for name in _ids(each)]
    if not isinstance(plain, dict) or plain["$"] == "json":
        return []
    named = [plain[field] for field in plain if field in _ID_FIELDS and isinstance(plain[field], str)]
    return named + [name for each in plain.values() for name in _ids(each)]


def _renamed(plain: Any, names: Mapping[str, str], *, is_id: bool = False) -> Any:
    match plain:
        case str() if is_id:
            return names.get(plain, plain)
        case list():
            return [_renamed(each, names, is_id=is_id) for each in plain]
        case dict() if plain["$"] != "json":
            return {field: _renamed(each, names, is_id=field in _ID_FIELDS) for field, each in plain.items()}
    return plain
