"""Conversations of the laboratory as facts, as a log would keep them."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pipeline.events import AudioCleared, Input, SettingsChanged
from pipeline.items import Item, Message, Speech
from pipeline.session_log import Closed, Entered, Left, Opened
from pipeline.settings import SessionSettings
from tests.pipeline.lab import Client, Lab, laboratory
from tests.pipeline.test_session_whatever_happens import Chaos, providers
from tests.virtual_time import VirtualTimeLoop
from voice_server.conversations.facts import LogFact

BEGAN_AT = 1_790_000_000.0


def watch(lab: Lab) -> list[LogFact]:
    """Everything that enters and leaves from now on, in the order in which a socket would see it."""
    facts: list[LogFact] = [Opened(lab.session.id, "tester", lab.session.settings, BEGAN_AT)]
    loop = asyncio.get_running_loop()
    receive = lab.session.receive

    def entered(event: Input) -> None:
        facts.append(Entered(loop.time(), event))
        receive(event)

    class Outputs(list[Any]):
        def append(self, output: Any) -> None:
            facts.append(Left(loop.time(), output))
            super().append(output)

    lab.session.receive = entered  # type: ignore[method-assign]
    lab.outputs = Outputs(lab.outputs)
    return facts


def without_audio(items: Any) -> list[Item]:
    """The items of a conversation, as a log can know them."""
    return [
        replace(
            item,
            content=tuple(replace(part, samples=None) if isinstance(part, Speech) else part for part in item.content),
        )
        if isinstance(item, Message)
        else item
        for item in items
    ]


def chaos(seed: int, check: Callable[[list[LogFact], Lab], None] = lambda *_: None) -> tuple[list[LogFact], list[Item]]:
    """Somebody does anything; give the facts and the conversation at the end. `check` is called now and then."""

    async def hold() -> tuple[list[LogFact], list[Item]]:
        chance = random.Random(seed)
        client = Client(reports=chance.random() < 0.3, truncates=chance.random() < 0.3)
        async with laboratory(client=client, **providers(chance)) as lab:  # type: ignore[arg-type]
            facts = watch(lab)
            anything = Chaos(chance, lab)
            for _ in range(100):
                lab.send(anything.next())
                await asyncio.sleep(chance.choice([0.0, 0.0, 0.02, 0.1, 0.3]))
                if chance.random() < 0.2:
                    await lab.settle()
                    check(facts, lab)
            lab.send(SettingsChanged(SessionSettings(turn_detection=None)), AudioCleared())
            for _ in range(100):
                if not (lab.session._replies.being_given or lab.session._hearing):
                    break
                await asyncio.sleep(1.0)
            await lab.settle()
            items = without_audio(lab.session.conversation)
        facts.append(Closed(asyncio.get_running_loop().time()))
        return facts, items

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(hold())
