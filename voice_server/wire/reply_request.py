"""The `response` of a `response.create`: what this one answer does otherwise than the session says."""

from typing import Literal

from pipeline.items import Item
from pipeline.settings import ReplyOptions
from voice_server.wire.errors import too_long, wrong_type, wrong_value
from voice_server.wire.fields import Fields
from voice_server.wire.items import read_item
from voice_server.wire.limits import (
    MAX_INPUT_ITEMS,
    MAX_METADATA_KEY_CHARACTERS,
    MAX_METADATA_PAIRS,
    MAX_METADATA_VALUE_CHARACTERS,
    MAX_OUTPUT_TOKENS,
    MAX_TEXT_CHARACTERS,
)
from voice_server.wire.session_config import (
    DEFAULT_NAME,
    SessionConfig,
    read_format,
    read_max_output_tokens,
    read_modality,
    read_voice,
)
from voice_server.wire.tool_fields import read_tool_choice, read_tools, tool_choice, tool_definitions

_CONVERSATIONS: tuple[Literal["auto", "none"], ...] = ("auto", "none")


def read_reply_request(response: Fields, config: SessionConfig) -> tuple[ReplyOptions, tuple[Item | str, ...] | None]:
    """The options, and the items to answer instead of the conversation. Raises RequestError."""
    output = response.optional_object("audio").optional_object("output")
    voice = read_voice(output)
    options = ReplyOptions(
        instructions=response.optional_string("instructions", MAX_TEXT_CHARACTERS),
        modality=read_modality(response) if response.given("output_modalities") else None,
        voice=None if voice == DEFAULT_NAME else voice,
        tools=tool_definitions(read_tools(response)) if response.given("tools") else None,
        tool_choice=tool_choice(read_tool_choice(response)) if response.given("tool_choice") else None,
        max_output_tokens=_read_limit(response, config),
        in_conversation=not _is_out_of_band(response),
        metadata=_read_metadata(response) if response.given("metadata") else None,
        audio_format=read_format(output) if output.given("format") else None,
    )
    return options, _read_input(response, config) if response.given("input") else None


def _is_out_of_band(response: Fields) -> bool:
    return response.given("conversation") and response.choice("conversation", _CONVERSATIONS) == "none"


def _read_limit(response: Fields, config: SessionConfig) -> int | None:
    if not response.given("max_output_tokens"):
        return None
    limit = read_max_output_tokens(response)
    if limit == "inf":
        # No limit of its own leaves it to the session; to lift the session's, the highest one has to be named.
        return None if config.max_output_tokens == "inf" else MAX_OUTPUT_TOKENS
    return limit


def _read_input(response: Fields, config: SessionConfig) -> tuple[Item | str, ...]:
    return tuple(
        item.string("id") if item.value.get("type") == "item_reference" else read_item(item, config.input_format)
        for item in response.objects("input", MAX_INPUT_ITEMS)
    )


def _read_metadata(response: Fields) -> dict[str, str]:
    fields = response.object("metadata")
    if len(fields.value) > MAX_METADATA_PAIRS:
        raise wrong_value(fields.path, f"at most {MAX_METADATA_PAIRS} pairs are accepted.")
    metadata = {}
    for key, value in fields.value.items():
        if len(key) > MAX_METADATA_KEY_CHARACTERS:
            raise too_long(fields.path, MAX_METADATA_KEY_CHARACTERS, "characters in a key")
        if not isinstance(value, str):
            raise wrong_type(fields.param(key), "a string", value)
        metadata[key] = fields.string(key, MAX_METADATA_VALUE_CHARACTERS)
    return metadata
