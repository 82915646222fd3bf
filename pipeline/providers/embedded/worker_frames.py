"""The messages between the server and a worker process: a JSON header and a binary body.

On the pipe: the header's length and the body's length, 4 bytes each, big-endian; the header; the body.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LENGTHS = struct.Struct(">II")
MAX_HEADER_BYTES = 1 << 20
MAX_BODY_BYTES = 1 << 26


class FrameError(Exception):
    """What came over the pipe is no frame; the other side is out of step and cannot be talked to any more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    header: dict[str, Any]
    body: bytes = b""

    def encode(self) -> bytes:
        """The bytes that go over the pipe."""
        header = json.dumps(self.header, separators=(",", ":")).encode()
        return LENGTHS.pack(len(header), len(self.body)) + header + self.body


def decode_lengths(data: bytes) -> tuple[int, int]:
    """The lengths of header and body. Raises FrameError if they cannot be meant."""
    header_bytes, body_bytes = LENGTHS.unpack(data)
    if header_bytes > MAX_HEADER_BYTES or body_bytes > MAX_BODY_BYTES:
        raise FrameError(f"a frame of {header_bytes} + {body_bytes} bytes")
    return header_bytes, body_bytes


def decode(header: bytes, body: bytes) -> Frame:
    """The frame of these bytes. Raises FrameError if the header is not a JSON object."""
    try:
        fields = json.loads(header)
    except ValueError as error:
        raise FrameError(f"a header that is not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise FrameError("a header that is not a JSON object")
    return Frame(fields, body)


def read_frame(read: Callable[[int], bytes]) -> Frame | None:
    """Read one frame with a blocking `read` that gives fewer bytes than asked for only at the end; None at the end."""
    lengths = read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    header_bytes, body_bytes = decode_lengths(lengths)
    header, body = read(header_bytes), read(body_bytes)
    if len(header) + len(body) < header_bytes + body_bytes:
        return None
    return decode(header, body)
