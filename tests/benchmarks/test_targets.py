"""This server and what is measured beside it: each starts, answers, and differs as it says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from benchmarks.compare import Setting, emulators
from benchmarks.targets import ThisServer, Vendors, all_targets

VARIANTS = [target for target in all_targets().values() if isinstance(target, ThisServer)]
SETTING = Setting(profile="zero", tails=False, faults=(), turns=None, processes=None, seed=1)


@dataclass(frozen=True)
class Talk:
    """One written question and its answer."""

    instructions: str
    status: str
    conversations: int
    """In the history, after it."""


async def talk(target: ThisServer, vendors: Vendors) -> Talk:
    async with target.open(vendors, None) as endpoint, aiohttp.ClientSession() as http:
        async with http.ws_connect(endpoint.url) as socket:

            async def event(kind: str) -> Mapping[str, Any]:
                while True:
                    told: Mapping[str, Any] = await socket.receive_json()
                    if told["type"] == kind:
                        return told

            session = (await event("session.created"))["session"]
            content = [{"type": "input_text", "text": "What is two plus two?"}]
            item = {"type": "message", "role": "user", "content": content}
            await socket.send_json({"type": "conversation.item.create", "item": item})
            await socket.send_json({"type": "response.create", "response": {"output_modalities": ["text"]}})
            done = (await event("response.done"))["response"]
        address = endpoint.url.replace("ws", "http", 1).partition("/v1/")[0]
        async with http.get(f"{address}/api/v1/conversations") as response:
            history = await response.json()
    return Talk(session["instructions"], done["status"], len(history["data"]))


@pytest.mark.parametrize("target", VARIANTS, ids=lambda target: target.name)
async def test_it_answers(target: ThisServer) -> None:
    async with emulators(SETTING, []) as running:
        said = await talk(target, running.vendors)

    assert said.status == "completed"
    assert ("Anna" in said.instructions) == (target.name == "this-recalling")
    assert said.conversations == (0 if target.name == "this-unkept" else 1)
