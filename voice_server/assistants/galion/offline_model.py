"""Galion without a language model: rules that understand, science that computes, sentences that answer."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from pipeline.items import new_id
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    NamedTool,
    TextDelta,
    ToolCallDelta,
    ToolDefinition,
    Usage,
)
from voice_server.assistants.galion import client_tools, heard, small_talk
from voice_server.assistants.galion.laboratory import Laboratory
from voice_server.assistants.galion.tools import DEFINITIONS

_OWN_TOOLS: Final = frozenset(definition.name for definition in DEFINITIONS)
_HISTORY: Final = 5
"""What the person said before, as far as a question may refer to it."""
_TOO_LONG: Final = "That took too long"
_ARGUMENT_PIECE: Final = 24
"""Characters of a call's arguments in one delta."""


def local_time() -> datetime:
    """Now, where the server is."""
    return datetime.now().astimezone()


class OfflineModel:
    """A LanguageModel that needs no provider. Knows English.

    It counts as one token every word, as white space separates them: of all messages for the input, of the answer or of
    a call's arguments for the output.
    """

    name = "embedded"

    def __init__(self, laboratory: Laboratory, clock: Callable[[], datetime] = local_time) -> None:
        self._laboratory = laboratory
        self._clock = clock

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        """Answer the last message. Raises ProviderUnavailable if the science cannot be reached."""
        tool = _tool_to_call(messages, options)
        if tool is not None:
            for call in _call(tool, _last_said(messages)):
                yield call
            words = len(client_tools.arguments(tool, _last_said(messages)).split())
            yield Completed("tool_calls", Usage(_input_tokens(messages), 0, words))
            return
        answer = await self._answer(messages)
        pieces = answer.split(" ")
        limit = options.max_output_tokens
        kept = pieces if limit is None else pieces[: max(0, limit)]
        for at, word in enumerate(kept):
            yield TextDelta(word if at == 0 else f" {word}")
        reason: Final = "stop" if len(kept) == len(pieces) else "length"
        yield Completed(reason, Usage(_input_tokens(messages), 0, len(kept)))

    async def _answer(self, messages: Sequence[ModelMessage]) -> str:
        results = _results(messages)
        if results:
            return client_tools.said(results)
        said = [message.text for message in messages if message.role == "user" and message.text.strip()]
        if not said:
            return "Hello, I am Galion. What shall we work out?"
        plain = heard.plain(said[-1])
        replies = [message.text for message in messages if message.role == "assistant" and message.text.strip()]
        talk = small_talk.reply(plain, said, replies[-1] if replies else "", self._clock())
        if talk is not None:
            return talk
        if small_talk.is_italian(said[-1]):
            return small_talk.ONLY_ENGLISH
        finding = await self._laboratory.ask(said[-1], _history(messages))
        if finding.status == "unknown":
            return small_talk.at_a_loss(plain, len(said))
        return finding.text


def _history(messages: Sequence[ModelMessage]) -> list[str]:
    """What was said before the last message, without what took too long: it would do so again."""
    kept: list[str] = []
    for message in messages:
        if message.role == "user" and message.text.strip():
            kept.append(message.text)
        elif message.role == "assistant" and message.text.startswith(_TOO_LONG) and kept:
            kept.pop()
    return kept[:-1][-_HISTORY:]


def _last_said(messages: Sequence[ModelMessage]) -> str:
    return next((message.text for message in reversed(messages) if message.role == "user" and message.text), "")


def _results(messages: Sequence[ModelMessage]) -> list[str]:
    """What the functions called last have given, if that is what is to be answered."""
    results: list[str] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        results.insert(0, message.text)
    return results


def _tool_to_call(messages: Sequence[ModelMessage], options: CompletionOptions) -> ToolDefinition | None:
    """The function that must be called, or that the user's words clearly ask for."""
    choice = options.tool_choice
    if choice == "none" or not options.tools or (messages and messages[-1].role == "tool"):
        return None
    if isinstance(choice, NamedTool):
        return next((tool for tool in options.tools if tool.name == choice.name), None)
    theirs = [tool for tool in options.tools if tool.name not in _OWN_TOOLS]
    said = _last_said(messages)
    found = client_tools.matching(theirs, said) if said else None
    if choice == "required":
        return found or (theirs or list(options.tools))[0]
    return found


def _call(tool: ToolDefinition, said: str) -> Iterator[ToolCallDelta]:
    written = client_tools.arguments(tool, said)
    yield ToolCallDelta(0, new_id("call"), tool.name, "")
    for start in range(0, len(written), _ARGUMENT_PIECE):
        yield ToolCallDelta(0, None, None, written[start : start + _ARGUMENT_PIECE])


def _input_tokens(messages: Sequence[ModelMessage]) -> int:
    calls = (call.arguments for message in messages for call in message.tool_calls)
    return sum(len(text.split()) for text in (*(message.text for message in messages), *calls))
