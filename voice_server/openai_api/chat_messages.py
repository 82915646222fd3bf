"""Requests of `/v1/chat/completions`: their JSON, and what it means to a language model."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from pipeline.providers.interfaces import ModelMessage, NamedTool, ToolCall, ToolChoice, ToolDefinition
from voice_server.http.bodies import Body
from voice_server.http.errors import ApiError


class Function(Body):
    """A function that the client runs."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    description: str = ""
    parameters: dict[str, object] = Field(default_factory=dict)


class FunctionTool(Body):
    """A tool; only functions exist here."""

    type: Literal["function"] = "function"
    function: Function


class CalledFunction(Body):
    """A call as the model wrote it."""

    name: str
    arguments: str


class FunctionToolCall(Body):
    """A call in an earlier message of the assistant's."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class ImageUrl(Body):
    """A picture as a data URI."""

    url: str


class ContentPart(Body):
    """A piece of a message."""

    type: Literal["text", "image_url", "refusal"]
    text: str = ""
    image_url: ImageUrl | None = None


class ChatMessage(Body):
    """One message."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    tool_calls: list[FunctionToolCall] | None = None
    tool_call_id: str | None = None

    def to_model(self) -> ModelMessage:
        """As the pipeline has it."""
        parts = self.content if isinstance(self.content, list) else []
        text = self.content if isinstance(self.content, str) else " ".join(part.text for part in parts if part.text)
        return ModelMessage(
            role="system" if self.role == "developer" else self.role,
            text=text,
            images=tuple(part.image_url.url for part in parts if part.image_url),
            tool_calls=tuple(
                ToolCall(call.id, call.function.name, call.function.arguments) for call in self.tool_calls or ()
            ),
            call_id=self.tool_call_id,
        )


class FunctionName(Body):
    """A function by its name."""

    name: str


class NamedToolChoice(Body):
    """The model must call this function."""

    type: Literal["function"] = "function"
    function: FunctionName


class StreamOptions(Body):
    """What a stream tells beside the text."""

    include_usage: bool = False


class ResponseFormat(Body):
    """Only text can be promised of every provider."""

    type: Literal["text"] = "text"


class ChatBody(Body):
    """A request for the next message."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1000)]
    model: Annotated[str, Field(description="An assistant; unknown names mean the default one.")] = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[FunctionTool], Field(max_length=128)] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedToolChoice | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    n: Literal[1] | None = None
    response_format: ResponseFormat | None = None

    def tool_definitions(self) -> tuple[ToolDefinition, ...]:
        """The tools as the pipeline has them."""
        return tuple(
            ToolDefinition(tool.function.name, tool.function.description, tool.function.parameters)
            for tool in self.tools or ()
        )

    def choice(self) -> ToolChoice:
        """The choice as the pipeline has it. Raises ApiError if it names no tool of the request."""
        if isinstance(self.tool_choice, NamedToolChoice):
            name = self.tool_choice.function.name
            if name not in {tool.function.name for tool in self.tools or ()}:
                message = f"tool_choice: {name} is not among the tools."
                raise ApiError(400, "invalid_value", message, param="tool_choice")
            return NamedTool(name)
        return self.tool_choice or "auto"


def with_instructions(messages: Sequence[ModelMessage], instructions: str) -> list[ModelMessage]:
    """The messages, after the assistant's own instructions if the client gave none."""
    if any(message.role == "system" for message in messages):
        return list(messages)
    return [ModelMessage("system", instructions), *messages]
