"""The process that recognises speech: `python -m pipeline.providers.embedded.recogniser VOCABULARY.json`.

It loads the decoders once and forks for every piece of work. A fork starts in milliseconds, shares the models' memory,
decodes in parallel with the others, can be killed when nobody wants its result any more, and leaves no trace of one
speaker in another's decoder. (PocketSphinx never releases the GIL and cannot be interrupted.)

Requests, and the items that answer them:
  decode  {domain}            body: a whole utterance, int16 at 16 kHz -> {hypothesis, mean}
  listen  {domain, mean}      -> {listener}; lives until it is cancelled
  hear    {listener}          body: more audio -> {general, domain}, two hypotheses
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from pipeline.providers.embedded.decoding import DomainDecoders
from pipeline.providers.embedded.domain import make_domain
from pipeline.providers.embedded.worker_frames import LENGTHS, Frame, decode, decode_lengths, read_frame
from pipeline.providers.embedded.worker_main import take_over_pipes, write_frame

READ_BYTES = 1 << 16
LISTENER_NICENESS = 10
"""What is shown while somebody speaks must never delay anybody's final words."""
PR_SET_PDEATHSIG = 1


class FrameBuffer:
    """Cuts the bytes of a pipe into frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def push(self, data: bytes) -> list[Frame]:
        """Take what was read, give the frames that are complete."""
        self._bytes += data
        frames = []
        while len(self._bytes) >= LENGTHS.size:
            header_bytes, body_bytes = decode_lengths(bytes(self._bytes[: LENGTHS.size]))
            end = LENGTHS.size + header_bytes + body_bytes
            if len(self._bytes) < end:
                break
            header = bytes(self._bytes[LENGTHS.size : LENGTHS.size + header_bytes])
            frames.append(decode(header, bytes(self._bytes[LENGTHS.size + header_bytes : end])))
            del self._bytes[:end]
        return frames


@dataclass(slots=True)
class Fork:
    """One piece of work."""

    process_id: int
    requests: int
    """File descriptor to write to."""
    answers: int
    """File descriptor to read from."""
    open_requests: set[int]
    """Whose end has not been seen yet."""
    buffer: FrameBuffer = field(default_factory=FrameBuffer)


class Recogniser:
    """Hands requests to forks and their answers back."""

    def __init__(self, decoders: dict[str | None, DomainDecoders]) -> None:
        self._decoders = decoders
        self._forks: dict[int, Fork] = {}
        self._selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Serve until stdin ends; then nothing is left running."""
        requests, self._answers = take_over_pipes()
        self._selector.register(requests, selectors.EVENT_READ)
        self._requests, buffer = requests, FrameBuffer()
        write_frame(self._answers, Frame({"kind": "ready"}))
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not requests:
                    self._relay(key.data)
                    continue
                data = os.read(requests.fileno(), READ_BYTES)
                if not data:
                    for number in list(self._forks):
                        self._kill(number)
                    return
                for frame in buffer.push(data):
                    self._receive(frame)

    def _receive(self, frame: Frame) -> None:
        number = frame.header["id"]
        if frame.header["kind"] == "cancel":
            self._kill(number)
            return
        payload = frame.header["payload"]
        match payload["do"]:
            case "decode":
                self._fork(number, lambda _, answers: self._decode(frame, answers))
            case "listen":
                self._fork(number, lambda requests, answers: self._listen(payload, requests, answers))
                self._send({"kind": "item", "id": number, "payload": {"listener": number}})
            case "hear":
                self._pass_on(frame)
            case unknown:
                self._fail(number, f"The recogniser does not know how to {unknown}.")

    def _pass_on(self, frame: Frame) -> None:
        fork = self._forks.get(frame.header["payload"]["listener"])
        if fork is None:
            self._fail(frame.header["id"], "This listener has ended.")
            return
        fork.open_requests.add(frame.header["id"])
        data = memoryview(frame.encode())
        try:
            while data:
                data = data[os.write(fork.requests, data) :]
        except BrokenPipeError:
            return  # It died; _relay sees the end of its answers and says so.

    def _fork(self, number: int, work: Callable[[BinaryIO, BinaryIO], None]) -> None:
        requests, answers = os.pipe(), os.pipe()
        server = os.getpid()
        process_id = os.fork()
        if process_id == 0:
            _run(work, os.fdopen(requests[0], "rb"), os.fdopen(answers[1], "wb", buffering=0), self._foreign(), server)
        os.close(requests[0])
        os.close(answers[1])
        fork = self._forks[number] = Fork(process_id, requests[1], answers[0], {number})
        self._selector.register(answers[0], selectors.EVENT_READ, number)
        fork.open_requests.add(number)

    def _foreign(self) -> list[int]:
        """The pipes that a new fork inherits but must not keep open."""
        others = [descriptor for fork in self._forks.values() for descriptor in (fork.requests, fork.answers)]
        return [*others, self._requests.fileno(), self._answers.fileno()]

    def _relay(self, number: int) -> None:
        if number not in self._forks:  # Killed by a request that was read in the same round.
            return
        fork = self._forks[number]
        data = os.read(fork.answers, READ_BYTES)
        for frame in fork.buffer.push(data):
            if frame.header["kind"] != "item":
                fork.open_requests.discard(frame.header["id"])
            write_frame(self._answers, frame)
        if not data:
            for request in fork.open_requests:
                self._fail(request, "The recogniser died while it listened.")
            self._kill(number)

    def _kill(self, number: int) -> None:
        fork = self._forks.pop(number, None)
        if fork is None:
            return
        self._selector.unregister(fork.answers)
        os.close(fork.answers)
        os.close(fork.requests)
        os.kill(fork.process_id, signal.SIGKILL)
        os.waitpid(fork.process_id, 0)

    def _send(self, header: dict[str, Any]) -> None:
        write_frame(self._answers, Frame(header))

    def _fail(self, number: int, sentence: str) -> None:
        self._send({"kind": "error", "id": number, "code": "provider_unavailable", "message": sentence})

    # --- in a fork ----------------------------------------------------------------------------------------------------

    def _decode(self, frame: Frame, answers: BinaryIO) -> None:
        decoders = self._decoders[frame.header["payload"]["domain"]]
        hypothesis, mean = decoders.decode(frame.body)
        _answer(answers, frame.header["id"], {"hypothesis": asdict(hypothesis), "mean": mean})

    def _listen(self, payload: dict[str, Any], requests: BinaryIO, answers: BinaryIO) -> None:
        os.nice(LISTENER_NICENESS)
        names = {"general": None, "domain": payload["domain"]}
        listening = {name: self._decoders[domain] for name, domain in names.items()}
        for decoders in set(listening.values()):
            decoders.start(payload["mean"])
        while frame := read_frame(requests.read):
            heard = {decoders: asdict(decoders.hear(frame.body)) for decoders in set(listening.values())}
            _answer(answers, frame.header["id"], {name: heard[decoders] for name, decoders in listening.items()})


