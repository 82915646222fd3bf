"""Functions of the client and how the model may use them, as sessions and responses name them."""

from pipeline.providers.interfaces import NamedTool, ToolChoice, ToolDefinition
from voice_server.wire.errors import too_long, wrong_type
from voice_server.wire.fields import Fields
from voice_server.wire.json_text import Json, write
from voice_server.wire.limits import MAX_NAME_CHARACTERS, MAX_TOOLS, MAX_TOOLS_BYTES

TOOL_MODES = ("auto", "none", "required")
TOOL_KINDS = ("function", "mcp")
"""`mcp` is taken and shown, but neither listed nor called."""


def read_tools(fields: Fields) -> list[Json]:
    """The checked `tools` as the client wrote them."""
    tools = [_read_tool(tool) for tool in fields.objects("tools", MAX_TOOLS)]
    if len(write({"tools": tools})) > MAX_TOOLS_BYTES:
        raise too_long(fields.param("tools"), MAX_TOOLS_BYTES, "bytes")
    return tools


def read_tool_choice(fields: Fields) -> object:
    """The checked `tool_choice` as the client wrote it."""
    value = fields.value["tool_choice"]
    if isinstance(value, str):
        return fields.choice("tool_choice", TOOL_MODES)
    if not isinstance(value, dict):
        raise wrong_type(fields.param("tool_choice"), "a string or an object", value)
    chosen = fields.object("tool_choice")
    if chosen.choice("type", TOOL_KINDS) == "function":
        chosen.string("name", MAX_NAME_CHARACTERS)
    return value


def tool_definitions(tools: object) -> tuple[ToolDefinition, ...]:
    """What the model is told of checked tools."""
    assert isinstance(tools, list)
    return tuple(
        ToolDefinition(tool["name"], tool.get("description") or "", tool.get("parameters") or {"type": "object"})
        for tool in tools
        if tool["type"] == "function"
    )


def tool_choice(value: object) -> ToolChoice:
    """What a checked `tool_choice` means for the model."""
    match value:
        case {"type": "function", "name": str(name)}:
            return NamedTool(name)
        case "none":
            return "none"
        case "required":
            return "required"
        case _:
            return "auto"


def tool_json(definition: ToolDefinition) -> Json:
    """A function as the client would have written it."""
    return {
        "type": "function",
        "name": definition.name,
        "description": definition.description,
        "parameters": dict(definition.parameters),
    }


def tool_choice_json(choice: ToolChoice) -> object:
    return {"type": "function", "name": choice.name} if isinstance(choice, NamedTool) else choice


def _read_tool(tool: Fields) -> Json:
    if tool.choice("type", TOOL_KINDS) == "mcp":
        return tool.value
    tool.string("name", MAX_NAME_CHARACTERS)
    tool.optional_string("description")
    tool.optional_object("parameters")
    return {key: value for key, value in tool.value.items() if value is not None}
