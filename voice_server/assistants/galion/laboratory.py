"""Galion's science, seen from the server: questions go to a process of its own, answers come back."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, Self

from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.providers.embedded.worker_process import WorkerProcess

WORKER_MODULE: Final = "voice_server.assistants.galion.science_worker"
ANSWER_SECONDS: Final = 4.0
"""The worker gives up by itself after 3 s; beyond this it hangs where it cannot, and is killed."""
WAIT_SECONDS: Final = 8.0
"""For other people's questions that are being answered."""

Status = Literal["answered", "uncomputable", "unknown", "too_long"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a question."""

    status: Status
    text: str
    """A sentence to be spoken; for "unknown" the reason, in terms of grammar."""


class Worker(Protocol):
    """What answers; `WorkerProcess`, or a stand-in."""

    async def request(self, payload: Mapping[str, Any], *, timeout_seconds: float | None) -> dict[str, Any]:
        """Raises ProviderTimeout or ProviderUnavailable."""
        ...


class Laboratory:
    """Answers scientific questions, one at a time, for all conversations.

        async with Laboratory() as laboratory:
            finding = await laboratory.ask("what is twelve times seven")

    Opening it starts the process and warms it up, which takes a few seconds.
    """

    def __init__(self, worker: Worker | None = None) -> None:
        self._worker: Worker = worker or WorkerProcess(WORKER_MODULE, start_seconds=60.0)
        self._turn = asyncio.Lock()
        self._opened = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        if isinstance(self._worker, WorkerProcess):
            await self._opened.enter_async_context(self._worker)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def ask(self, question: str, history: Sequence[str] = ()) -> Finding:
        """Answer a question as it was said. Raises ProviderUnavailable.

        `history` is what the same person asked before, oldest first.
        """
        return await self._request({"question": question, "history": list(history)})

    async def compute(self, name: str, arguments: Mapping[str, str]) -> Finding:
        """Run one of `science.computations` with arguments in normal notation. Raises ProviderUnavailable."""
        return await self._request({"tool": name, "arguments": dict(arguments)})

    async def _request(self, payload: Mapping[str, Any]) -> Finding:
        # One at a time, so that the time a question has does not pass while it waits for others.
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise ProviderUnavailable("Galion's science is busy. Ask again in a moment.") from None
        try:
            answer = await self._worker.request(payload, timeout_seconds=ANSWER_SECONDS)
        except ProviderTimeout:
            return Finding("too_long", "That took too long to work out, so I stopped.")
        finally:
            self._turn.release()
        return Finding(answer["status"], answer["text"])
