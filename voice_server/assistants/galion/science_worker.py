"""The process that does Galion's science: sympy and pint stay out of the server, bounded in time and memory.

Requests are {"question": str, "history": [str, …]} or {"tool": str, "arguments": {…}}. The one answer is
{"status": "answered" | "uncomputable" | "unknown" | "too_long", "text": str}.
"""

import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final

from pipeline.providers.embedded.worker_frames import Frame
from pipeline.providers.embedded.worker_main import Request, serve
from voice_server.assistants.galion.science import computations, questions
from voice_server.assistants.galion.science.errors import NotUnderstood, ScienceError

SECONDS: Final = 3.0
"""For one answer, before it is given up. Work in C cannot be stopped so; the server ends it, with the process."""
AGAIN_SECONDS: Final = 0.25
"""Until it is said once more: an exception that comes while an object is being deleted is lost."""
MEMORY_BYTES: Final = 2 << 30

SURPRISE: Final = "I could not work that out."
_TOO_LONG: Final = "That took too long to work out, so I stopped."


class OutOfTime(BaseException):
    """The time is up. No Exception: libraries that catch everything must not catch this."""


def respond(payload: dict[str, Any], *, seconds: float = SECONDS) -> dict[str, str]:
    """Answer one request; whatever happens in it becomes a status and a sentence."""
    try:
        text = _limited(lambda: _compute(payload), seconds)
    except NotUnderstood as error:
        return {"status": "unknown", "text": error.message}
    except ScienceError as error:
        return {"status": "uncomputable", "text": error.message}
    except OutOfTime:
        return {"status": "too_long", "text": _TOO_LONG}
    except (MemoryError, RecursionError, OverflowError):
        return {"status": "uncomputable", "text": "That is too large for me to work out."}
    except (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError):
        # sympy has limits of its own, which it reports in many ways. They belong in the log, not in the conversation.
        traceback.print_exc(file=sys.stderr)
        return {"status": "uncomputable", "text": SURPRISE}
    return {"status": "answered", "text": text}


def _compute(payload: dict[str, Any]) -> str:
    if "tool" in payload:
        return computations.compute(payload["tool"], payload["arguments"])
    return questions.answer(payload["question"], tuple(payload["history"])).text


def _limited(work: Callable[[], str], seconds: float) -> str:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    alarm = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, *alarm)
        signal.signal(signal.SIGALRM, before)


def answer(request: Request) -> Iterator[Frame]:
    """One request from the server."""
    yield Frame(dict(respond(request.payload)))


def warm_up() -> None:
    """Have the first question answered as quickly as the rest: tables, the unit registry, the first of every kind."""
    for question in (
        "two plus two",
        "five miles in kilometres",
        "72 degrees fahrenheit in celsius",
        "solve two x plus three equals seven",
        "solve x squared minus x minus one equals zero",
        "solve x plus y equals 5 and x minus y equals 1",
        "derivative of x squared times sine of x",
        "integral of x squared",
        "integral of sine of x from zero to pi",
        "limit of sine of x over x as x approaches zero",
        "factor x squared minus one",
        "atomic number of iron",
        "molar mass of h two o",
        "kinetic energy of 2 kilograms at 3 metres per second",
    ):
        questions.answer(question)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    warm_up()
    serve(answer)
