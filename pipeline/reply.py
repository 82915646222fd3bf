"""One reply of the assistant: messages in, audio (or text) and function calls out; stopped only by cancelling it."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.conversation import Conversation
from pipeline.deadlines import with_deadlines
from pipeline.errors import PipelineError, ProviderError
from pipeline.events import (
    ReplyArguments,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyText,
    ToolCalled,
    ToolReturned,
)
from pipeline.items import FunctionCall, Item, Message, Speech, Status, Text, new_id
from pipeline.latency import Waterfall
from pipeline.outbox import Outbox
from pipeline.playback import Playback
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    LanguageModel,
    ModelMessage,
    TextDelta,
    TextToSpeech,
    ToolCall,
    ToolCallDelta,
    ToolDefinition,
    Usage,
    VoiceOptions,
)
from pipeline.settings import ReplyOptions, SessionSettings
from pipeline.speaking import Speaking
from pipeline.tools import Tool

MAX_WAITING_DELTAS = 256
"""Deltas that the model may be ahead of the voice."""
BROKEN_OFF = ("length", "content_filter")
"""Reasons for which a model ends before it is done."""
CALLED_BY_CLIENT = "The client is running this function. Its result is not there yet; do not call it again."
"""What the model is told of a call of the client's, while it goes on with the results of the server's tools."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _OpenCall:
    """A function call that the model is still writing."""

    call: ToolCall
    item: FunctionCall | None
    """None if the server runs it."""


