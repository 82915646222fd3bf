"""The `turn_detection` of a session: its two kinds, as JSON and as the pipeline's settings."""

from dataclasses import replace
from typing import Literal

from pipeline.settings import TurnDetection
from voice_server.wire.fields import Fields
from voice_server.wire.json_text import Json

_KINDS: tuple[Literal["server_vad", "semantic_vad"], ...] = ("server_vad", "semantic_vad")
_EAGERNESS: tuple[Literal["low", "medium", "high", "auto"], ...] = ("low", "medium", "high", "auto")
_OF_SERVER_VAD = ("threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms")
_MAX_PREFIX_PADDING_MS = 5_000
_MAX_SILENCE_MS = 60_000
_MAX_IDLE_TIMEOUT_MS = 3_600_000


def turn_detection_json(settings: TurnDetection) -> Json:
    """All fields of its kind."""
    switches: Json = {"create_response": settings.create_reply, "interrupt_response": settings.interrupt_reply}
    if settings.kind == "semantic_vad":
        return {"type": "semantic_vad", "eagerness": settings.eagerness, **switches}
    idle = settings.idle_timeout_seconds
    return {
        "type": "server_vad",
        "threshold": settings.threshold,
        "prefix_padding_ms": _milliseconds(settings.prefix_padding_seconds),
        "silence_duration_ms": _milliseconds(settings.silence_seconds),
        "idle_timeout_ms": None if idle is None else _milliseconds(idle),
        **switches,
    }


def read_turn_detection(fields: Fields, current: TurnDetection | None, default: TurnDetection | None) -> TurnDetection:
    """What the object changes: in the current one if that is of the same kind, else in the assistant's or the usual."""
    default = default or TurnDetection()
    kind = fields.choice("type", _KINDS) if fields.given("type") else _kind_meant(fields, current or default)
    basis = next((known for known in (current, default) if known and known.kind == kind), TurnDetection(kind=kind))
    if fields.given("create_response"):
        basis = replace(basis, create_reply=fields.boolean("create_response"))
    if fields.given("interrupt_response"):
        basis = replace(basis, interrupt_reply=fields.boolean("interrupt_response"))
    if kind == "server_vad":
        return _read_server_vad(fields, basis)
    if fields.given("eagerness"):
        basis = replace(basis, eagerness=fields.choice("eagerness", _EAGERNESS))
    return basis


def _kind_meant(fields: Fields, present: TurnDetection) -> Literal["server_vad", "semantic_vad"]:
    """Whoever says how long the silence is to be wants the kind in which that can be said."""
    return "server_vad" if any(fields.given(name) for name in _OF_SERVER_VAD) else present.kind


def _read_server_vad(fields: Fields, basis: TurnDetection) -> TurnDetection:
    if fields.given("threshold"):
        basis = replace(basis, threshold=fields.number("threshold", 0, 1))
    if fields.given("prefix_padding_ms"):
        padding = fields.integer("prefix_padding_ms", 0, _MAX_PREFIX_PADDING_MS)
        basis = replace(basis, prefix_padding_seconds=padding / 1000)
    if fields.given("silence_duration_ms"):
        silence = fields.integer("silence_duration_ms", 0, _MAX_SILENCE_MS)
        basis = replace(basis, silence_seconds=silence / 1000)
    if fields.given("idle_timeout_ms"):
        idle = fields.integer("idle_timeout_ms", 1, _MAX_IDLE_TIMEOUT_MS)
        basis = replace(basis, idle_timeout_seconds=idle / 1000)
    return basis


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
