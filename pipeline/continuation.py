"""A reply that was cut off together with everything that made it, and what goes on with it.

What was written of it and not said is said as it stands. If the model had not written all of it, it is asked to go on
from there; should it begin anew instead, what it repeats is left out. It is shown what the reply had called, so that
nothing that changes anything is called twice.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
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
    ToolCall,
    Usage,
)
from pipeline.settings import ReplyOptions
from pipeline.tools import Tool

GO_ON = (
    "The connection broke while you were speaking. Your last message is all that you had said. Go on exactly where it "
    "ends, in the middle of the sentence if need be; repeat nothing and do not mention the break."
)

CUT_SHORT = (
    "The connection broke while this ran, and nobody knows whether it was carried out. Do not call it again: say so, "
    "and let the user decide."
)
"""What the model is told of a call that changes something, and whose result was lost."""
CALLED_BY_CLIENT = "The client is running this function. Its result is not there yet; do not call it again."
"""What it is told of a call of the client's, while it goes on with the results of the server's tools."""


@dataclass(frozen=True, slots=True)
class Called:
    """A function that a reply has called."""

    name: str
    arguments: str
    output: str | None = None
    """None: it was lost."""
    by_client: bool = False
    """Whether it is the client who runs it, and tells the result in an item."""


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
    called: tuple[Called, ...] = ()
    """By all of it, in this order."""


class Continuation:
    """A model that begins with the rest of what was written. Satisfies `LanguageModel`."""

    def __init__(self, model: LanguageModel, unfinished: Unfinished, tools: Mapping[str, Tool]) -> None:
        """`tools`: the server's, by name."""
        self.name = model.name
        self._model = model
        self._unfinished = unfinished
        self._called = _calls(unfinished.called, tools)
        self._place: int | None = None
        """In the messages, where the reply begins; None: the model was not asked yet."""

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """See LanguageModel. The last messages may be what was heard of the reply."""
        if self._place is not None:
            # It has called something more, and goes on with the result.
            shown = [*messages[: self._place], *self._called, *messages[self._place :]]
            async with aclosing(self._model.complete(shown, options)) as deltas:
                async for delta in deltas:
                    yield delta
            return
        asked = self._asked(messages)
        unfinished = self._unfinished
        if rest := unfinished.written[unfinished.start :]:
            yield TextDelta(rest)
        if unfinished.is_complete:
            yield Completed("stop", Usage())
            return
        deltas = self._model.complete(asked, options)
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
        self._place = len(asked)
        asked += self._called
        if written.strip():
            asked += [ModelMessage("assistant", written), ModelMessage("system", GO_ON)]
        return asked


def _calls(called: Sequence[Called], tools: Mapping[str, Tool]) -> list[ModelMessage]:
    """The calls with what is known of them. One that only looks something up is made again if its result was lost."""
    known: dict[ToolCall, str] = {}
    for number, each in enumerate(called):
        call = ToolCall(f"call_before_{number}", each.name, each.arguments)
        if each.by_client:
            known[call] = CALLED_BY_CLIENT
        elif each.output is not None:
            known[call] = each.output
        elif each.name in tools and tools[each.name].writes:
            known[call] = CUT_SHORT
    if not known:
        return []
    results = [ModelMessage("tool", output, call_id=call.call_id) for call, output in known.items()]
    return [ModelMessage("assistant", "", tool_calls=tuple(known)), *results]


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
