"""Chat completions."""

import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Literal

from openai import AsyncOpenAI, AsyncStream

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
            async with await self._stream(messages, options) as stream:
                async for chunk in stream:
                    choices = _objects(chunk, "choices")
                    usage = _usage(chunk) or usage
                    for choice in choices[:1]:
                        for delta in _deltas(choice.get("delta"), calls):
                            yield delta
                        reason = choice.get("finish_reason") or reason
            if reason is None:
                raise ProviderUnavailable(f"{WHAT} broke off in the middle of its answer. Try again.")
        # Some servers say "stop" although they call a function.
        yield Completed("tool_calls" if calls.any and reason == "stop" else REASONS.get(reason, "stop"), usage)

    async def _stream(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncStream[dict[str, Any]]:
        # Not by `chat.completions.create`: it compares each field of the request with its type, and makes objects of
        # each chunk of the answer, of which there is one for each word. That takes longer than everything else here.
        stream: AsyncStream[Any] = await self._client.post(
            "/chat/completions",
            body=self._request(messages, options),
            options={"headers": {"X-Session-Id": options.session_id}},
            cast_to=object,
            stream=True,
            stream_cls=AsyncStream[object],
        )
        return stream

    def _request(self, messages: Sequence[ModelMessage], options: CompletionOptions) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [_message(message) for message in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if options.tools:
            request["tools"] = [
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

    def delta(self, piece: dict[str, Any]) -> ToolCallDelta:
        theirs: int = piece.get("index") or 0
        call_id: str | None = piece.get("id")
        function = piece.get("function") or {}
        arguments: str = function.get("arguments") or ""
        ours = self._ours.get(theirs)
        if ours is not None and (not call_id or self._ids[ours] == call_id):
            return ToolCallDelta(ours, None, None, arguments)
        self._ours[theirs] = len(self._ids)
        self._ids.append(call_id)
        name: str = function.get("name") or ""
        return ToolCallDelta(self._ours[theirs], call_id or f"call_{secrets.token_hex(10)}", name, arguments)


def _objects(fields: Any, name: str) -> list[dict[str, Any]]:
    """The objects of this list; nothing where there is no list. Raises ProviderUnavailable for anything else."""
    values = (fields.get(name) or []) if isinstance(fields, dict) else None
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise ProviderUnavailable(f"{WHAT} gave an answer that makes no sense. Try again.")
    return values


def _deltas(delta: dict[str, Any] | None, calls: _Calls) -> list[ModelDelta]:
    if delta is None:
        return []
    text: str | None = delta.get("content") or delta.get("refusal")
    deltas: list[ModelDelta] = [TextDelta(text)] if text else []
    return deltas + [calls.delta(piece) for piece in _objects(delta, "tool_calls")]


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


def _usage(chunk: dict[str, Any]) -> Usage | None:
    usage = chunk.get("usage")
    if usage is None:
        return None
    cached: int = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(usage.get("prompt_tokens") or 0, cached, usage.get("completion_tokens") or 0)
