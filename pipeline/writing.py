"""The model's half of a reply: messages in; words, and calls of functions, out.

It has a task of its own, because its words may outlive the reply that was saying them: a reply that was stopped by a
cough goes on under another name from the last word that was heard.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pipeline.continuation import CALLED_BY_CLIENT
from pipeline.deadlines import with_deadlines
from pipeline.delivery import Delivery
from pipeline.errors import PipelineError, ProviderError
from pipeline.events import ReplyArguments, ReplyWritten, ToolCalled, ToolReturned
from pipeline.items import FunctionCall, Status, new_id
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    LanguageModel,
    ModelMessage,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolDefinition,
    Usage,
)
from pipeline.settings import ReplyOptions, SessionSettings
from pipeline.tools import Tool

MAX_CHARACTERS = 100_000
"""Nobody listens for longer than this takes to say: two hours."""
BROKEN_OFF = ("length", "content_filter")
"""Reasons for which a model ends before it is done."""
SENTENCE_ENDS = (".", "!", "?", "…", ":")
NOTED_CHARACTERS = 120
"""What is written is noted for the log by sentences, and at the latest after so much."""

Spawn = Callable[[Callable[[], Coroutine[Any, Any, Any]]], asyncio.Task[Any]]
"""Begins work that belongs to the conversation, in a task."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _OpenCall:
    """A function call that the model is still writing."""

    call: ToolCall
    item: FunctionCall | None
    """None if the server runs it."""


