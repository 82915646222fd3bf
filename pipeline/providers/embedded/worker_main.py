"""The child's side of a WorkerProcess: reads requests from stdin, answers on stdout, ends when stdin ends.

    def answer(request: Request) -> Iterator[Frame]:
        yield Frame({"sum": request.payload["a"] + request.payload["b"]})

    if __name__ == "__main__":
        serve(answer)

Requests are answered one at a time, in order. Nothing but frames ever reaches stdout: what a library prints goes to
stderr, which the server logs.
"""

import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pipeline.providers.embedded.worker_frames import Frame, read_frame


class WorkerError(Exception):
    """A request cannot be fulfilled; the server raises ProviderUnavailable with this sentence and code."""

    def __init__(self, message: str, *, code: str = "provider_unavailable") -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Request:
    """What the server asked for."""

    id: int
    payload: dict[str, Any]
    body: bytes = b""
    _cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more. Long work looks at this now and then."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        self._cancelled.set()


Answer = Callable[[Request], Iterator[Frame]]


def take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Give the pipes from and to the server, and keep everybody else off them.

    Ctrl-C goes to the whole process group; the server closes its workers itself, so they ignore it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb", buffering=0)


def write_frame(answers: BinaryIO, frame: Frame) -> None:
    """Write all of a frame; end the process if nobody reads any more."""
    data = memoryview(frame.encode())
    try:
        while data:
            data = data[answers.write(data) :]
    except (BrokenPipeError, ConnectionResetError):
        os._exit(0)


def serve(answer: Answer) -> None:
    """Answer requests until stdin ends. Call it when everything is loaded: the server waits for it."""
    requests, answers = take_over_pipes()
    waiting: queue.SimpleQueue[Request] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(requests, waiting), daemon=True).start()
    write_frame(answers, Frame({"kind": "ready"}))
    while True:
        request = waiting.get()
        if not request.cancelled:
            _answer(answer, request, answers)


def _answer(answer: Answer, request: Request, answers: BinaryIO) -> None:
    try:
        for frame in answer(request):
            write_frame(answers, Frame({"kind": "item", "id": request.id, "payload": frame.header}, frame.body))
            if request.cancelled:
                return
        end: dict[str, Any] = {"kind": "end"}
    except WorkerError as error:
        end = {"kind": "error", "code": error.code, "message": str(error)}
    except Exception as error:  # The worker must survive any request, and the server must hear of it.
        traceback.print_exc(file=sys.stderr)
        end = {"kind": "error", "code": "provider_unavailable", "message": f"{type(error).__name__}: {error}"}
    write_frame(answers, Frame({**end, "id": request.id}))


def _read(requests: BinaryIO, waiting: "queue.SimpleQueue[Request]") -> None:
    """Read until stdin ends, then end the process whatever it is doing: without the server nobody needs it."""
    known: dict[int, Request] = {}
    while frame := read_frame(requests.read):
        number = frame.header["id"]
        if frame.header["kind"] == "cancel":
            if request := known.pop(number, None):
                request.cancel()
            continue
        if len(known) > 1000:  # Requests long answered; ids grow, so the first are the oldest.
            del known[next(iter(known))]
        known[number] = Request(number, frame.header["payload"], frame.body)
        waiting.put(known[number])
    os._exit(0)
