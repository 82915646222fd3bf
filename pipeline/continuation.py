"""A reply that was cut off together with everything that made it, and what goes on with it.

What was written of it and not said is said as it stands. If the model had not written all of it, it is asked to go on
from there; should it begin anew instead, what it repeats is left out.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from pipeline.errors import ProviderSaidNothing
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    LanguageModel,
    ModelDelta,
    ModelMessage,
    TextDelta,
    Usage,
)
from pipeline.settings import ReplyOptions

GO_ON = (
    "The connection broke while you were speaking. Your last message is all that you had said. Go on exactly where it "
    "ends, in the middle of the sentence if need be; repeat nothing and do not mention the break."
)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A reply that ended with the session that gave it."""

    reply_id: str
    """Empty if none had been begun."""
    options: ReplyOptions
    """With nothing left open."""
    written: str
    """All that is known of what it had to say; of one that was itself the rest of another, with what that had said."""
    is_complete: bool
    """Whether that is everything."""
    start: int
    """The character of it that the user has not heard yet."""
    pieces: int = 1
    """Messages at the end of the conversation that hold what was heard of it."""


class Continuation:
    """A model that begins with the rest of what was written. Satisfies `LanguageModel`."""

    def __init__(self, model: LanguageModel, unfinished: Unfinished) -> None:
        self.name = model.name
        self._model = model
        self._unfinished = unfinished

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel. The last messages may be what was heard of the reply."""
        unfinished = self._unfinished
        if rest := unfinished.written[unfinished.start :]:
            yield TextDelta(rest)
        if unfinished.is_complete:
            yield Completed("stop", Usage())
            return
        deltas = self._model.complete(self._asked(messages), options)
        async with aclosing(deltas), aclosing(without_repetition(deltas, unfinished.written)) as new:
            try:
                async for delta in new:
                    yield delta
            except ProviderSaidNothing:
                if not unfinished.written.strip():
                    raise
                # It had been cut just before it would have said that this was all.
                yield Completed("stop", Usage())

    def _asked(self, messages: Sequence[ModelMessage]) -> list[ModelMessage]:
        asked, written = list(messages), self._unfinished.written
        for _ in range(self._unfinished.pieces):
            if asked and asked[-1].role == "assistant" and not asked[-1].tool_calls:
                asked.pop()
        if written.strip():
            asked += [ModelMessage("assistant", written), ModelMessage("system", GO_ON)]
        return asked


async def without_repetition(deltas: AsyncIterator[ModelDelta], written: str) -> AsyncGenerator[ModelDelta, None]:
    """The same without `written` at its beginning, if that is how it begins."""
    before = written.strip()
    held: str | None = "" if before else None
    """What may turn out to be `written` once more; None once that is known."""
    async for delta in deltas:
        if held is None or not isinstance(delta, TextDelta):
            yield delta
            continue
        held += delta.text
        begun = held.lstrip()
        if not before.startswith(begun):
            new = begun.removeprefix(before)
            held = None
            if written[-1:].isspace():
                new = new.lstrip()
            elif new[:1].isalnum():
                new = f" {new}"
            yield TextDelta(new)
