"""What was said, in order; and what of it the model is shown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from pipeline.audio import INPUT_RATE, Samples
from pipeline.errors import RequestError
from pipeline.items import FunctionCall, FunctionCallOutput, Image, Item, Message, Speech
from pipeline.providers.interfaces import ModelMessage, ToolCall

FIRST = "root"
"""The `previous_item_id` that means: before all others."""


class Conversation:
    """The items of one conversation. Without I/O."""

    def __init__(self, items: Iterable[Item] = (), *, max_kept_audio_seconds: float = 60.0) -> None:
        self._items: dict[str, Item] = {item.id: item for item in items}
        self._max_kept_samples = int(max_kept_audio_seconds * INPUT_RATE)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def __contains__(self, item_id: str) -> bool:
        return item_id in self._items

    def get(self, item_id: str) -> Item | None:
        """The item of this id."""
        return self._items.get(item_id)

    @property
    def last_id(self) -> str | None:
        """The id of the last item."""
        return next(reversed(self._items), None)

    @property
    def last_said(self) -> str:
        """What the assistant said last."""
        for item in reversed(self._items.values()):
            if isinstance(item, Message) and item.role == "assistant":
                return item.text
        return ""

    def add(self, item: Item, previous_item_id: str | None = None) -> str | None:
        """Put an item after another (None: last, `root`: first); give the id of its predecessor.

        Raises RequestError if its id is taken or the other does not exist.
        """
        if item.id in self._items:
            raise RequestError(
                "item_create_duplicate_item_id", f"An item with the id {item.id!r} already exists.", param="item.id"
            )
        if previous_item_id is None or previous_item_id == self.last_id:
            predecessor = self.last_id
            self._items[item.id] = item
        else:
            predecessor = self._insert(item, previous_item_id)
        self._let_go_of_audio()
        return predecessor

    def _insert(self, item: Item, previous_item_id: str) -> str | None:
        if previous_item_id != FIRST and previous_item_id not in self._items:
            raise RequestError(
                "item_create_invalid_previous_item_id",
                f"There is no item with the id {previous_item_id!r} to put an item after.",
                param="previous_item_id",
            )
        items = list(self._items.values())
        place = 0 if previous_item_id == FIRST else list(self._items).index(previous_item_id) + 1
        items.insert(place, item)
        self._items = {other.id: other for other in items}
        return None if place == 0 else previous_item_id

    def replace(self, item: Item) -> None:
        """Put a newer version of an item in its place; if it was removed meanwhile, it stays removed."""
        if item.id in self._items:
            self._items[item.id] = item

    def remove(self, item_id: str) -> Item | None:
        """Take an item out."""
        return self._items.pop(item_id, None)

    def set_transcript(self, item_id: str, transcript: str) -> None:
        """The words of a spoken message are known, or are others than was thought."""
        if item := self._items.get(item_id):
            self._items[item_id] = with_transcript(item, transcript)

    def _let_go_of_audio(self) -> None:
        """Keep the newest audio only, so that a long conversation does not grow by 2 MB a minute."""
        kept = 0
        for item in reversed(list(self._items.values())):
            kept += _sample_count(item)
            if isinstance(item, Message) and kept > self._max_kept_samples and untranscribed(item) is None:
                parts = (replace(part, samples=None) if isinstance(part, Speech) else part for part in item.content)
                self._items[item.id] = replace(item, content=tuple(parts))


def _sample_count(item: Item) -> int:
    parts = item.content if isinstance(item, Message) else ()
    return sum(len(part.samples) for part in parts if isinstance(part, Speech) and part.samples is not None)


def with_transcript(item: Item, transcript: str) -> Item:
    """The same item, with these words as what was spoken in it."""
    if not isinstance(item, Message):
        return item
    parts = (replace(part, transcript=transcript) if isinstance(part, Speech) else part for part in item.content)
    return replace(item, content=tuple(parts))


def untranscribed(item: Item) -> Samples | None:
    """The audio of an item (int16, 16 kHz) whose words are not known yet."""
    if isinstance(item, Message):
        for part in item.content:
            if isinstance(part, Speech) and part.transcript is None and part.samples is not None:
                return part.samples
    return None


def model_messages(instructions: str, items: Sequence[Item], max_items: int) -> list[ModelMessage]:
    """The conversation as a language model is shown it: only what was heard, and no call without its result."""
    messages = [ModelMessage("system", instructions)] if instructions else []
    asked: dict[str, ToolCall] = {}
    for kind, run in groupby(items[-max_items:], type):
        if kind is FunctionCallOutput:
            _add_answered(messages, asked, [item for item in run if isinstance(item, FunctionCallOutput)])
            continue
        for item in run:
            if isinstance(item, FunctionCall):
                asked[item.call_id] = ToolCall(item.call_id, item.name, item.arguments)
            elif isinstance(item, Message) and (message := _model_message(item)):
                messages.append(message)
    return messages


def _model_message(message: Message) -> ModelMessage | None:
    images = tuple(part.url for part in message.content if isinstance(part, Image))
    text = message.text
    return ModelMessage(message.role, text, images=images) if text or images else None


def _add_answered(
    messages: list[ModelMessage], asked: dict[str, ToolCall], outputs: Sequence[FunctionCallOutput]
) -> None:
    """Show calls where their results are: models refuse a call that anything but its result follows.

    In between there may be what the assistant said in the reply that called, or what the user said meanwhile.
    """
    # Of two results of one call, the first counts.
    results = {output.call_id: output.output for output in reversed(outputs) if output.call_id in asked}
    if not results:
        return
    calls = tuple(call for call in asked.values() if call.call_id in results)
    if messages and messages[-1].role == "assistant":
        messages[-1] = replace(messages[-1], tool_calls=calls)
    else:
        messages.append(ModelMessage("assistant", "", tool_calls=calls))
    for call in calls:
        del asked[call.call_id]
        messages.append(ModelMessage("tool", results[call.call_id], call_id=call.call_id))
