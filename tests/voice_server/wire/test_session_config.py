"""`session.update`: rules 1 to 10 of the merge."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.errors import RequestError
from pipeline.providers.interfaces import NamedTool, ToolDefinition
from pipeline.settings import TurnDetection
from tests.voice_server.wire.story import EXPIRES_AT, SETTINGS, new_config
from voice_server.wire.fields import Fields
from voice_server.wire.json_text import Json
from voice_server.wire.session_config import SessionConfig, start_session

TOOL: Json = {"type": "function", "name": "book", "description": "Books.", "parameters": {"type": "object"}}


def update(config: SessionConfig, **session: object) -> SessionConfig:
    return config.updated(Fields({"type": "realtime", **session}, "session"))


def audio_input(config: SessionConfig) -> dict[str, Any]:
    audio: Any = config.json()["audio"]
    shown: dict[str, Any] = audio["input"]
    return shown


def test_only_named_fields_change_at_every_depth() -> None:
    config = update(new_config(), tools=[TOOL], audio={"output": {"voice": "marin"}})
    config = update(config, audio={"output": {"speed": 1.5}})
    config = update(config, instructions="Be kind.")
    config = update(config, tracing="auto")
    assert config.settings.tools == (ToolDefinition("book", "Books.", {"type": "object"}),)
    assert (config.settings.voice, config.settings.speed) == ("marin", 1.5)
    assert config.settings.instructions == "Be kind."
    assert config.json()["tracing"] == "auto"
    assert config.json()["tools"] == [TOOL]


@pytest.mark.parametrize("name", ["turn_detection", "transcription", "noise_reduction"])
def test_null_turns_an_input_feature_off_and_it_stays_off(name: str) -> None:
    wanted = {"turn_detection": {"type": "semantic_vad"}, "transcription": {}, "noise_reduction": {"type": "far_field"}}
    config = update(new_config(), audio={"input": {name: wanted[name]}})
    assert audio_input(config)[name] is not None
    config = update(config, audio={"input": {name: None}})
    config = update(config, instructions="Go on.")
    assert audio_input(config)[name] is None


def test_null_anywhere_else_means_not_given() -> None:
    config = update(new_config(), tools=[TOOL], tool_choice="required", max_output_tokens=7, truncation="disabled")
    unchanged = update(
        config,
        instructions=None,
        tools=None,
        tool_choice=None,
        max_output_tokens=None,
        output_modalities=None,
        truncation=None,
        include=None,
        audio={"input": {"format": None}, "output": None},
    )
    assert unchanged == config
    assert update(config, audio=None) == config


def test_empty_values_clear() -> None:
    config = update(update(new_config(), tools=[TOOL]), tools=[], instructions="")
    assert (config.settings.tools, config.settings.instructions) == ((), "")


def test_turn_detection_of_the_same_type_merges_and_of_another_begins_anew() -> None:
    config = update(new_config(), audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.9}}})
    same = update(config, audio={"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 900}}})
    assert same.settings.turn_detection == TurnDetection(threshold=0.9, silence_seconds=0.9)
    other = update(config, audio={"input": {"turn_detection": {"type": "semantic_vad"}}})
    assert audio_input(other)["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }
    back = update(other, audio={"input": {"turn_detection": {"type": "server_vad"}}})
    assert back.settings.turn_detection == TurnDetection()


def test_an_update_with_an_error_changes_nothing() -> None:
    config = new_config()
    with pytest.raises(RequestError):
        update(config, instructions="New.", audio={"output": {"speed": 9}})
    assert config == new_config()


def test_the_model_and_what_the_server_owns_cannot_be_changed() -> None:
    config = update(new_config(), model="gpt-realtime", id="sess_mine", object="x", expires_at=1, nonsense=[1])
    assert config.json() == new_config().json()


@pytest.mark.parametrize("voice", ["marin", {"id": "marin"}])
def test_voice_is_shown_as_a_plain_string(voice: object) -> None:
    shown: Any = update(new_config(), audio={"output": {"voice": voice}}).json()["audio"]
    assert shown["output"]["voice"] == "marin"


def test_transcription_shows_only_what_was_sent_and_the_model() -> None:
    config = update(new_config(), audio={"input": {"transcription": {"language": "de-AT", "new_key": 1}}})
    assert audio_input(config)["transcription"] == {"model": "default", "language": "de-AT"}
    assert config.settings.language == "de"
    config = update(config, audio={"input": {"transcription": {"model": "whisper-1", "keywords": ["Galion", "Lyo"]}}})
    assert audio_input(config)["transcription"]["language"] == "de-AT"
    assert config.settings.transcription_prompt == "Galion, Lyo"
    assert update(config, audio={"input": {"transcription": None}}).settings.language == SETTINGS.language


def test_tool_choice_of_a_function() -> None:
    choice = {"type": "function", "name": "book"}
    config = update(new_config(), tools=[TOOL, {"type": "mcp", "server_label": "x"}], tool_choice=choice)
    assert config.settings.tool_choice == NamedTool("book")
    assert config.json()["tool_choice"] == choice
    assert [tool.name for tool in config.settings.tools] == ["book"]


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"type": "chat"}, "invalid_value", "session.type"),
        ({"type": 1}, "invalid_type", "session.type"),
        ({"output_modalities": ["text", "audio"]}, "invalid_value", "session.output_modalities"),
        ({"output_modalities": "text"}, "invalid_type", "session.output_modalities"),
        ({"max_output_tokens": 0}, "invalid_value", "session.max_output_tokens"),
        ({"max_output_tokens": 4097}, "invalid_value", "session.max_output_tokens"),
        ({"max_output_tokens": "many"}, "invalid_type", "session.max_output_tokens"),
        ({"instructions": "x" * 300_000}, "string_above_max_length", "session.instructions"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "session.tools[0].name"),
        ({"tools": [{"type": "browser"}]}, "invalid_value", "session.tools[0].type"),
        ({"tool_choice": "maybe"}, "invalid_value", "session.tool_choice"),
        ({"audio": {"input": {"format": {"type": "mp3"}}}}, "invalid_value", "session.audio.input.format.type"),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2}}}},
            "invalid_value",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            {"audio": {"input": {"turn_detection": {"create_response": "yes"}}}},
            "invalid_type",
            "session.audio.input.turn_detection.create_response",
        ),
        ({"audio": {"output": {"speed": 0.1}}}, "invalid_value", "session.audio.output.speed"),
        ({"audio": {"output": {"voice": 3}}}, "invalid_type", "session.audio.output.voice"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(session: Json, code: str, param: str) -> None:
    with pytest.raises(RequestError) as failure:
        update(new_config(), **session)
    assert (failure.value.code, failure.value.param) == (code, param)


def test_the_first_update_may_make_it_a_transcription_session() -> None:
    config = new_config().updated(Fields({"type": "transcription"}, "session"))
    assert not config.settings.replies
    assert config.json()["object"] == "realtime.transcription_session"
    assert config.transcribes
    with pytest.raises(RequestError, match="type 'transcription'"):
        update(config)


def test_later_updates_may_not() -> None:
    config = update(new_config(), instructions="Hello.")
    with pytest.raises(RequestError, match="type 'realtime'"):
        config.updated(Fields({"type": "transcription"}, "session"))


def test_the_assistants_own_settings_are_seen_at_the_start() -> None:
    turns = TurnDetection(kind="semantic_vad", eagerness="high")
    base = replace(SETTINGS, tools=(ToolDefinition("a", "b", {}),), turn_detection=turns, max_output_tokens=9)
    shown = start_session("sess_1", "lyo", base, EXPIRES_AT).json()
    assert shown["instructions"] == SETTINGS.instructions
    assert shown["max_output_tokens"] == 9
    assert shown["tools"] == [{"type": "function", "name": "a", "description": "b", "parameters": {}}]
