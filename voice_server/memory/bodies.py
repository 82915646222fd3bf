"""What the routes of memories are sent."""

from typing import Annotated

from pydantic import AfterValidator, Field

from voice_server.http.bodies import Body
from voice_server.memory.topics import MAX_VALUE


def _one_line(value: str) -> str:
    line = " ".join(value.split())
    if not line or not line.isprintable():
        raise ValueError("it must be one line of readable characters")
    return line


class CorrectionBody(Body):
    """What is right instead."""

    value: Annotated[str, Field(min_length=1, max_length=MAX_VALUE), AfterValidator(_one_line)]
