"""What is asked of OpenAI's chat completions, and what is made of the answers of those that imitate it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp.web
import orjson
import pytest

from benchmarks.emulators.server import Server
from pipeline.errors import ProviderError
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    NamedTool,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolDefinition,
    Usage,
)
from pipeline.providers.openai.client import client
from pipeline.providers.openai.language_model import OpenAILanguageModel

WEATHER = ToolDefinition("weather", "The weather of a place.", {"type": "object"})


@dataclass
class Imitation:
    """A server that answers every request with the same chunks, and keeps what it was asked."""

    chunks: Sequence[dict[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)
    session_ids: list[str | None] = field(default_factory=list)

    async def answer(self, request: aiohttp.web.Request) -> aiohttp.web.Response:
        self.asked.append(orjson.loads(await request.read()))
        self.session_ids.append(request.headers.get("X-Session-Id"))
        events = [b"data: " + orjson.dumps(chunk) for chunk in self.chunks] + [b"data: [DONE]", b""]
        return aiohttp.web.Response(body=b"\n\n".join(events), content_type="text/event-stream")

    @asynccontextmanager
    async def model(self) -> AsyncIterator[OpenAILanguageModel]:
        app = aiohttp.web.Application()
        app.router.add_post("/v1/chat/completions", self.answer)
        async with Server(app) as server, client("sk-test", f"{server.url}/v1") as connection:
            yield OpenAILanguageModel(connection, "some-model")


def chunk(finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def call(index: int, call_id: str | None, name: str | None, arguments: str) -> dict[str, Any]:
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}


async def complete(
    imitation: Imitation, messages: Sequence[ModelMessage] = (), options: CompletionOptions | None = None
) -> list[ModelDelta]:
    async with imitation.model() as model:
        return [delta async for delta in model.complete(messages, options or CompletionOptions("session-1"))]


async def test_the_conversation_as_the_vendor_wants_it() -> None:
    imitation = Imitation([chunk("stop", content="Yes.")])
    messages = [
        ModelMessage("system", "Be brief."),
        ModelMessage("user", "What is this?", images=("data:image/png;base64,AAAA",)),
        ModelMessage("assistant", "", tool_calls=(ToolCall("call_1", "weather", "{}"),)),
        ModelMessage("tool", "sunny", call_id="call_1"),
        ModelMessage("assistant", "It is sunny."),
    ]
    await complete(imitation, messages)
    assert imitation.asked[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        {"role": "assistant", "content": "It is sunny."},
    ]
    assert imitation.session_ids == ["session-1"]


async def test_the_options_as_the_vendor_wants_them() -> None:
    imitation = Imitation([chunk("stop", content="Yes.")])
    options = CompletionOptions("session-1", [WEATHER], NamedTool("weather"), max_output_tokens=50, temperature=0.2)
    await complete(imitation, options=options)
    asked = imitation.asked[0]
    function = {"name": "weather", "description": "The weather of a place.", "parameters": {"type": "object"}}
    assert asked["tools"] == [{"type": "function", "function": function}]
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert (asked["max_tokens"], asked["temperature"], asked["stream"]) == (50, 0.2, True)


async def test_what_is_not_wanted_is_not_asked() -> None:
    imitation = Imitation([chunk("stop", content="Yes.")])
    await complete(imitation)
    assert set(imitation.asked[0]) == {"model", "messages", "stream", "stream_options"}


async def test_an_answer_without_usage() -> None:
    assert await complete(Imitation([chunk(content="Yes."), chunk("stop")])) == [
        TextDelta("Yes."),
        Completed("stop", Usage()),
    ]


async def test_usage_with_what_was_cached() -> None:
    usage = {
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "total_tokens": 10,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    chunks = [chunk("length", content="Yes"), {"choices": [], "usage": usage}]
    assert (await complete(Imitation(chunks)))[-1] == Completed("length", Usage(7, 4, 3))


async def test_a_call_without_an_id_gets_one_and_is_told_as_a_call() -> None:
    chunks = [chunk(tool_calls=[call(0, None, "weather", "{}")]), chunk("stop")]
    first, last = await complete(Imitation(chunks))
    assert isinstance(first, ToolCallDelta)
    assert first.call_id
    assert (first.index, first.name, first.arguments) == (0, "weather", "{}")
    assert last == Completed("tool_calls", Usage())


async def test_two_calls_under_the_same_index_are_told_apart() -> None:
    chunks = [
        chunk(tool_calls=[call(0, "a", "weather", "{}"), call(0, "b", "time", "{")]),
        chunk(tool_calls=[call(0, None, None, "}")]),
        chunk("tool_calls"),
    ]
    deltas = await complete(Imitation(chunks))
    assert deltas[:3] == [
        ToolCallDelta(0, "a", "weather", "{}"),
        ToolCallDelta(1, "b", "time", "{"),
        ToolCallDelta(1, None, None, "}"),
    ]


async def test_an_answer_without_a_reason_to_end_broke_off() -> None:
    with pytest.raises(ProviderError, match="broke off"):
        await complete(Imitation([chunk(content="Well,")]))


async def test_an_error_in_the_middle_of_the_answer() -> None:
    with pytest.raises(ProviderError, match="out of memory"):
        await complete(Imitation([chunk(content="Well,"), {"error": {"message": "out of memory"}}]))
