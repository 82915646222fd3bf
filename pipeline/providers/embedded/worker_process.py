"""A Python module that runs in a process of its own and answers requests: what may crash, hang or hold the GIL.

    async with WorkerProcess("package.module") as worker:
        answer = await worker.request({"a": 1, "b": 2}, timeout_seconds=1.0)

The module ends with `worker_main.serve(answer)`. When the process dies, everything that was asked of it fails with
ProviderUnavailable and it is started again; what is asked afterwards waits for the new one. It never outlives the
server: its stdin ends when the server does, however that happens.
"""

import asyncio
import contextlib
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Self

from pipeline.errors import ProviderTimeout, ProviderUnavailable
from pipeline.providers.embedded.worker_frames import LENGTHS, Frame, FrameError, decode, decode_lengths

MAX_WAITING_REQUESTS = 256
MAX_WAITING_ANSWERS = 4096
"""Frames of one request that nobody has taken yet; beyond that the request fails."""
STOP_SECONDS = 2.0
"""How long a process may take to end after its stdin has."""
NICENESS = 10
"""How much a worker gives way to the server on a core that both need: a late answer disturbs one conversation, a late
event loop all of them, and then even more of them need a worker in place of a provider that seems to be late."""
MIN_LIFE_SECONDS = 5.0
"""A process that dies sooner is started again only after a pause, which doubles each time."""
FIRST_PAUSE_SECONDS = 0.25
MAX_PAUSE_SECONDS = 30.0

logger = logging.getLogger(__name__)


