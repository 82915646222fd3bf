"""What a reply answers: the conversation, or the items that the client chose, as soon as all their words are known."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from pipeline.conversation import Conversation, model_messages, untranscribed, with_transcript
from pipeline.errors import ProviderError
from pipeline.events import ReplyRequested
from pipeline.items import Item, Message, Speech
from pipeline.listening import recorded
from pipeline.providers.interfaces import ModelMessage
from pipeline.settings import SessionSettings
from pipeline.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Turn:
    """An utterance that waits for an answer. Times are in seconds of the event loop."""

    utterance: Utterance
    speech_ended_at: float
    noticed_at: float
    """When work for its answer began."""


@dataclass(frozen=True, slots=True)
class Question:
    """One of them."""

    request: ReplyRequested
    instructions: str
    turn: Turn | None
    """What the user has just said; None if it is something else that is answered."""
    conversation: Conversation
    settings: SessionSettings

    async def messages(
        self, hearing: Iterable[Utterance], hear: Callable[[Utterance], Awaitable[object]]
    ) -> list[ModelMessage] | None:
        """Wait for the words of what is still being heard; None if there is nothing to answer.

        `hear` has a recording transcribed. Raises ProviderError if the words will never be known.
        """
        for utterance in list(hearing):
            if utterance.item_id in self.conversation:
                await utterance.settled()
        words = await self.turn.utterance.transcript() if self.turn else None
        if self.request.input is None:
            items = list(self.conversation)
        else:
            items = [await self._with_words(item, hear) for item in self.request.input]
        messages = model_messages(self.instructions, items, self.settings.max_history_items)
        # A cough is no question, unless it came before an earlier one could be answered.
        is_answered = not messages or messages[-1].role in ("system", "assistant")
        return None if words == "" and is_answered else messages

    async def guess(self, words: str, hearing: Iterable[Utterance]) -> list[ModelMessage]:
        """The messages, if the utterance that is still open were over and these were its words."""
        assert self.turn is not None
        for utterance in list(hearing):
            if utterance is not self.turn.utterance and utterance.item_id in self.conversation:
                await utterance.settled()
        said = Message(self.turn.utterance.item_id, "user", (Speech(words),))
        return model_messages(self.instructions, [*self.conversation, said], self.settings.max_history_items)

    async def _with_words(self, given: Item | str, hear: Callable[[Utterance], Awaitable[object]]) -> Item:
        """An item that one reply alone is about, with the words of its audio."""
        item = self.conversation.get(given) if isinstance(given, str) else given
        if item is None:
            raise ProviderError("item_deleted", f"The item {given!r} was deleted before it could be answered.")
        samples = untranscribed(item)
        if samples is None:
            return item
        utterance = recorded(item.id, samples, self.settings)
        await hear(utterance)
        return with_transcript(item, await utterance.transcript())
