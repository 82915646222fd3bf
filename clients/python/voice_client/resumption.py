"""What it takes to go on with a conversation over another connection: what has been received, and the proof of it."""

from collections.abc import Iterator, Mapping
from math import inf
from random import uniform
from typing import Any

from voice_client.events import RATE, ReplyAudio

_RESUMABLE_CODES = frozenset({1001, 1005, 1006, 1011, 1012, 1013, 1014})
"""Of RFC 6455: the server goes, or something in between failed. Every other code was meant as an end."""
_FIRST_DELAY_SECONDS = 0.25
_LONGEST_DELAY_SECONDS = 8.0
_JITTER = (0.75, 1.25)
"""So that a thousand clients of a server that comes back do not come back at the same moment."""
_MOST_SEEN = 4096


def is_resumable(code: int) -> bool:
    """Whether a connection that was closed with this code is to be opened again."""
    return code in _RESUMABLE_CODES


def delays() -> Iterator[float]:
    """Seconds to wait before each attempt."""
    yield 0.0
    seconds = _FIRST_DELAY_SECONDS
    while True:
        yield seconds * uniform(*_JITTER)  # noqa: S311 -- nothing here is secret
        seconds = min(_LONGEST_DELAY_SECONDS, seconds * 2)


class Resumption:
    """Grows with every message of the server."""

    def __init__(self) -> None:
        self._token: str | None = None
        self._expires_seconds = 0.0
        self._seq = 0
        self._connection = 1
        self._seen: dict[str, None] = {}
        """Ids of events that came since `_seq`; a dictionary, because its order tells the oldest."""
        self._item_id: str | None = None
        self._item_samples = 0
        self._lost_at: float | None = None

    @property
    def is_possible(self) -> bool:
        """Whether the server offered it."""
        return self._token is not None

    def receive(self, fields: Mapping[str, Any]) -> bool:
        """One event of the server. False if it came before."""
        event_id = fields.get("event_id")
        if event_id in self._seen:
            return False
        if event_id is not None:
            self._seen[event_id] = None
            if len(self._seen) > _MOST_SEEN:
                del self._seen[next(iter(self._seen))]
        if (seq := fields.get("seq")) is not None:
            self._seq = max(self._seq, int(seq))
            self._seen.clear()
        match fields["type"]:
            case "voice.resume":
                self._token = str(fields["token"])
                self._expires_seconds = fields["expires_in_ms"] / 1000
            case "response.output_audio.done" | "response.done" | "input_audio_buffer.speech_started":
                self._item_id = None
        return True

    def receive_audio(self, audio: ReplyAudio) -> None:
        """It is played, now or soon."""
        if audio.item_id != self._item_id:
            self._item_id, self._item_samples = audio.item_id, 0
        self._item_samples += len(audio.samples)

    def query(self) -> dict[str, str]:
        """What the next connection asks for."""
        if self._token is None:
            return {}
        query = {"resume": self._token, "after": str(self._seq), "connection": str(self._connection)}
        if self._item_id is not None:
            query |= {"item": self._item_id, "received_ms": str(self._item_samples * 1000 // RATE)}
        return query

    def lose(self, now: float) -> None:
        """The connection was lost, at this time; the first loss counts until another connection is there."""
        if self._lost_at is None:
            self._lost_at = now

    @property
    def expires_at(self) -> float:
        """When the server forgets the conversation that was lost; never, as long as it was not."""
        return inf if self._lost_at is None else self._lost_at + self._expires_seconds

    def forget(self) -> None:
        """The server does not go on with the conversation."""
        self._token = None

    def resumed(self, connection: int, after: int) -> None:
        """Another connection is there; what was said over the lost one is cut, and the rest of it is another item.

        What that had brought after `after` is in no log: what the numbers stand for now is something else.
        """
        self._lost_at = None
        self._item_id = None
        self._connection = connection
        self._seq = after
