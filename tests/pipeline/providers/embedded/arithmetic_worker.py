"""A worker for tests: counts, echoes, hangs, dies."""

import os
import sys
import time
from collections.abc import Iterator

from pipeline.providers.embedded.worker_frames import Frame
from pipeline.providers.embedded.worker_main import Request, WorkerError, serve


def answer(request: Request) -> Iterator[Frame]:
    match request.payload["do"]:
        case "echo":
            yield Frame({"process": os.getpid(), **request.payload}, request.body[::-1])
        case "count":
            for number in range(request.payload["to"]):
                yield Frame({"number": number}, bytes([number % 256]))
        case "forever":
            while not request.cancelled:
                yield Frame({})
                time.sleep(0.001)
        case "hang":
            time.sleep(3600)
        case "die":
            os._exit(3)
        case "fail":
            raise WorkerError("No such thing. Ask for another.", code="no_such_thing")
        case "crash":
            raise ZeroDivisionError("by zero")
        case "print":
            print("a library prints this")
            os.write(1, b"and this\n")
            sys.stdout.flush()
            yield Frame({})
        case "nothing":
            pass


if __name__ == "__main__":
    if sys.argv[1:] == ["stillborn"]:
        sys.exit("born to die")
    serve(answer)
