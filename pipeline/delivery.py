"""How a reply reaches the client and the conversation: at once, or not before it is released.

A reply is held back while it is a guess (nobody may know of it yet) and while somebody perhaps speaks over it.
"""

import asyncio
from dataclasses import replace

from pipeline.conversation import Conversation
from pipeline.events import (
    Output,
    ReplyArguments,
    ReplyAudio,
    ReplyItemFinished,
    ReplyItemStarted,
    ToolCalled,
    ToolReturned,
)
from pipeline.items import Item
from pipeline.outbox import Outbox


class Delivery:
    """The way out of one reply. What waits in it is bounded by the lead that its audio may have over the ear."""

    def __init__(self, reply_id: str, outbox: Outbox, conversation: Conversation | None, *, held: bool = False) -> None:
        """`conversation`: where its items go; None: nowhere."""
        self.reply_id = reply_id
        self._outbox = outbox
        self._conversation = conversation
        self._waiting: list[Output] = []
        self._is_closed = False
        self._flows = asyncio.Event()
        if not held:
            self._flows.set()

    @property
    def is_held(self) -> bool:
        """Whether nothing leaves at the moment."""
        return not self._flows.is_set()

    async def released(self) -> None:
        """Wait until things may leave."""
        await self._flows.wait()

    def hold(self) -> None:
        """Let nothing leave from now on."""
        self._flows.clear()

    def release(self) -> None:
        """Let everything leave that waits, and what comes."""
        self._flows.set()
        waiting, self._waiting = self._waiting, []
        for output in waiting:
            self._give(output)

    def discard_audio(self) -> None:
        """Forget the audio that waits. What was written still leaves: it cannot be unwritten."""
        self._waiting = [output for output in self._waiting if not isinstance(output, ReplyAudio)]

    def close(self) -> None:
        """Accept nothing more: what a cancelled task still says on its way out is not heard."""
        self._is_closed = True

    def successor(self) -> "Delivery":
        """For what comes after this reply was stopped: held, and nameless until another reply takes it over."""
        return Delivery("", self._outbox, self._conversation, held=True)

    def take_over(self, nameless: "Delivery") -> None:
        """Let what waits there leave as this reply's."""
        waiting, nameless._waiting = nameless._waiting, []
        for output in waiting:
            if isinstance(output, (ReplyItemStarted, ReplyArguments, ReplyItemFinished, ToolCalled, ToolReturned)):
                self.put(replace(output, reply_id=self.reply_id))
        nameless.release()

    def put(self, output: Output) -> None:
        """Let this leave. What a tool did is a fact, even if the reply that wanted it is over."""
        if self._is_closed and not isinstance(output, (ToolCalled, ToolReturned)):
            return
        if self.is_held:
            self._waiting.append(output)
        else:
            self._give(output)

    def begin(self, item: Item) -> None:
        """The reply begins an item."""
        self.put(ReplyItemStarted(self.reply_id, item, None))

    def finish(self, item: Item) -> None:
        """An item of the reply is complete, or will never be."""
        self.put(ReplyItemFinished(self.reply_id, item))

    def _give(self, output: Output) -> None:
        match output:
            case ReplyItemStarted(item=item) if self._conversation:
                output = replace(output, previous_item_id=self._conversation.add(item))
            case ReplyItemFinished(item=item) if self._conversation:
                self._conversation.replace(item)
        self._outbox.put(output)
