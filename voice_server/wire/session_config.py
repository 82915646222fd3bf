"""The session object: what it is at the start, what an update makes of it, and what it means for the pipeline.

A SessionConfig is never changed; an update gives a new one or raises RequestError. So the one that a `session.updated`
has to show can be kept until the pipeline says that it is in force.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.settings import Modality, SessionSettings, TurnDetection
from voice_server.wire.audio import AUDIO_FORMATS, PCM_RATE, AudioFormat
from voice_server.wire.errors import wrong_type, wrong_value
from voice_server.wire.fields import Fields
from voice_server.wire.json_text import Json
from voice_server.wire.limits import MAX_OUTPUT_TOKENS, MAX_TEXT_CHARACTERS
from voice_server.wire.tool_fields import (
    read_tool_choice,
    read_tools,
    tool_choice,
    tool_choice_json,
    tool_definitions,
    tool_json,
)
from voice_server.wire.turn_detection import read_turn_detection, turn_detection_json

SessionType = Literal["realtime", "transcription"]

DEFAULT_NAME = "default"
"""What a client reads where the server, not a name, decides on the voice or on the recogniser."""

_SESSION_TYPES: tuple[SessionType, ...] = ("realtime", "transcription")
_MODALITIES: dict[str, Modality] = {"audio": "audio", "text": "text"}
_NOISE_REDUCTIONS = ("near_field", "far_field")
_CLEARABLE = ("tracing", "prompt")
_CARRIED = ("truncation", "reasoning", "parallel_tool_calls")
"""Taken, kept and shown; without effect."""


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """One effective state of a session."""

    session_id: str
    model: str
    """The assistant's name."""
    expires_at: int
    """Seconds since 1970."""
    base: SessionSettings
    """The assistant's own settings, from which the session began."""
    settings: SessionSettings
    """What the pipeline is told."""
    type: SessionType = "realtime"
    input_format: AudioFormat = "audio/pcm"
    output_format: AudioFormat = "audio/pcm"
    transcription: Json | None = None
    noise_reduction: Json | None = None
    include: list[object] | None = None
    tools: list[Json] = field(default_factory=list)
    tool_choice: object = "auto"
    max_output_tokens: int | Literal["inf"] = "inf"
    carried: Mapping[str, object] = field(default_factory=lambda: {"tracing": None, "prompt": None})
    is_new: bool = True
    """The client has not updated it yet, and so may still choose its type."""

    @property
    def transcribes(self) -> bool:
        """Whether the client wants to read what the user says."""
        return self.transcription is not None

    def updated(self, session: Fields) -> "SessionConfig":
        """The state after `session.update`. Raises RequestError, and then nothing is changed."""
        session_type = session.choice("type", _SESSION_TYPES)
        if session_type != self.type and not (self.is_new and session_type == "transcription"):
            raise wrong_value(session.param("type"), f"this is a session of type '{self.type}'; open another one.")
        config = self if session_type == self.type else self.as_transcription()
        if session.given("include"):
            config = replace(config, include=_read_strings(session, "include"))
        audio = session.optional_object("audio")
        config = _update_input(config, audio.optional_object("input"))
        if session_type == "realtime":
            config = _update_output(config, audio.optional_object("output"))
            config = _update_replies(config, session)
        return replace(config, is_new=False)

    def as_transcription(self) -> "SessionConfig":
        """The same session, if it is to hear and never to answer."""
        settings = replace(self.settings, replies=False)
        return replace(self, type="transcription", settings=settings, transcription={"model": DEFAULT_NAME})

    def json(self) -> Json:
        """The session as clients see it."""
        settings = self.settings
        turns = settings.turn_detection
        audio: Json = {
            "input": {
                "format": format_json(self.input_format),
                "noise_reduction": self.noise_reduction,
                "transcription": self.transcription,
                "turn_detection": None if turns is None else turn_detection_json(turns),
            }
        }
        head: Json = {"type": self.type, "id": self.session_id, "expires_at": self.expires_at, "include": self.include}
        if self.type == "transcription":
            return {"object": "realtime.transcription_session", **head, "audio": audio}
        audio["output"] = {
            "format": format_json(self.output_format),
            "voice": settings.voice or DEFAULT_NAME,
            "speed": settings.speed,
        }
        return {
            "object": "realtime.session",
            **head,
            "model": self.model,
            "output_modalities": [settings.modality],
            "instructions": settings.instructions,
            "tools": self.tools,
            "tool_choice": self.tool_choice,
            "max_output_tokens": self.max_output_tokens,
            "audio": audio,
            **self.carried,
        }


def start_session(
    session_id: str, model: str, base: SessionSettings, expires_at: int, session_type: SessionType = "realtime"
) -> SessionConfig:
    """The state in which a session of this assistant begins."""
    config = SessionConfig(
        session_id=session_id,
        model=model,
        expires_at=expires_at,
        base=base,
        settings=base,
        tools=[tool_json(definition) for definition in base.tools],
        tool_choice=tool_choice_json(base.tool_choice),
        max_output_tokens=base.max_output_tokens or "inf",
    )
    return config.as_transcription() if session_type == "transcription" else config


def format_json(audio_format: AudioFormat) -> Json:
    return {"type": audio_format, "rate": PCM_RATE} if audio_format == "audio/pcm" else {"type": audio_format}


def read_format(fields: Fields) -> AudioFormat:
    """The `format` of an input or output."""
    audio_format = fields.object("format")
    kind: AudioFormat = audio_format.choice("type", AUDIO_FORMATS)
    if kind == "audio/pcm" and audio_format.given("rate"):
        audio_format.integer("rate", PCM_RATE, PCM_RATE)
    return kind


