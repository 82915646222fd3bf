"""What was asked of the server and not yet answered: after a lost connection it is asked again."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

_MOST_WAITING = 256
"""A server that answers none of so many will not answer the oldest any more."""
_ANSWERS = {
    "session.update": ("session.updated",),
    "conversation.item.create": ("conversation.item.added", "conversation.item.done"),
    "response.create": ("response.created",),
    "response.cancel": ("response.done",),
    "input_audio_buffer.commit": ("input_audio_buffer.committed",),
}
_HARMLESS_TWICE = frozenset(
    {
        "item_create_duplicate_item_id",
        "response_cancel_not_active",
        "conversation_already_has_active_response",
        "input_audio_buffer_commit_empty",
    }
)
"""What a server says to somebody who asks again for what was done."""
_OF_ONE_CONVERSATION = frozenset({"session.update", "response.cancel"})
"""Mean nothing to another one."""


def new_id(kind: str) -> str:
    """At most 32 characters, as the protocol asks of items."""
    return f"{kind}_{uuid4().hex[:24]}"


@dataclass(slots=True)
class _Request:
    message: Mapping[str, Any]
    is_sent: bool = False
    is_repeated: bool = False


class Requests:
    """In the order in which they were made."""

    def __init__(self) -> None:
        self._waiting: deque[_Request] = deque(maxlen=_MOST_WAITING)

    def add(self, message: Mapping[str, Any]) -> None:
        """To be sent, and kept until it is answered."""
        self._waiting.append(_Request({"event_id": new_id("req"), **message}))

    def next(self) -> Mapping[str, Any] | None:
        """The oldest that was not sent; counts as sent. None: all were."""
        for request in self._waiting:
            if not request.is_sent:
                request.is_sent = True
                return request.message
        return None

    def send_again(self) -> None:
        """The connection was lost: what was not answered may not have arrived."""
        for request in self._waiting:
            request.is_repeated |= request.is_sent
            request.is_sent = False

    def restart(self, first: Mapping[str, Any]) -> None:
        """Another conversation begins: `first` is asked, and then everything anew that may mean something to it."""
        kept = [request.message for request in self._waiting if request.message["type"] not in _OF_ONE_CONVERSATION]
        self._waiting.clear()
        self.add(first)
        self._waiting.extend(_Request(message) for message in kept)

    def receive(self, fields: Mapping[str, Any]) -> bool:
        """The server said something. True if it only says that a repeated request had been done before."""
        if fields["type"] == "error":
            return self._receive_error(fields["error"])
        for request in self._waiting:
            if (request.is_sent or request.is_repeated) and _answers(request.message, fields):
                self._waiting.remove(request)
                return False
        return False

    def _receive_error(self, error: Mapping[str, Any]) -> bool:
        for request in self._waiting:
            if request.message["event_id"] == error.get("event_id"):
                self._waiting.remove(request)
                return request.is_repeated and error.get("code") in _HARMLESS_TWICE
        return False


def _answers(message: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    kind = message["type"]
    if fields["type"] not in _ANSWERS.get(kind, ()):
        return False
    if kind == "response.create":
        # The rest of an answer that was cut is nothing that was asked for.
        return not (fields["response"].get("metadata") or {}).get("continues")
    return kind != "conversation.item.create" or bool(message["item"]["id"] == fields["item"]["id"])
