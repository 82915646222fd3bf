"""On ECS: protection while somebody talks, and draining as soon as the task shall stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from voice_server.ecs import EcsTask

NEVER_LATE = 10.0


class Agent:
    """What answers inside a container."""

    def __init__(self) -> None:
        self.wishes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.status = "RUNNING"
        self.failures: list[Any] = []
        self.looks = asyncio.Semaphore(0)

    async def protect(self, request: web.Request) -> web.Response:
        if self.failures:
            failure = self.failures.pop()
            return failure if isinstance(failure, web.Response) else web.json_response({"failure": failure})
        wish = await request.json()
        self.wishes.put_nowait(wish)
        return web.json_response({"protection": wish})

    async def task(self, _request: web.Request) -> web.Response:
        self.looks.release()
        return web.json_response({"DesiredStatus": self.status, "KnownStatus": "RUNNING"})


@asynccontextmanager
async def watched(agent: Agent, conversations: list[int], drained: asyncio.Event) -> AsyncIterator[None]:
    app = web.Application()
    app.add_routes([web.put("/task-protection/v1/state", agent.protect), web.get("/v4/task", agent.task)])
    async with TestServer(app) as server:
        environment = {
            "ECS_AGENT_URI": str(server.make_url("")).rstrip("/"),
            "ECS_CONTAINER_METADATA_URI_V4": str(server.make_url("/v4")),
        }
        task = EcsTask(environment, lambda: conversations[0], drained.set, look_seconds=0.001)
        watching = asyncio.create_task(task.watch())
        try:
            async with asyncio.timeout(NEVER_LATE):
                yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])


async def test_protected_while_somebody_talks() -> None:
    agent, conversations = Agent(), [0]
    async with watched(agent, conversations, asyncio.Event()):
        for _ in range(3):
            await agent.looks.acquire()
        assert agent.wishes.empty()
        conversations[0] = 2
        assert await agent.wishes.get() == {"ProtectionEnabled": True, "ExpiresInMinutes": 60}
        for _ in range(3):
            await agent.looks.acquire()
        assert agent.wishes.empty()
        conversations[0] = 0
        assert await agent.wishes.get() == {"ProtectionEnabled": False}


@pytest.mark.parametrize(
    "failure", [{"Reason": "TASK_NOT_VALID"}, web.Response(status=500), web.Response(text="no JSON")], ids=str
)
async def test_an_agent_that_fails_is_asked_again(failure: Any) -> None:
    agent = Agent()
    agent.failures.append(failure)
    async with watched(agent, [1], asyncio.Event()):
        assert (await agent.wishes.get())["ProtectionEnabled"]


async def test_a_task_that_shall_stop_drains_at_once() -> None:
    agent, drained = Agent(), asyncio.Event()
    async with watched(agent, [1], drained):
        await agent.looks.acquire()
        assert not drained.is_set()
        agent.status = "STOPPED"
        await drained.wait()


async def test_elsewhere_there_is_nothing_to_watch() -> None:
    await EcsTask({}, lambda: 1, lambda: None).watch()