def read_modality(fields: Fields) -> Modality:
    """The one element of `output_modalities`."""
    match fields.array("output_modalities", 2):
        case [str(name)] if name in _MODALITIES:
            return _MODALITIES[name]
        case _:
            reason = "supported values are: ['audio'] (which comes with its transcript) and ['text']."
            raise wrong_value(fields.param("output_modalities"), reason)


def read_voice(output: Fields) -> str | None:
    """The `voice`: a name, or an object with an `id`; None: the assistant's own. An unknown name is no error."""
    value = output.value.get("voice")
    if value is None:
        return None
    voice = output.object("voice").string("id", 256) if isinstance(value, dict) else output.string("voice", 256)
    return voice or None


def read_max_output_tokens(fields: Fields) -> int | Literal["inf"]:
    if fields.value.get("max_output_tokens") == "inf":
        return "inf"
    if isinstance(fields.value.get("max_output_tokens"), str):
        raise wrong_type(fields.param("max_output_tokens"), "an integer or 'inf'", fields.value["max_output_tokens"])
    return fields.integer("max_output_tokens", 1, MAX_OUTPUT_TOKENS)


def _update_input(config: SessionConfig, audio_input: Fields) -> SessionConfig:
    if audio_input.given("format"):
        config = replace(config, input_format=read_format(audio_input))
    if audio_input.has("noise_reduction"):
        config = replace(config, noise_reduction=_read_noise_reduction(audio_input, config.noise_reduction))
    if audio_input.has("transcription"):
        config = _update_transcription(config, audio_input)
    if audio_input.has("turn_detection"):
        settings = replace(config.settings, turn_detection=_read_turns(audio_input, config))
        config = replace(config, settings=settings)
    return config


def _read_turns(audio_input: Fields, config: SessionConfig) -> TurnDetection | None:
    if audio_input.is_null("turn_detection"):
        return None
    turns = audio_input.object("turn_detection")
    return read_turn_detection(turns, config.settings.turn_detection, config.base.turn_detection)


def _read_noise_reduction(audio_input: Fields, current: Json | None) -> Json | None:
    if audio_input.is_null("noise_reduction"):
        return None
    wanted = audio_input.object("noise_reduction")
    reduction = dict(current or {})
    if wanted.given("type") or not current:
        reduction["type"] = wanted.choice("type", _NOISE_REDUCTIONS)
    if wanted.given("strength"):
        reduction["strength"] = wanted.number("strength", 0, 1)
    return reduction


def _update_transcription(config: SessionConfig, audio_input: Fields) -> SessionConfig:
    if audio_input.is_null("transcription"):
        settings = replace(
            config.settings, language=config.base.language, transcription_prompt=config.base.transcription_prompt
        )
        return replace(config, transcription=None, settings=settings)
    wanted = audio_input.object("transcription")
    strings = {name: wanted.string(name) for name in ("model", "language", "delay") if wanted.given(name)}
    if wanted.given("prompt"):
        strings["prompt"] = wanted.string("prompt", MAX_TEXT_CHARACTERS)
    lists = {name: _read_strings(wanted, name) for name in ("languages", "keywords") if wanted.given(name)}
    transcription: Json = {"model": DEFAULT_NAME, **(config.transcription or {}), **strings, **lists}
    settings = replace(
        config.settings,
        language=_language(transcription) or config.base.language,
        transcription_prompt=_prompt(transcription) or config.base.transcription_prompt,
    )
    return replace(config, transcription=transcription, settings=settings)


def _language(transcription: Json) -> str | None:
    """ISO 639-1 of what the client expects: `en` of `en-US`; several languages leave it to the recogniser's default."""
    several = transcription.get("languages")
    only = several[0] if isinstance(several, list) and len(several) == 1 else ""
    named = str(transcription.get("language") or only)
    return named.replace("_", "-").split("-")[0].lower() or None


def _prompt(transcription: Json) -> str:
    keywords = transcription.get("keywords")
    words = ", ".join(keywords) if isinstance(keywords, list) else ""
    return " ".join(part for part in (str(transcription.get("prompt") or ""), words) if part)


def _update_output(config: SessionConfig, output: Fields) -> SessionConfig:
    if output.given("format"):
        config = replace(config, output_format=read_format(output))
    settings = config.settings
    if output.given("voice"):
        voice = read_voice(output)
        settings = replace(settings, voice=config.base.voice if voice in (None, DEFAULT_NAME) else voice)
    if output.given("speed"):
        settings = replace(settings, speed=output.number("speed", 0.25, 1.5))
    return replace(config, settings=settings)


def _update_replies(config: SessionConfig, session: Fields) -> SessionConfig:
    settings = config.settings
    if session.given("output_modalities"):
        settings = replace(settings, modality=read_modality(session))
    if session.given("instructions"):
        settings = replace(settings, instructions=session.string("instructions", MAX_TEXT_CHARACTERS))
    if session.given("tools"):
        tools = read_tools(session)
        settings = replace(settings, tools=tool_definitions(tools))
        config = replace(config, tools=tools)
    if session.given("tool_choice"):
        choice = read_tool_choice(session)
        settings = replace(settings, tool_choice=tool_choice(choice))
        config = replace(config, tool_choice=choice)
    if session.given("max_output_tokens"):
        limit = read_max_output_tokens(session)
        settings = replace(settings, max_output_tokens=None if limit == "inf" else limit)
        config = replace(config, max_output_tokens=limit)
    carried = {name: session.value[name] for name in _CLEARABLE if session.has(name)}
    carried |= {name: session.value[name] for name in _CARRIED if session.given(name)}
    return replace(config, settings=settings, carried={**config.carried, **carried})


def _read_strings(fields: Fields, name: str) -> list[object]:
    values = fields.array(name, 128)
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise wrong_type(f"{fields.param(name)}[{index}]", "a string", value)
    return values
