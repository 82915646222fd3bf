"""The order in which a server's messages may come, checked over everything that one client received."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from voice_server.wire.json_text import Json

Message = dict[str, Any]


@dataclass
class _Item:
    shown: Message
    in_conversation: bool
    added: bool = False
    part: str | None = None
    deltas: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)


@dataclass
class _Response:
    conversation_id: str | None
    items: dict[str, _Item] = field(default_factory=dict)
    done: bool = False


class OrderingError(AssertionError):
    """A message came at a time when clients cannot bear it."""


def check_order(messages: Iterable[Json], placed_first: Collection[str] = ()) -> None:
    """Check a whole stream, from `session.created` on. Binary frames are to be left out.

    `placed_first`: ids of items that the client has put before all others.
    """
    checker = _Checker(placed_first)
    for index, message in enumerate(messages):
        try:
            checker.check(index, message)
        except (AssertionError, KeyError) as error:
            raise OrderingError(f"message {index}, {message.get('type')}: {error!r}: {message}") from error
    checker.finish()


class _Checker:
    def __init__(self, placed_first: Collection[str]) -> None:
        self.placed_first = placed_first
        self.event_ids: set[str] = set()
        self.items: set[str] = set()
        self.announced: set[str] = set()
        self.committed: set[str] = set()
        self.responses: dict[str, _Response] = {}

    def check(self, index: int, message: Message) -> None:
        kind = message["type"]
        assert (index == 0) == (kind == "session.created"), "session.created comes first, and once"
        assert message["event_id"] not in self.event_ids, "event ids are unique"
        self.event_ids.add(message["event_id"])
        if kind in ("response.created", "response.done"):
            self._response(kind, message["response"])
        elif kind.startswith("response."):
            self._within_response(kind, message)
        elif kind.startswith("conversation.item."):
            self._item(kind.removeprefix("conversation.item."), message)
        elif kind.startswith("input_audio_buffer."):
            self._utterance(kind.removeprefix("input_audio_buffer."), message)

    def finish(self) -> None:
        """What has begun may be unfinished when a client leaves, but not with its response done."""
        for response in self.responses.values():
            for item_id, item in response.items.items():
                assert not response.done or "output_item" in item.closed, f"{item_id} was never closed"

    def _response(self, kind: str, response: Message) -> None:
        if kind == "response.created":
            assert response["id"] not in self.responses
            assert response["status"] == "in_progress"
            assert response["output"] == []
            assert response["usage"] is None
            running = [r for r in self.responses.values() if not r.done and r.conversation_id is not None]
            assert response["conversation_id"] is None or not running, "one response of the conversation at a time"
            self.responses[response["id"]] = _Response(response["conversation_id"])
            return
        known = self.responses[response["id"]]
        assert not known.done, "nothing comes after response.done"
        known.done = True
        assert [item["id"] for item in response["output"]] == list(known.items)
        for item in response["output"]:
            assert item == known.items[item["id"]].shown, "response.done shows the items as output_item.done did"
            assert "output_item" in known.items[item["id"]].closed, "all items are closed"
            assert response["status"] != "completed" or item["status"] == "completed"

    def _within_response(self, kind: str, message: Message) -> None:
        response = self.responses[message["response_id"]]
        assert not response.done, "nothing comes after response.done"
        if kind == "response.output_item.added":
            self._output_item_added(response, message)
            return
        item_id = message["item"]["id"] if "item" in message else message["item_id"]
        item = response.items[item_id]
        assert message["output_index"] == list(response.items).index(item_id)
        assert item.added or not item.in_conversation, "conversation.item.added comes before what is in the item"
        assert "output_item" not in item.closed, "nothing of an item comes after it is done"
        if kind == "response.output_item.done":
            self._output_item_done(item, message)
        elif kind.startswith("response.function_call_arguments"):
            self._arguments(kind, item, message)
        else:
            self._part(kind.removeprefix("response."), item, message)

    def _output_item_added(self, response: _Response, message: Message) -> None:
        shown = message["item"]
        assert message["output_index"] == len(response.items)
        assert shown["status"] == "in_progress"
        if shown["type"] == "function_call":
            assert shown["arguments"] == ""
            assert shown["name"]
            assert 0 < len(shown["call_id"]) <= 32
        else:
            assert shown["content"] == []
        response.items[shown["id"]] = _Item(shown, response.conversation_id is not None)

    def _output_item_done(self, item: _Item, message: Message) -> None:
        assert item.part is None or "content_part" in item.closed, "the part is closed before its item"
        assert "conversation" in item.closed or not item.in_conversation, "conversation.item.done comes first"
        assert message["item"]["status"] in ("completed", "incomplete")
        item.closed.add("output_item")
        item.shown = message["item"]
        if item.part is not None:
            words = "transcript" if item.part == "audio" else "text"
            said = item.deltas.get("output_audio_transcript" if item.part == "audio" else "output_text", "")
            assert [content[words] for content in message["item"]["content"]] == [said]
        if message["item"]["type"] == "function_call":
            assert message["item"]["arguments"] == item.deltas.get("arguments", "")
            assert message["item"]["status"] != "completed" or "arguments" in item.closed

    def _arguments(self, kind: str, item: _Item, message: Message) -> None:
        assert "arguments" not in item.closed
        assert message["call_id"] == item.shown["call_id"]
        if kind.endswith(".delta"):
            item.deltas["arguments"] = item.deltas.get("arguments", "") + message["delta"]
            return
        assert message["name"] == item.shown["name"]
        assert message["arguments"] == item.deltas.get("arguments", "")
        item.closed.add("arguments")

    def _part(self, kind: str, item: _Item, message: Message) -> None:
        name, _, stage = kind.partition(".")
        assert message["content_index"] == 0
        assert name not in item.closed, f"{name} is already done"
        if kind == "content_part.added":
            assert item.part is None
            item.part = message["part"]["type"]
            return
        assert item.part is not None, "content_part.added comes first"
        streams = {"audio": ("output_audio", "output_audio_transcript"), "text": ("output_text",)}[item.part]
        if stage == "delta":
            assert name in streams
            item.deltas[name] = item.deltas.get(name, "") + message["delta"]
            return
        item.closed.add(name)
        words = {"output_text": "text", "output_audio_transcript": "transcript"}.get(name)
        if words:
            assert message[words] == item.deltas.get(name, ""), "done says what the deltas said"
        if name == "content_part":
            assert set(streams) <= item.closed, "the streams of a part are closed before it"
            assert message["part"]["type"] == item.part

    def _item(self, kind: str, message: Message) -> None:
        match kind:
            case "added":
                item = message["item"]
                assert item["id"] not in self.items
                is_first = not self.items or item["id"] in self.placed_first
                assert (message["previous_item_id"] is None) == is_first, "null is for the first item only"
                assert message["previous_item_id"] is None or message["previous_item_id"] in self.items
                self.items.add(item["id"])
                for response in self.responses.values():
                    if item["id"] in response.items:
                        assert not response.done
                        response.items[item["id"]].added = True
            case "done":
                item = message["item"]
                assert item["id"] in self.items
                for response in self.responses.values():
                    if item["id"] in response.items:
                        response.items[item["id"]].closed.add("conversation")
            case "deleted":
                self.items.discard(message["item_id"])
                for response in self.responses.values():
                    if message["item_id"] in response.items:
                        response.items[message["item_id"]].in_conversation = False
            case _ if kind.startswith("input_audio_transcription."):
                assert message["content_index"] == 0

    def _utterance(self, kind: str, message: Message) -> None:
        match kind:
            case "speech_started":
                assert message["item_id"] not in self.announced
                self.announced.add(message["item_id"])
                assert type(message["audio_start_ms"]) is int
            case "speech_stopped":
                assert message["item_id"] in self.announced
                assert message["item_id"] not in self.committed
                assert type(message["audio_end_ms"]) is int
            case "committed":
                assert message["item_id"] not in self.committed
                self.committed.add(message["item_id"])
