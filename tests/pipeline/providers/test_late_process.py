"""A provider does not pay for what this process cannot keep up with."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

import pytest

from pipeline.deadlines import LANGUAGE_MODEL
from pipeline.providers.failover import LanguageModels, candidate
from pipeline.providers.interfaces import Completed, CompletionOptions, ModelDelta, ModelMessage, TextDelta, Usage
from pipeline.providers.race import MOST_LATE_SECONDS
from tests.virtual_time import VirtualTimeLoop, in_virtual_time


class Model:
    """Answers with its name after so many seconds."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name = name
        self._seconds = seconds

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        await asyncio.sleep(self._seconds)
        yield TextDelta(self.name)
        yield Completed("stop", Usage())


def loop() -> VirtualTimeLoop:
    running = asyncio.get_running_loop()
    assert isinstance(running, VirtualTimeLoop)
    return running


def compute(seconds: float) -> None:
    """Hold the event loop up for so long."""
    loop().now += seconds


async def answer(stage: LanguageModels) -> tuple[ModelDelta, float]:
    start = loop().time()
    async with aclosing(stage.complete([], CompletionOptions("s"))) as deltas:
        first, *_ = [delta async for delta in deltas]
    return first, loop().time() - start


@in_virtual_time
async def test_an_answer_that_comes_while_the_process_is_late_is_waited_for() -> None:
    stage = LanguageModels([candidate("LLM", Model("a", 1.4)), candidate("LLM", Model("b", 0.1))])
    # When a second request would be sent.
    loop().call_at(loop().time() + LANGUAGE_MODEL.hedge_seconds - 0.001, compute, 0.1)
    answered, seconds = await answer(stage)
    assert answered == TextDelta("a")
    assert seconds == pytest.approx(1.4)
    assert [health.requests for health in stage.health()] == [1, 0]


@in_virtual_time
async def test_one_that_stalls_is_replaced_however_late_the_process_is() -> None:
    stage = LanguageModels([candidate("LLM", Model("a", 60.0)), candidate("LLM", Model("b", 0.1))])

    async def work() -> None:
        while True:
            await asyncio.sleep(0.003)
            compute(0.067)

    working = asyncio.create_task(work())
    answers = [await answer(stage) for _ in range(6)]
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    assert {answered for answered, _ in answers} == {TextDelta("b")}
    assert max(seconds for _, seconds in answers) < LANGUAGE_MODEL.first_seconds + MOST_LATE_SECONDS + 0.5
    assert [health.times_opened for health in stage.health()] == [0, 0], "whose fault it was is not known"
