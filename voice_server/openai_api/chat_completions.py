"""`POST /v1/chat/completions`: an assistant's next message in writing, streamed or whole."""

import contextlib
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from pipeline.errors import PipelineError, ProviderUnavailable
from pipeline.items import new_id
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from voice_server.auth import principal_of
from voice_server.http.bodies import read_body
from voice_server.http.request_id import request_id_of
from voice_server.openai_api.chat_messages import ChatBody, with_instructions
from voice_server.openai_api.event_stream import EventStream
from voice_server.tenants.served import Serving


class ChatCompletions:
    """The endpoint."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def routes(self) -> list[web.RouteDef]:
        """Where it is reached."""
        return [web.post("/v1/chat/completions", self.complete)]

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """Write the next message."""
        body = await read_body(request, ChatBody)
        options = CompletionOptions(
            session_id=request_id_of(request),
            tools=body.tool_definitions(),
            tool_choice=body.choice(),
            max_output_tokens=body.max_completion_tokens or body.max_tokens,
            temperature=body.temperature,
        )
        messages = [message.to_model() for message in body.messages]
        async with self._serving.serve(principal_of(request), body.model) as served:
            name, instructions = served.assistant.name, served.assistant.settings.instructions
            told = with_instructions(messages, instructions)
            async with contextlib.aclosing(served.model.complete(told, options)) as deltas:
                if body.stream:
                    usage = body.stream_options is not None and body.stream_options.include_usage
                    return await _stream(request, deltas, name, include_usage=usage)
                return web.json_response(await _collect(deltas, name))


async def _stream(
    request: web.Request, deltas: AsyncGenerator[ModelDelta, None], model: str, *, include_usage: bool
) -> web.StreamResponse:
    events = EventStream(request)
    chunk = _head("chat.completion.chunk", model)
    usage: Mapping[str, object] = {"usage": None} if include_usage else {}
    role: Mapping[str, object] = {"role": "assistant"}
    try:
        async for delta in deltas:
            reason = delta.reason if isinstance(delta, Completed) else None
            choice = {"index": 0, "delta": {**role, **_delta(delta)}, "logprobs": None, "finish_reason": reason}
            await events.send({**chunk, "choices": [choice], **usage})
            role = {}
            if isinstance(delta, Completed) and include_usage:
                await events.send({**chunk, "choices": [], "usage": _usage(delta.usage)})
    except PipelineError as error:
        return await events.fail(error)
    return await events.finish(done=True)


def _delta(delta: ModelDelta) -> Mapping[str, object]:
    match delta:
        case TextDelta(text):
            return {"content": text}
        case ToolCallDelta(index, call_id, name, arguments):
            named = {"id": call_id, "type": "function"} if call_id else {}
            function = {"name": name, "arguments": arguments} if name else {"arguments": arguments}
            return {"tool_calls": [{"index": index, **named, "function": function}]}
        case Completed():
            return {}


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    arguments: list[str] = field(default_factory=list)


async def _collect(deltas: AsyncGenerator[ModelDelta, None], model: str) -> Mapping[str, object]:
    text: list[str] = []
    calls: dict[int, _Call] = {}
    end: Completed | None = None
    async for delta in deltas:
        match delta:
            case TextDelta():
                text.append(delta.text)
            case ToolCallDelta():
                call = calls.setdefault(delta.index, _Call(delta.call_id or "", delta.name or ""))
                call.arguments.append(delta.arguments)
            case Completed():
                end = delta
    if end is None:
        raise ProviderUnavailable("The language model stopped in the middle of its answer.")
    message: dict[str, object] = {"role": "assistant", "content": "".join(text) if text or not calls else None}
    message["refusal"] = None
    if calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": "".join(call.arguments)}}
            for call in calls.values()
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": end.reason}
    return {**_head("chat.completion", model), "choices": [choice], "usage": _usage(end.usage)}


def _head(kind: str, model: str) -> Mapping[str, object]:
    return {"id": new_id("chatcmpl"), "object": kind, "created": int(time.time()), "model": model}


def _usage(usage: Usage) -> Mapping[str, object]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }
