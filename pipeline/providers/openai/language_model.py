"""Chat completions."""

import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Literal, cast

from openai import AsyncOpenAI
from openai.types import CompletionUsage
from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall

from pipeline.errors import ProviderUnavailable
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    NamedTool,
    TextDelta,
    ToolCallDelta,
    ToolChoice,
    Usage,
)
from pipeline.providers.openai.errors import openai_errors

WHAT = "OpenAI's language model"
Reason = Literal["stop", "length", "tool_calls", "content_filter"]
REASONS: dict[str, Reason] = {"length": "length", "content_filter": "content_filter", "tool_calls": "tool_calls"}


class OpenAILanguageModel:
    """Writes replies by `POST /chat/completions`. Satisfies `LanguageModel`."""

    name = "openai"

    def __init__(self, client: AsyncOpenAI, model: str = "gpt-5.4-mini") -> None:
        self._client = client
        self._model = model
        # OpenAI has renamed the limit and refuses the old name for new models; the servers that imitate it know
        # the old one for sure.
        self._limit_name = "max_completion_tokens" if client.base_url.host == "api.openai.com" else "max_tokens"

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """Write the assistant's next message, ending with one Completed. Raises ProviderError."""
        calls = _Calls()
        reason: str | None = None
        usage = Usage()
        with openai_errors(WHAT):
            stream = await self._client.chat.completions.create(**self._request(messages, options))
            async with stream:
                async for chunk in stream:
                    if chunk.usage is not None:
                        usage = _usage(chunk.usage)
                    for choice in chunk.choices[:1]:
                        for delta in _deltas(choice.delta, calls):
                            yield delta
                        reason = choice.finish_reason or reason
            if reason is None:
                raise ProviderUnavailable(f"{WHAT} broke off in the middle of its answer. Try again.")
        # Some servers say "stop" although they call a function.
        yield Completed("tool_calls" if calls.any and reason == "stop" else REASONS.get(reason, "stop"), usage)

    def _request(self, messages: Sequence[ModelMessage], options: CompletionOptions) -> dict[str, Any]:
        # As part of its arguments, the SDK would compare each of their fields with its types: 3 ms in which no other
        # conversation goes on. They are in the form that the API wants already.
        body: dict[str, Any] = {"messages": [_message(message) for message in messages]}
        request: dict[str, Any] = {
            "model": self._model,
            "messages": (),
            "stream": True,
            "stream_options": {"include_usage": True},
            "extra_headers": {"X-Session-Id": options.session_id},
            "extra_body": body,
        }
        if options.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
                }
                for tool in options.tools
            ]
            request["tool_choice"] = _tool_choice(options.tool_choice)
        if options.max_output_tokens is not None:
            request[self._limit_name] = options.max_output_tokens
        if options.temperature is not None:
            request["temperature"] = options.temperature
        return request


class _Calls:
    """The calls of one reply, numbered by us: some servers give every call the index 0, or no id."""

    def __init__(self) -> None:
        self._ids: list[str | None] = []
        self._ours: dict[int, int] = {}

    @property
    def any(self) -> bool:
        return bool(self._ids)

    def delta(self, piece: ChoiceDeltaToolCall) -> ToolCallDelta:
        theirs = piece.index if piece.index is not None else 0
        function = piece.function
        arguments = (function.arguments if function else None) or ""
        ours = self._ours.get(theirs)
        if ours is not None and (not piece.id or self._ids[ours] == piece.id):
            return ToolCallDelta(ours, None, None, arguments)
        self._ours[theirs] = len(self._ids)
        self._ids.append(piece.id)
        name = (function.name if function else None) or ""
        return ToolCallDelta(self._ours[theirs], piece.id or f"call_{secrets.token_hex(10)}", name, arguments)


def _deltas(delta: ChoiceDelta | None, calls: _Calls) -> list[ModelDelta]:
    if delta is None:
        return []
    text = delta.content or delta.refusal
    deltas: list[ModelDelta] = [TextDelta(text)] if text else []
    return deltas + [calls.delta(piece) for piece in delta.tool_calls or ()]


def _tool_choice(choice: ToolChoice) -> str | dict[str, Any]:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


def _message(message: ModelMessage) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id or "", "content": message.text}
    if message.role == "user" and message.images:
        pictures = [{"type": "image_url", "image_url": {"url": image}} for image in message.images]
        texts = [{"type": "text", "text": message.text}] if message.text else []
        return {"role": "user", "content": [*texts, *pictures]}
    if message.tool_calls:
        calls = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
        return {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    return {"role": message.role, "content": message.text}


def _usage(usage: CompletionUsage) -> Usage:
    details = usage.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return Usage(usage.prompt_tokens or 0, cached, cast("int | None", usage.completion_tokens) or 0)
