"""What every LanguageModel promises."""

import asyncio

import orjson
import pytest

from benchmarks.emulators.faults import FaultKind
from benchmarks.emulators.script import ANY, Script, ScriptedCall
from pipeline.errors import ProviderError
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    NamedTool,
    TextDelta,
    ToolCallDelta,
    ToolDefinition,
)
from tests.contracts.stages import ENOUGH_SECONDS, Alone, Stage, gathered, patience, until

OPTIONS = CompletionOptions("session-1", max_output_tokens=100, temperature=0.5)
WEATHER = ToolDefinition("weather", "The weather of a place.", {"type": "object", "properties": {"place": {}}})
SYSTEM = ModelMessage("system", "Be brief.")


async def deltas(
    stage: Alone, heard: str, options: CompletionOptions = OPTIONS, within: float = ENOUGH_SECONDS
) -> list[ModelDelta]:
    return await gathered(stage.provider.complete([SYSTEM, ModelMessage("user", heard)], options), within)


async def test_text_comes_in_pieces_and_completed_comes_last(any_language_model: Alone) -> None:
    *pieces, last = await deltas(any_language_model, "why is the sky blue?")
    texts = [piece.text for piece in pieces if isinstance(piece, TextDelta)]
    assert len(texts) == len(pieces) > 3
    assert "".join(texts) == "I heard this: why is the sky blue?"
    assert isinstance(last, Completed)
    assert last.reason == "stop"
    assert last.usage.input_tokens == 7
    assert last.usage.output_tokens == 8


@pytest.mark.parametrize("choice", ["auto", "required", NamedTool("weather")])
async def test_a_call_of_a_function(language_model: Stage, choice: NamedTool) -> None:
    language_model.scene.script = Script(replies={ANY: [ScriptedCall("weather", '{"place": "Graz"}')]})
    options = CompletionOptions("session-1", tools=[WEATHER], tool_choice=choice)
    first, *pieces, last = await deltas(language_model, "How is the weather in Graz?", options)
    assert isinstance(first, ToolCallDelta)
    assert first.name == "weather"
    assert first.call_id
    assert all(isinstance(piece, ToolCallDelta) and piece.index == 0 and piece.name is None for piece in pieces)
    arguments = first.arguments + "".join(piece.arguments for piece in pieces)
    assert orjson.loads(arguments) == {"place": "Graz"}
    assert isinstance(last, Completed)
    assert last.reason == "tool_calls"


async def test_conversations_do_not_mix(language_model: Stage) -> None:
    replies = await asyncio.gather(
        *(deltas(language_model, f"Word{number}.", CompletionOptions(f"session-{number}")) for number in range(8))
    )
    for number, reply in enumerate(replies):
        assert "".join(piece.text for piece in reply if isinstance(piece, TextDelta)).endswith(f"Word{number}.")
    sessions = {exchange.session_id: exchange.text for exchange in language_model.scene.exchanges}
    assert sessions == {f"session-{number}": [f"Word{number}."] for number in range(8)}


@pytest.mark.parametrize("given_up", ["before", "after-first"])
async def test_giving_up_leaves_nothing_behind(any_language_model: Alone, given_up: str) -> None:
    async with any_language_model.leaving_nothing():
        stream = any_language_model.provider.complete([ModelMessage("user", "Hello again.")], OPTIONS)
        if given_up == "after-first":
            await anext(stream)
        await stream.aclose()


async def test_giving_up_on_a_vendor_that_hangs_leaves_nothing_behind(language_model: Stage) -> None:
    language_model.breaks(FaultKind.HANG_ON_CONNECT)
    async with language_model.leaving_nothing():
        writing = asyncio.ensure_future(deltas(language_model, "Hello."))
        await until(lambda: len(language_model.scene.exchanges) == 1)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


@pytest.mark.parametrize("kind", FaultKind)
async def test_every_fault_is_told_and_the_next_call_works(language_model: Stage, kind: FaultKind) -> None:
    language_model.breaks(kind)
    with pytest.raises(ProviderError) as failure:
        await deltas(language_model, "Hello.", within=patience(kind))
    assert failure.value.message.endswith(".")
    assert len(failure.value.message.split()) > 5
    assert isinstance((await deltas(language_model, "Hello."))[-1], Completed)


async def test_a_vendor_that_is_not_there_is_told(language_model: Stage) -> None:
    await language_model.server.__aexit__(None, None, None)
    with pytest.raises(ProviderError, match="could not be reached"):
        await deltas(language_model, "Hello.")