def _run(
    work: Callable[[BinaryIO, BinaryIO], None], requests: BinaryIO, answers: BinaryIO, foreign: list[int], server: int
) -> NoReturn:
    """Do a fork's work and end it, without ever returning into the server's loop."""
    status = 1
    try:
        for descriptor in foreign:
            os.close(descriptor)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == server:  # Otherwise it died before the kernel was told to let this fork die with it.
            work(requests, answers)
            status = 0
    except Exception:  # Its end tells the server; the reason belongs in the log.
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _answer(answers: BinaryIO, number: int, payload: dict[str, Any]) -> None:
    write_frame(answers, Frame({"kind": "item", "id": number, "payload": payload}))
    write_frame(answers, Frame({"kind": "end", "id": number}))


def load(domains: dict[str, list[str]], pronunciations: dict[str, str]) -> dict[str | None, DomainDecoders]:
    """Decoders for anything (None) and for each domain."""
    decoders: dict[str | None, DomainDecoders] = {None: DomainDecoders(None)}
    for name, sentences in domains.items():
        domain = make_domain(sentences, pronunciations)
        if domain.unknown:
            print(f"{name}: no pronunciation for {', '.join(domain.unknown)}", file=sys.stderr)  # noqa: T201
        if domain.sentences:
            decoders[name] = DomainDecoders(domain)
    return decoders


def main() -> None:
    decoders = load(**json.loads(Path(sys.argv[1]).read_text()))
    gc.freeze()  # A collection would write to every object, and so copy the memory that forks share.
    Recogniser(decoders).serve()


if __name__ == "__main__":
    main()