class WorkerProcess:
    """One worker process, started again when it dies. Requests may overlap; each gets its own answers."""

    def __init__(self, module: str, arguments: Sequence[str] = (), *, start_seconds: float = 30.0) -> None:
        self._module = module
        self._arguments = tuple(arguments)
        self._start_seconds = start_seconds
        self._child: asyncio.Future[_Child] | None = None
        self._supervisor: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the process and wait until it serves. Raises ProviderUnavailable if it does not."""
        self._child = asyncio.get_running_loop().create_future()
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervise {self._module}")
        try:
            await self._ready_child()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)
            self._refuse(f"The worker {self._module} is closed.")

    @property
    def process_id(self) -> int | None:
        """Of the process that runs now; None between two."""
        if self._child is None or not self._child.done() or self._child.exception() is not None:
            return None
        return self._child.result().process_id

    async def request(
        self, payload: Mapping[str, Any], body: bytes = b"", *, timeout_seconds: float | None
    ) -> dict[str, Any]:
        """Ask for the one answer to `payload` (JSON) and `body`, and give its header.

        After `timeout_seconds` the process is killed and started again, for nothing else stops work that hangs:
        ProviderTimeout, and ProviderUnavailable for all other requests. Cancelling merely abandons the request.
        """
        async with contextlib.aclosing(self.stream(payload, body, timeout_seconds=timeout_seconds)) as answers:
            async for answer in answers:
                return answer.header
        raise ProviderUnavailable(f"The worker {self._module} gave no answer.")

    async def stream(
        self, payload: Mapping[str, Any], body: bytes = b"", *, timeout_seconds: float | None
    ) -> AsyncGenerator[Frame, None]:
        """Ask for any number of answers. As `request`, but the timeout is that of each answer."""
        child = await self._ready_child()
        number, answers = child.open(payload, body)
        try:
            while True:
                try:
                    async with asyncio.timeout(timeout_seconds):
                        answer = await answers.get()
                except TimeoutError:
                    self._retire(child)
                    child.kill()
                    raise ProviderTimeout(
                        f"The worker {self._module} did not answer within {timeout_seconds} s and was started again."
                    ) from None
                if isinstance(answer, ProviderUnavailable):
                    raise answer
                if answer is None:
                    return
                yield answer
        finally:
            child.close(number)

    async def _ready_child(self) -> "_Child":
        if self._child is None or self._supervisor is None:
            raise ProviderUnavailable(f"The worker {self._module} is not running.", retryable=False)
        # Nobody's cancellation may cancel what others wait for.
        child = await asyncio.shield(self._child)
        await asyncio.shield(child.ready)
        return child

    async def _supervise(self) -> None:
        pause_seconds = 0.0
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await self._live()
            except OSError:
                logger.exception("worker %s cannot be started", self._module)
                pause_seconds = pause_seconds or FIRST_PAUSE_SECONDS
            if loop.time() - started >= MIN_LIFE_SECONDS:
                pause_seconds = 0.0
                continue
            if pause_seconds:
                self._refuse(f"The worker {self._module} keeps dying; its last words are in the log.")
                await asyncio.sleep(pause_seconds)
                self._child = loop.create_future()
            pause_seconds = min(MAX_PAUSE_SECONDS, pause_seconds * 2 or FIRST_PAUSE_SECONDS)

    async def _live(self) -> None:
        """Start the process and stay until it has ended."""
        assert self._child is not None
        process = await self._spawn()
        _give_way(process.pid)
        child = _Child(self._module, process)
        self._child.set_result(child)
        try:
            await child.run(self._start_seconds)
        finally:
            self._retire(child)
            await child.end()

    async def _spawn(self) -> Process:
        spawning = asyncio.create_task(
            asyncio.create_subprocess_exec(
                sys.executable, "-m", self._module, *self._arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
        )
        try:
            return await asyncio.shield(spawning)
        except asyncio.CancelledError:
            # Cancelled half-way, asyncio would forget a process that runs already.
            process = await spawning
            process.kill()
            await process.communicate()
            raise

    def _retire(self, child: "_Child") -> None:
        """What is asked from now on waits for the next process."""
        if self._child is not None and self._child.done() and self._child.result() is child:
            self._child = asyncio.get_running_loop().create_future()

    def _refuse(self, sentence: str) -> None:
        if self._child is not None and not self._child.done():
            self._child.set_exception(ProviderUnavailable(sentence))
            self._child.exception()  # Retrieved: it is no fault if nobody asks meanwhile.


Answers = asyncio.Queue[Frame | ProviderUnavailable | None]
"""None: there are no more."""


def _give_way(process_id: int) -> None:
    if hasattr(os, "setpriority"):
        with contextlib.suppress(ProcessLookupError):  # It has ended already, as whoever waits for it will see.
            os.setpriority(os.PRIO_PROCESS, process_id, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


class _Child:
    """One life of the process."""

    def __init__(self, module: str, process: Process) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._module = module
        self._process = process
        self._requests: dict[int, Answers] = {}
        self._last_number = 0
        self._log = asyncio.create_task(self._log_errors())

    @property
    def process_id(self) -> int:
        return self._process.pid

    def open(self, payload: Mapping[str, Any], body: bytes) -> tuple[int, Answers]:
        """Send a request; give its number and where its answers will be."""
        if len(self._requests) >= MAX_WAITING_REQUESTS:
            raise ProviderUnavailable(f"The worker {self._module} has too much to do. Try again in a moment.")
        self._last_number += 1
        self._send(Frame({"kind": "request", "id": self._last_number, "payload": dict(payload)}, body))
        answers = self._requests[self._last_number] = asyncio.Queue()
        return self._last_number, answers

    def close(self, number: int) -> None:
        """Take no more answers of this request."""
        if self._requests.pop(number, None) is not None:
            with contextlib.suppress(ProviderUnavailable):
                self._send(Frame({"kind": "cancel", "id": number}))

    def kill(self) -> None:
        """End the process now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def run(self, start_seconds: float) -> None:
        """Hand out answers until the process says no more."""
        starting = asyncio.get_running_loop().call_later(start_seconds, self._give_up_starting)
        try:
            await self._receive()
            logger.warning("worker %s died", self._module)
        finally:
            starting.cancel()
            self._fail(f"The worker {self._module} died; it is being started again.")

    async def end(self) -> None:
        """Let the process end, or make it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
                await self._log  # Its last words are the interesting ones.
        except TimeoutError:
            self.kill()
            await self._process.wait()
        finally:
            self._log.cancel()

    def _give_up_starting(self) -> None:
        if not self.ready.done():
            logger.error("worker %s did not start in time", self._module)
            self.kill()

    def _fail(self, sentence: str) -> None:
        failure = ProviderUnavailable(sentence)
        if not self.ready.done():
            self.ready.set_exception(failure)
            self.ready.exception()  # Retrieved: it is no fault if nobody waits.
        for answers in self._requests.values():
            answers.put_nowait(failure)
        self._requests.clear()

    def _send(self, frame: Frame) -> None:
        # Written without waiting: the child always reads, and MAX_WAITING_REQUESTS bounds what it has not read yet.
        assert self._process.stdin is not None
        if self._process.stdin.is_closing() or self._process.returncode is not None:
            raise ProviderUnavailable(f"The worker {self._module} died; it is being started again.")
        self._process.stdin.write(frame.encode())

    async def _receive(self) -> None:
        assert self._process.stdout is not None
        stdout = self._process.stdout
        try:
            while True:
                header_bytes, body_bytes = decode_lengths(await stdout.readexactly(LENGTHS.size))
                self._take(decode(await stdout.readexactly(header_bytes), await stdout.readexactly(body_bytes)))
        except asyncio.IncompleteReadError:
            return
        except FrameError:
            logger.exception("worker %s is out of step", self._module)
            self.kill()

    def _take(self, frame: Frame) -> None:
        kind, number = frame.header["kind"], frame.header.get("id")
        if kind == "ready":
            if not self.ready.done():
                self.ready.set_result(None)
            return
        answers = self._requests.get(number) if isinstance(number, int) else None
        if answers is None:  # Abandoned meanwhile.
            return
        if kind == "item" and answers.qsize() < MAX_WAITING_ANSWERS:
            answers.put_nowait(Frame(frame.header["payload"], frame.body))
            return
        if kind == "end":
            answers.put_nowait(None)
        elif kind == "error":
            answers.put_nowait(ProviderUnavailable(frame.header["message"], code=frame.header["code"]))
        else:
            answers.put_nowait(ProviderUnavailable(f"Nobody takes the answers of the worker {self._module}."))
        del self._requests[frame.header["id"]]

    async def _log_errors(self) -> None:
        assert self._process.stderr is not None
        while True:
            try:
                line = await self._process.stderr.readline()
            except ValueError:  # A line longer than the reader's limit, which has been dropped.
                continue
            if not line:
                return
            logger.warning("worker %s: %s", self._module, line.decode(errors="replace").rstrip())