class Writing:
    """One answer of a model, tools included."""

    def __init__(
        self,
        model: LanguageModel,
        tools: Mapping[str, Tool],
        options: ReplyOptions,
        settings: SessionSettings,
        session_id: str,
        delivery: Delivery,
    ) -> None:
        """`tools`: what the server runs, by name. `delivery`: the way out for calls."""
        self.delivery = delivery
        self.usage = Usage()
        self.delta_count = 0
        """Pieces of text that the model has written."""
        self.first_token_at: float | None = None
        """In the event loop's seconds."""
        self._model = model
        self._tools = tools
        self._options = options
        self._settings = settings
        self._session_id = session_id
        self._text = ""
        self._noted = 0
        """Characters of it that the log knows."""
        self._more = asyncio.Event()
        self._ended: str | ProviderError | None = None
        self._calls: dict[int, _OpenCall] = {}
        """What the model is calling, in the order of its wishes."""
        self._task: asyncio.Task[None] | None = None
        self._spawn: Spawn | None = None

    def start(self, spawn: Spawn, messages: list[ModelMessage] | None) -> None:
        """Answer these messages; None: there is nothing to answer."""
        self._spawn = spawn
        if messages is None:
            self._end("stop")
        else:
            self._task = spawn(partial(self._run, messages))

    def stop(self) -> None:
        """Write no more. Tools that write run on to their end."""
        if self._task:
            self._task.cancel()

    def let_go(self) -> None:
        """The reply that says it is stopped, and another may go on: a half-written call begins anew there."""
        stopped, self.delivery = self.delivery, self.delivery.successor()
        for opened in self._calls.values():
            if opened.item:
                arguments = opened.call.arguments
                stopped.finish(replace(opened.item, arguments=arguments, status="incomplete"))
                opened.item = replace(opened.item, id=new_id("item"))
                self.delivery.begin(opened.item)
                if arguments:
                    self.delivery.put(ReplyArguments(self.delivery.reply_id, opened.item.id, arguments))

    def go_on(self, delivery: Delivery, start: int) -> None:
        """Another reply says the rest, from this character on."""
        nameless, self.delivery = self.delivery, delivery
        delivery.take_over(nameless)
        self._noted = start
        self._note(is_complete=isinstance(self._ended, str))

    async def read(self, start: int) -> str:
        """Wait for text from this character on; "" at the end, be it a good one or not. May be cancelled."""
        while len(self._text) <= start and self._ended is None:
            self._more.clear()
            await self._more.wait()
        return self._text[start:]

    async def ended(self) -> str:
        """Wait for the end; give the reason for it. Raises ProviderError."""
        while self._ended is None:
            self._more.clear()
            await self._more.wait()
        if isinstance(self._ended, ProviderError):
            raise self._ended
        return self._ended

    def finish_calls(self, status: Status) -> None:
        """What the model was calling is complete, or will never be."""
        for opened in self._calls.values():
            if opened.item:
                self.delivery.finish(replace(opened.item, arguments=opened.call.arguments, status=status))
        self._calls.clear()

    def _end(self, how: str | ProviderError) -> None:
        self._ended = how
        if isinstance(how, str):
            self._note(is_complete=True)
        self._more.set()

    async def _run(self, messages: list[ModelMessage]) -> None:
        try:
            self._end(await self._write(messages))
        except ProviderError as error:
            # Whoever reads has the words so far, and asks for the reason afterwards.
            self._end(error)

    async def _write(self, messages: list[ModelMessage]) -> str:
        for rounds_left in range(self._settings.max_tool_rounds, -1, -1):
            reason, said = await self._write_round(messages, may_call=rounds_left > 0)
            if reason in BROKEN_OFF or not any(self._is_ours(call) for call in said.tool_calls):
                break
            if said.text:
                # Whatever was said before a tool runs is said whole now, and what comes after begins anew.
                self._write_text("\n")
            messages.append(said)
            messages.extend(await asyncio.gather(*(self._result(call) for call in said.tool_calls)))
        return reason

    async def _write_round(self, messages: Sequence[ModelMessage], *, may_call: bool) -> tuple[str, ModelMessage]:
        """One answer of the model: give why it ended, and its words with its calls."""
        deadline = self._settings.first_words_deadline_seconds
        reason = "stop"
        start = len(self._text)
        stream = self._model.complete(messages, self._completion_options(may_call=may_call))
        what = f"The language model ({self._model.name})"
        async with aclosing(with_deadlines(stream, deadline, deadline, what)) as deltas:
            async for delta in deltas:
                match delta:
                    case TextDelta(text) if text:
                        self._write_text(text)
                    case ToolCallDelta():
                        self._write_call(delta)
                    case Completed():
                        reason = delta.reason
                        self.usage += delta.usage
                if len(self._text) > MAX_CHARACTERS:
                    reason = "length"
                    break
        calls = tuple(opened.call for opened in self._calls.values()) if may_call else ()
        # What the model could not write to its end must not be run.
        self.finish_calls("incomplete" if reason in BROKEN_OFF else "completed")
        return reason, ModelMessage("assistant", self._text[start:], tool_calls=calls)

    def _write_text(self, text: str) -> None:
        if self.first_token_at is None:
            self.first_token_at = asyncio.get_running_loop().time()
        self.delta_count += 1
        self._text += text
        self._more.set()
        if text.rstrip().endswith(SENTENCE_ENDS) or len(self._text) - self._noted >= NOTED_CHARACTERS:
            self._note(is_complete=False)

    def _note(self, *, is_complete: bool) -> None:
        if self._options.in_conversation:
            self.delivery.put(ReplyWritten(self.delivery.reply_id, self._text[self._noted :], is_complete))
        self._noted = len(self._text)

    def _completion_options(self, *, may_call: bool) -> CompletionOptions:
        choice = (self._options.tool_choice or "auto") if may_call else "none"
        offered: list[ToolDefinition] = list(self._options.tools or ())
        if choice == "auto":
            taken = {tool.name for tool in offered}
            offered += [tool.definition for name, tool in self._tools.items() if name not in taken]
        return CompletionOptions(
            session_id=self._session_id,
            tools=offered,
            tool_choice=choice,
            max_output_tokens=self._options.max_output_tokens,
        )

    def _write_call(self, delta: ToolCallDelta) -> None:
        opened = self._calls.get(delta.index)
        if opened is None:
            opened = self._calls[delta.index] = self._open_call(delta)
        opened.call = replace(opened.call, arguments=opened.call.arguments + delta.arguments)
        if opened.item and delta.arguments:
            self.delivery.put(ReplyArguments(self.delivery.reply_id, opened.item.id, delta.arguments))

    def _open_call(self, delta: ToolCallDelta) -> _OpenCall:
        call = ToolCall(delta.call_id or new_id("call"), delta.name or "", "")
        if self._is_ours(call):
            return _OpenCall(call, None)
        item = FunctionCall(new_id("item"), call.call_id, call.name, "", "in_progress")
        self.delivery.begin(item)
        return _OpenCall(call, item)

    def _is_ours(self, call: ToolCall) -> bool:
        """Whether the server runs it. Where names are equal, the client's function is meant."""
        return call.name in self._tools and all(tool.name != call.name for tool in self._options.tools or ())

    async def _result(self, call: ToolCall) -> ModelMessage:
        output = await self._run_tool(call) if self._is_ours(call) else CALLED_BY_CLIENT
        return ModelMessage("tool", output, call_id=call.call_id)

    async def _run_tool(self, call: ToolCall) -> str:
        tool = self._tools[call.name]
        if tool.writes:
            # Nothing may change because of a guess, and nothing that changes may be left half done.
            while self.delivery.is_held:
                await self.delivery.released()
            assert self._spawn is not None
            output: str = await asyncio.shield(self._spawn(partial(self._called, tool, call)))
            return output
        return await self._called(tool, call)

    async def _called(self, tool: Tool, call: ToolCall) -> str:
        self.delivery.put(ToolCalled(self.delivery.reply_id, call.name, call.arguments))
        limit = asyncio.timeout(self._settings.tool_deadline_seconds)
        try:
            arguments = json.loads(call.arguments or "{}")
            if not isinstance(arguments, dict):
                arguments = {}
            async with limit:
                output = await tool.run(arguments)
        except (ValueError, PipelineError) as error:
            # The model is told, as of any mistake, and can say it in its own words.
            output = f"Error: {error}"
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                output = f"Error: {call.name} gave no result within {self._settings.tool_deadline_seconds:g} s."
            else:
                # One bad tool must not cost the conversation.
                _log.exception("tool %s failed", call.name)
                output = f"Error: {call.name} failed."
        self.delivery.put(ToolReturned(self.delivery.reply_id, call.name, output))
        return output