@dataclass(slots=True)
class Reply:
    """One reply. `run` does everything; cancel its task and call `stop` to end it early."""

    id: str
    options: ReplyOptions
    """With nothing left open."""
    settings: SessionSettings
    session_id: str
    model: LanguageModel
    voice: TextToSpeech
    tools: Mapping[str, Tool]
    """What the server runs, by name."""
    conversation: Conversation | None
    """Where its items go; None: nowhere."""
    outbox: Outbox
    waterfall: Waterfall
    playback: Playback = field(default_factory=Playback)
    message: Message | None = None
    """The item that is spoken or written, once it has begun."""
    usage: Usage = field(default_factory=Usage)
    is_over: bool = False
    """Whether nothing of it will be made any more."""
    _deltas: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(MAX_WAITING_DELTAS))
    _written: list[str] = field(default_factory=list)
    _calls: dict[int, _OpenCall] = field(default_factory=dict)
    """What the model is calling, in the order of its wishes."""
    _work: list[asyncio.Task[object]] = field(default_factory=list)
    """Its two halves."""

    async def run(self, messages: list[ModelMessage] | None) -> None:
        """Answer these messages; None: there is nothing to answer, and the reply is empty.

        Raises ProviderError, after which `fail` is due.
        """
        reason = "stop"
        if messages is not None:
            try:
                reason = await self._answer(messages)
            except* ProviderError as group:
                raise _first_error(group) from group
        self._finish_items("incomplete" if reason in BROKEN_OFF else "completed")
        self._end(self._finished(reason))

    def fail(self, error: ProviderError) -> None:
        """End it because a provider failed."""
        self.playback.break_off()
        self._finish_items("incomplete")
        self._end(ReplyFinished(self.id, "failed", error=error, usage=self.usage))

    def stop(self, reason: Literal["turn_detected", "client_cancelled"]) -> None:
        """End it because somebody wants no more of it; its task has been cancelled."""
        # The cancelled task passes it on to both halves only in its next step, and theirs could come before.
        for task in self._work:
            task.cancel()
        self._finish_items("incomplete")
        self._end(ReplyFinished(self.id, "cancelled", reason, usage=self.usage))

    def _end(self, finished: ReplyFinished) -> None:
        self.is_over = True
        self.outbox.put(finished)

    def _finished(self, reason: str) -> ReplyFinished:
        match reason:
            case "length":
                return ReplyFinished(self.id, "incomplete", "max_output_tokens", usage=self.usage)
            case "content_filter":
                return ReplyFinished(self.id, "incomplete", "content_filter", usage=self.usage)
            case _:
                return ReplyFinished(self.id, "completed", usage=self.usage)

    async def _answer(self, messages: list[ModelMessage]) -> str:
        """Write and say it at the same time; give the reason why the model ended."""
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(self._write(messages))
            showing = group.create_task(self._speak() if self.options.modality == "audio" else self._show())
            self._work = [writing, showing]
        return writing.result()

    # --- the model's half ---

    async def _write(self, messages: list[ModelMessage]) -> str:
        for rounds_left in range(self.settings.max_tool_rounds, -1, -1):
            reason, said = await self._write_round(messages, may_call=rounds_left > 0)
            if reason in BROKEN_OFF or not any(self._is_ours(call) for call in said.tool_calls):
                break
            if said.text:
                # Whatever was said before a tool runs is said whole now, and what comes after begins anew.
                await self._deltas.put("\n")
            messages.append(said)
            messages.extend(await asyncio.gather(*(self._result(call) for call in said.tool_calls)))
        await self._deltas.put(None)
        return reason

    async def _write_round(self, messages: Sequence[ModelMessage], *, may_call: bool) -> tuple[str, ModelMessage]:
        """One answer of the model: give why it ended, and its words with its calls."""
        deadline = self.settings.first_words_deadline_seconds
        reason = "stop"
        words = []
        stream = self.model.complete(messages, self._completion_options(may_call=may_call))
        what = f"The language model ({self.model.name})"
        async with aclosing(with_deadlines(stream, deadline, deadline, what)) as deltas:
            async for delta in deltas:
                match delta:
                    case TextDelta(text) if text:
                        words.append(text)
                        await self._deltas.put(text)
                    case ToolCallDelta():
                        self._write_call(delta)
                    case Completed():
                        reason = delta.reason
                        self.usage += delta.usage
        calls = tuple(opened.call for opened in self._calls.values()) if may_call else ()
        # What the model could not write to its end must not be run.
        self._finish_calls("incomplete" if reason in BROKEN_OFF else "completed")
        return reason, ModelMessage("assistant", "".join(words), tool_calls=calls)

    def _completion_options(self, *, may_call: bool) -> CompletionOptions:
        choice = (self.options.tool_choice or "auto") if may_call else "none"
        offered: list[ToolDefinition] = list(self.options.tools or ())
        if choice == "auto":
            taken = {tool.name for tool in offered}
            offered += [tool.definition for name, tool in self.tools.items() if name not in taken]
        return CompletionOptions(
            session_id=self.session_id,
            tools=offered,
            tool_choice=choice,
            max_output_tokens=self.options.max_output_tokens,
        )

    def _write_call(self, delta: ToolCallDelta) -> None:
        opened = self._calls.get(delta.index)
        if opened is None:
            opened = self._calls[delta.index] = self._open_call(delta)
        opened.call = replace(opened.call, arguments=opened.call.arguments + delta.arguments)
        if opened.item and delta.arguments:
            self.outbox.put(ReplyArguments(self.id, opened.item.id, delta.arguments))

    def _open_call(self, delta: ToolCallDelta) -> _OpenCall:
        call = ToolCall(delta.call_id or new_id("call"), delta.name or "", "")
        if self._is_ours(call):
            return _OpenCall(call, None)
        item = FunctionCall(new_id("item"), call.call_id, call.name, "", "in_progress")
        self._begin(item)
        return _OpenCall(call, item)

    def _is_ours(self, call: ToolCall) -> bool:
        """Whether the server runs it. Where names are equal, the client's function is meant."""
        return call.name in self.tools and all(tool.name != call.name for tool in self.options.tools or ())

    def _finish_calls(self, status: Status) -> None:
        for opened in self._calls.values():
            if opened.item:
                self._finish(replace(opened.item, arguments=opened.call.arguments, status=status))
        self._calls.clear()

    async def _result(self, call: ToolCall) -> ModelMessage:
        output = await self._run_tool(call) if self._is_ours(call) else CALLED_BY_CLIENT
        return ModelMessage("tool", output, call_id=call.call_id)

    async def _run_tool(self, call: ToolCall) -> str:
        self.outbox.put(ToolCalled(self.id, call.name, call.arguments))
        limit = asyncio.timeout(self.settings.tool_deadline_seconds)
        try:
            arguments = json.loads(call.arguments or "{}")
            if not isinstance(arguments, dict):
                arguments = {}
            async with limit:
                output = await self.tools[call.name].run(arguments)
        except (ValueError, PipelineError) as error:
            # The model is told, as of any mistake, and can say it in its own words.
            output = f"Error: {error}"
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                output = f"Error: {call.name} gave no result within {self.settings.tool_deadline_seconds:g} s."
            else:
                # One bad tool must not cost the conversation.
                _log.exception("tool %s failed", call.name)
                output = f"Error: {call.name} failed."
        self.outbox.put(ToolReturned(self.id, call.name, output))
        return output

    # --- the user's half ---

    async def _show(self) -> None:
        """Written replies: every delta leaves at once."""
        while (text := await self._deltas.get()) is not None:
            message = self._begin_message()
            self._mark("first_words", asyncio.get_running_loop().time())
            self._written.append(text)
            self.outbox.put(ReplyText(self.id, message.id, text))

    async def _speak(self) -> None:
        """Spoken replies: clauses go to the voice as they are written, its audio leaves as it is made."""
        options = VoiceOptions(self.session_id, self.options.voice, self.settings.language, self.settings.speed)
        speaking = Speaking(self.voice, options, self._deltas, self.playback)
        pieces = speaking.run(
            deadline_seconds=self.settings.first_audio_deadline_seconds,
            max_lead_seconds=self.settings.max_lead_seconds,
        )
        async with aclosing(pieces):
            async for piece in pieces:
                self._mark("first_words", speaking.first_clause_at)
                message = self._begin_message()
                text = "".join(spoken.text for spoken in piece.spoken)
                self.outbox.put(ReplyAudio(self.id, message.id, piece.samples, text))

    def _begin_message(self) -> Message:
        if self.message is None:
            self.message = Message(new_id("item"), "assistant", (), "in_progress")
            self._begin(self.message)
        return self.message

    def _finish_items(self, status: Status) -> None:
        if self.message:
            is_spoken = self.options.modality == "audio"
            content = Speech(self.playback.text) if is_spoken else Text("".join(self._written))
            self.message = replace(self.message, content=(content,), status=status)
            self._finish(self.message)
        self._finish_calls(status)

    def _begin(self, item: Item) -> None:
        previous = self.conversation.add(item) if self.conversation else None
        self.outbox.put(ReplyItemStarted(self.id, item, previous))

    def _finish(self, item: Item) -> None:
        if self.conversation:
            self.conversation.replace(item)
        self.outbox.put(ReplyItemFinished(self.id, item))

    def _mark(self, stage: str, at: float | None) -> None:
        if at is not None:
            self.waterfall.mark(stage, at)


def _first_error(group: BaseExceptionGroup[ProviderError]) -> ProviderError:
    """The provider's error that ended the reply; any other that it caused says less."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ProviderError)
    return error
