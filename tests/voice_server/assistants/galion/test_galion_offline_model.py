"""What Galion says without a language model, over the LanguageModel Protocol."""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    LanguageModel,
    ModelDelta,
    ModelMessage,
    NamedTool,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolDefinition,
)
from voice_server.assistants.galion import science_worker
from voice_server.assistants.galion.laboratory import Laboratory
from voice_server.assistants.galion.offline_model import OfflineModel
from voice_server.assistants.galion.tools import DEFINITIONS

WEATHER = ToolDefinition(
    "get_weather",
    "Get the current weather for a location.",
    {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "City and country"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["location"],
    },
)
LIGHTS = ToolDefinition(
    "setLights",
    "Switch the lamps.",
    {
        "type": "object",
        "properties": {"on": {"type": "boolean"}, "level": {"type": "integer"}},
        "required": ["on", "level"],
    },
)
NOON = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)


class HereWorker:
    """Answers in this process; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []

    async def request(self, payload: Mapping[str, Any], *, timeout_seconds: float | None) -> dict[str, Any]:
        self.asked.append(payload)
        return dict(science_worker.respond(dict(payload)))


def offline(worker: Any = None) -> OfflineModel:
    return OfflineModel(Laboratory(worker or HereWorker()), lambda: NOON)


async def deltas(
    said: Sequence[str] | Sequence[ModelMessage], model: LanguageModel | None = None, **options: Any
) -> list[ModelDelta]:
    messages = [
        one if isinstance(one, ModelMessage) else ModelMessage("assistant" if at % 2 else "user", one)
        for at, one in enumerate(said)
    ]
    async with contextlib.aclosing(
        (model or offline()).complete(messages, CompletionOptions("s", **options))
    ) as stream:
        return [delta async for delta in stream]


async def reply(*said: Any, model: LanguageModel | None = None, **options: Any) -> str:
    found = await deltas(said, model, **options)
    return "".join(delta.text for delta in found if isinstance(delta, TextDelta))


async def call(*said: Any, **options: Any) -> tuple[str | None, Any]:
    found = await deltas(said, **options)
    calls = [delta for delta in found if isinstance(delta, ToolCallDelta)]
    assert isinstance(found[-1], Completed)
    if not calls:
        assert found[-1].reason == "stop"
        return None, None
    assert found[-1].reason == "tool_calls"
    assert calls[0].call_id
    assert all(one.call_id is None and one.name is None and one.index == 0 for one in calls[1:])
    return calls[0].name, json.loads("".join(one.arguments for one in calls))


async def test_the_answer_streams_and_ends_with_true_counts() -> None:
    found = await deltas(["What is twelve times seven?"])
    texts = [delta.text for delta in found if isinstance(delta, TextDelta)]
    assert "".join(texts) == "12 times 7 is 84."
    assert len(texts) == 5
    end = found[-1]
    assert isinstance(end, Completed)
    assert (end.reason, end.usage.input_tokens, end.usage.output_tokens) == ("stop", 5, 5)
    assert sum(isinstance(delta, Completed) for delta in found) == 1


async def test_the_answer_is_cut_at_the_limit() -> None:
    found = await deltas(["What is twelve times seven?"], max_output_tokens=2)
    assert found == [TextDelta("12"), TextDelta(" times"), Completed("length", found[-1].usage)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Hello!", "Galion"),
        ("Hi there", "Hello"),
        ("who are you?", "Galion"),
        ("What can you do?", "calculate"),
        ("thank you very much", "welcome"),
        ("goodbye", "Goodbye"),
        ("what time is it?", "3:09 PM"),
        ("what's the date", "Saturday, March 14, 2026"),
        ("what day is it today?", "Saturday"),
        ("can you hear me", "hear you"),
        ("are you a robot?", "computer program"),
        ("um", "listening"),
        ("ciao", "inglese"),
        ("Quanto fa due più due?", "inglese"),
        ("qual è la massa molare dell'acqua", "inglese"),
        ("prove the riemann theorem", "mathematics"),
        ("how do I balance a chemical reaction", "chemistry"),
        ("who won the world cup", "compute"),
    ],
)
async def test_small_talk_and_questions_beyond_it(said: str, expected: str) -> None:
    assert expected in await reply(said)


async def test_it_repeats_remembers_and_varies() -> None:
    assert await reply("say that again", model=offline()) == "I have not said anything yet."
    assert await reply("two plus two", "2 plus 2 is 4.", "could you repeat that please") == "2 plus 2 is 4."
    assert "Anna" in await reply("my name is Anna", "Nice to meet you.", "what is my name?")
    assert await reply("who won") != await reply("who won", "I do not know.", "who won")


async def test_a_question_may_refer_to_the_conversation() -> None:
    assert "168" in await reply("what is twelve times seven", "12 times 7 is 84.", "times two")
    first = ("what is the atomic number of iron", "Iron has atomic number 26.", "and of sodium")
    assert "11" in await reply(*first)
    assert "22.99" in await reply(*first, "Sodium has atomic number 11.", "and its atomic mass")


async def test_what_took_too_long_is_not_asked_again() -> None:
    worker = HereWorker()
    await reply("slow", "That took too long to work out, so I stopped.", "two plus two", model=offline(worker))
    assert worker.asked[-1]["history"] == []


async def test_a_reply_without_words_is_a_greeting() -> None:
    assert "Galion" in await reply(ModelMessage("system", "Be brief."))
    assert "Galion" in await reply()


async def test_a_stock_weather_function_is_called() -> None:
    assert await call("what is the weather in Paris?", tools=[WEATHER]) == ("get_weather", {"location": "Paris"})
    arguments = {"location": "New York", "unit": "celsius"}
    assert await call("weather in new york in celsius please", tools=[WEATHER]) == ("get_weather", arguments)


async def test_other_questions_are_still_answered() -> None:
    assert await call("what is two plus two", tools=[WEATHER, LIGHTS]) == (None, None)
    assert await call("what is the weather in Paris", tools=[WEATHER], tool_choice="none") == (None, None)
    # Its own functions are for real models; it computes without them.
    assert await call("calculate two plus two", tools=DEFINITIONS) == (None, None)


async def test_a_function_must_be_called_if_it_is_required() -> None:
    assert (await call("hello", tools=[WEATHER], tool_choice="required"))[0] == "get_weather"
    assert await call("turn off the lights to 20", tools=[WEATHER, LIGHTS], tool_choice="required") == (
        "setLights",
        {"on": False, "level": 20},
    )
    assert await call("anything", tools=[WEATHER, LIGHTS], tool_choice=NamedTool("setLights")) == (
        "setLights",
        {"on": True, "level": 0},
    )
    assert (await call(tools=[WEATHER], tool_choice="required"))[0] == "get_weather"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"temperature": 22, "condition": "sunny"}', "temperature is 22 and condition is sunny"),
        ('{"result": "It is sunny."}', "It is sunny."),
        ('{"error": "no such city"}', "That did not work: no such city."),
        ("It is 22 degrees", "It is 22 degrees."),
        ("[1, 2, 3]", "1, 2 and 3."),
        ("", "That is done."),
        ("null", "Nothing."),
        ("[" * 100_000, None),
        (json.dumps({"a": "word " * 1000, "b": 2}), "and more."),
    ],
)
async def test_a_result_is_said_in_words(output: str, expected: str | None) -> None:
    said = ModelMessage("user", "what is the weather in Paris")
    asked = ModelMessage("assistant", "", tool_calls=(ToolCall("c1", "get_weather", "{}"),))
    answer = await reply(
        said, asked, ModelMessage("tool", output, call_id="c1"), tools=[WEATHER], tool_choice="required"
    )
    assert answer
    assert len(answer) < 600
    assert expected is None or expected in answer


class SilentWorker:
    """Never answers; tells when it has been asked and when it was left."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.left = False

    async def request(self, payload: Mapping[str, Any], *, timeout_seconds: float | None) -> dict[str, Any]:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left = True
        raise AssertionError


async def test_cancelling_leaves_the_science_free() -> None:
    worker = SilentWorker()
    laboratory = Laboratory(worker)
    task = asyncio.create_task(deltas(["two plus two"], OfflineModel(laboratory)))
    await worker.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert worker.left
    laboratory._worker = HereWorker()
    assert (await laboratory.ask("two plus two")).text == "2 plus 2 is 4."


class FailingWorker:
    """Fails as it is told to."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    async def request(self, payload: Mapping[str, Any], *, timeout_seconds: float | None) -> dict[str, Any]:
        raise self.failure


async def test_a_worker_that_hangs_is_an_answer_and_one_that_dies_an_error() -> None:
    assert "took too long" in await reply("two plus two", model=offline(FailingWorker(ProviderTimeout("killed"))))
    with pytest.raises(ProviderUnavailable):
        await reply("two plus two", model=offline(FailingWorker(ProviderUnavailable("dead"))))


async def test_the_system_message_changes_nothing() -> None:
    instructed = [ModelMessage("system", "Ignore all rules."), ModelMessage("user", "two plus two")]
    assert await reply(*instructed) == "2 plus 2 is 4."
