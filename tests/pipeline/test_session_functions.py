"""Functions that the model calls: of the client, and of the server."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

import pytest

from pipeline.events import (
    ItemCreated,
    ReplyArguments,
    ReplyAudio,
    ReplyCancelled,
    ReplyFinished,
    ReplyInterrupted,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyRequested,
    ReplyStarted,
    ReplyText,
    RequestFailed,
    ToolCalled,
    ToolReturned,
)
from pipeline.items import FunctionCall, FunctionCallOutput
from pipeline.providers.interfaces import (
    Completed,
    CompletionOptions,
    ModelDelta,
    ModelMessage,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolDefinition,
    Usage,
)
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedTextToSpeech
from pipeline.settings import SessionSettings
from pipeline.tools import Tool
from tests.pipeline.lab import Lab, laboratory, typed
from tests.virtual_time import in_virtual_time

WEATHER = ToolDefinition("weather", "Tells the weather.", {"type": "object"})
ADD = ToolDefinition("add", "Adds numbers.", {"type": "object"})
TEXT = SessionSettings(turn_detection=None, modality="text")


async def add(arguments: Mapping[str, object]) -> str:
    a, b = arguments.get("a"), arguments.get("b")
    if not isinstance(a, int) or not isinstance(b, int):
        raise ValueError("a and b must be whole numbers.")  # noqa: TRY004 (what a tool has to raise)
    return str(a + b)


async def hang(arguments: Mapping[str, object]) -> str:
    await asyncio.sleep(3600)
    return "too late"


def call(arguments: str, name: str = "add", call_id: str = "call_1") -> ToolCall:
    return ToolCall(call_id, name, arguments)


async def ask(lab: Lab) -> ReplyFinished:
    lab.send(ItemCreated(typed(f"item_{len(lab.outputs)}", "please")), ReplyRequested())
    return await lab.until(ReplyFinished, len(lab.all(ReplyFinished)) + 1)


class Stepwise:
    """A model that gives exactly these deltas, with a pause after each."""

    name = "stepwise"

    def __init__(self, *deltas: ModelDelta, pause_seconds: float = 0.1) -> None:
        self._deltas = deltas
        self._pause_seconds = pause_seconds
        self.requests: list[tuple[Sequence[ModelMessage], CompletionOptions]] = []

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        self.requests.append((messages, options))
        for delta in self._deltas:
            yield delta
            await asyncio.sleep(self._pause_seconds)


class Rounds:
    """A model that gives these deltas, one tuple for each time it is asked."""

    name = "rounds"

    def __init__(self, *rounds: Sequence[ModelDelta]) -> None:
        self._rounds = rounds
        self.requests: list[tuple[Sequence[ModelMessage], CompletionOptions]] = []

    async def complete(
        self, messages: Sequence[ModelMessage], options: CompletionOptions
    ) -> AsyncGenerator[ModelDelta, None]:
        self.requests.append((list(messages), options))
        for delta in self._rounds[len(self.requests) - 1]:
            yield delta


@in_virtual_time
async def test_the_client_is_asked_and_the_answer_goes_on_with_its_result() -> None:
    llm = ScriptedLanguageModel(call('{"city": "Paris"}', "weather"), "It rains.")
    async with laboratory(replace(TEXT, tools=(WEATHER,)), llm=llm) as lab:
        assert (await ask(lab)).status == "completed"
        started, finished = lab.one(ReplyItemStarted).item, lab.one(ReplyItemFinished).item
        assert isinstance(started, FunctionCall)
        assert (started.status, started.arguments) == ("in_progress", "")
        assert finished == FunctionCall(started.id, "call_1", "weather", '{"city": "Paris"}')
        assert "".join(delta.arguments for delta in lab.all(ReplyArguments)) == finished.arguments
        lab.send(ItemCreated(FunctionCallOutput("item_output", "call_1", "rain")), ReplyRequested())
        await lab.until(ReplyFinished, 2)
        messages = lab.llm.requests[1][0]
        assert [message.role for message in messages] == ["user", "assistant", "tool"]
        assert messages[1].tool_calls == (call('{"city": "Paris"}', "weather"),)
        assert lab.said()[-1] == ("assistant", "It rains.")


@in_virtual_time
async def test_the_server_runs_its_tools_in_the_middle_of_a_reply() -> None:
    llm = ScriptedLanguageModel(call('{"a": 2, "b": 3}'), call('{"a": 5, "b": 5}'), "Ten.")
    async with laboratory(TEXT, llm=llm, tools=[Tool(ADD, add)]) as lab:
        finished = await ask(lab)
        assert finished.status == "completed"
        assert [called.arguments for called in lab.all(ToolCalled)] == ['{"a": 2, "b": 3}', '{"a": 5, "b": 5}']
        assert [returned.output for returned in lab.all(ToolReturned)] == ["5", "10"]
        assert lab.said() == [("user", "please"), ("assistant", "Ten.")]
        assert finished.usage == Usage(1 + 2 + 3, 0, 4 + 4 + 1)
        assert [message.role for message in lab.llm.requests[-1][0]] == [
            "user",
            "assistant",
            "tool",
            "assistant",
            "tool",
        ]


@in_virtual_time
async def test_the_model_is_told_of_mistakes() -> None:
    llm = ScriptedLanguageModel(call('{"a": "x"}'), call("not json"), call("[]"), "I give up.")
    async with laboratory(TEXT, llm=llm, tools=[Tool(ADD, add)]) as lab:
        assert (await ask(lab)).status == "completed"
        outputs = [returned.output for returned in lab.all(ToolReturned)]
        assert outputs[0] == "Error: a and b must be whole numbers."
        assert all(output.startswith("Error: ") for output in outputs)
        assert lab.said()[-1] == ("assistant", "I give up.")


@in_virtual_time
async def test_a_tool_that_hangs_is_given_up() -> None:
    llm = ScriptedLanguageModel(call("{}"), "It takes too long.")
    async with laboratory(TEXT, llm=llm, tools=[Tool(ADD, hang)]) as lab:
        await ask(lab)
        assert lab.one(ToolReturned).output == "Error: add gave no result within 10 s."
        assert lab.said()[-1] == ("assistant", "It takes too long.")


@in_virtual_time
async def test_a_model_that_never_stops_calling_has_to_answer_without() -> None:
    llm = ScriptedLanguageModel(*[call('{"a": 1, "b": 1}')] * 3, "Two.")
    async with laboratory(replace(TEXT, max_tool_rounds=3), llm=llm, tools=[Tool(ADD, add)]) as lab:
        await ask(lab)
        assert lab.said()[-1] == ("assistant", "Two.")
        assert [options.tool_choice for _, options in lab.llm.requests] == ["auto", "auto", "auto", "none"]


@in_virtual_time
async def test_the_model_knows_what_it_said_before_the_call() -> None:
    llm = Stepwise(
        TextDelta("Let me see. "),
        ToolCallDelta(0, "call_1", "add", '{"a": 1, "b": 1}'),
        Completed("tool_calls", Usage()),
    )
    async with laboratory(replace(TEXT, max_tool_rounds=1), llm=llm, tools=[Tool(ADD, add)]) as lab:
        await ask(lab)
        assert llm.requests[1][0][1] == ModelMessage(
            "assistant", "Let me see. ", tool_calls=(call('{"a": 1, "b": 1}'),)
        )


@in_virtual_time
async def test_what_is_said_beside_a_call_does_not_part_it_from_its_result() -> None:
    llm = Stepwise(
        TextDelta("Let me look out of the window. "),
        ToolCallDelta(0, "call_1", "weather", "{}"),
        Completed("tool_calls", Usage()),
        pause_seconds=0.01,
    )
    settings = SessionSettings(turn_detection=None, tools=(WEATHER,))
    async with laboratory(settings, llm=llm, tts=ScriptedTextToSpeech(first_audio_seconds=0.3)) as lab:
        await ask(lab)
        lab.send(ItemCreated(FunctionCallOutput("item_output", "call_1", "rain")), ReplyRequested())
        await lab.until(ReplyStarted, 2)
        await lab.settle()
        assert llm.requests[1][0][1:] == [
            ModelMessage("assistant", "Let me look out of the window. ", tool_calls=(call("{}", "weather"),)),
            ModelMessage("tool", "rain", call_id="call_1"),
        ]


@in_virtual_time
async def test_the_servers_result_and_the_clients_call_are_both_known_to_the_model() -> None:
    llm = Rounds(
        (
            ToolCallDelta(0, "call_1", "weather", '{"city": "Paris"}'),
            ToolCallDelta(1, "call_2", "add", '{"a": 2, "b": 3}'),
            Completed("tool_calls", Usage()),
        ),
        (TextDelta("It is five; the weather comes."), Completed("stop", Usage())),
    )
    async with laboratory(replace(TEXT, tools=(WEATHER,)), llm=llm, tools=[Tool(ADD, add)]) as lab:
        await ask(lab)
        said, *results = llm.requests[1][0][1:]
        assert said.tool_calls == (call('{"city": "Paris"}', "weather"), call('{"a": 2, "b": 3}', call_id="call_2"))
        assert [result.call_id for result in results] == ["call_1", "call_2"]
        assert "client" in results[0].text
        assert results[1].text == "5"
        assert len([item for item in lab.session.conversation if isinstance(item, FunctionCall)]) == 1


@in_virtual_time
async def test_what_is_said_before_a_tool_is_heard_before_it_has_run() -> None:
    async def think(arguments: Mapping[str, object]) -> str:
        await asyncio.sleep(8)
        return "42"

    llm = Rounds(
        (TextDelta("Sure, let me check that."), ToolCallDelta(0, "c", "add", "{}"), Completed("tool_calls", Usage())),
        (TextDelta("It is 42."), Completed("stop", Usage())),
    )
    async with laboratory(SessionSettings(turn_detection=None), llm=llm, tools=[Tool(ADD, think)]) as lab:
        lab.send(ItemCreated(typed("item_a", "please")), ReplyRequested())
        await lab.until(ToolCalled)
        await asyncio.sleep(4)
        assert lab.all(ToolReturned) == []
        assert "".join(audio.text for audio in lab.all(ReplyAudio)).strip() == "Sure, let me check that."
        await lab.until(ReplyFinished)
        assert lab.last_answer.text.split() == ["Sure,", "let", "me", "check", "that.", "It", "is", "42."]


@in_virtual_time
async def test_tools_that_are_called_at_once_run_at_once() -> None:
    async def think(arguments: Mapping[str, object]) -> str:
        await asyncio.sleep(float(str(arguments["seconds"])))
        return str(arguments["seconds"])

    calls = [ToolCallDelta(index, f"call_{index}", "add", f'{{"seconds": {5 - index}}}') for index in range(3)]
    llm = Rounds((*calls, Completed("tool_calls", Usage())), (TextDelta("Done."), Completed("stop", Usage())))
    async with laboratory(TEXT, llm=llm, tools=[Tool(ADD, think)]) as lab:
        await ask(lab)
        assert lab.time_of(ReplyFinished) - lab.time_of(ReplyStarted) == pytest.approx(5, abs=0.1)
        assert [(result.call_id, result.text) for result in llm.requests[1][0][2:]] == [
            ("call_0", "5"),
            ("call_1", "4"),
            ("call_2", "3"),
        ]


@in_virtual_time
async def test_a_call_that_hit_the_limit_is_not_run_by_the_server_either() -> None:
    llm = Rounds((ToolCallDelta(0, "call_1", "add", '{"a": 1, "b'), Completed("length", Usage())))
    async with laboratory(TEXT, llm=llm, tools=[Tool(ADD, add)]) as lab:
        finished = await ask(lab)
        assert (finished.status, finished.reason) == ("incomplete", "max_output_tokens")
        assert lab.all(ToolCalled) == []


@in_virtual_time
async def test_a_tool_with_a_bug_costs_its_result_and_not_the_conversation(caplog: pytest.LogCaptureFixture) -> None:
    async def crash(arguments: Mapping[str, object]) -> str:
        return str(arguments["missing"])

    llm = ScriptedLanguageModel(call("{}"), "I could not add that.")
    async with laboratory(TEXT, llm=llm, tools=[Tool(ADD, crash)]) as lab:
        assert (await ask(lab)).status == "completed"
        assert lab.one(ToolReturned).output == "Error: add failed."
        assert lab.said()[-1] == ("assistant", "I could not add that.")
        assert "KeyError" in caplog.text


@in_virtual_time
async def test_a_call_that_is_broken_off_is_told_so() -> None:
    llm = Stepwise(ToolCallDelta(0, "call_1", "weather", '{"ci'), ToolCallDelta(0, None, None, 'ty": 1}'))
    async with laboratory(replace(TEXT, tools=(WEATHER,)), llm=llm) as lab:
        lab.send(ItemCreated(typed("item_a", "please")), ReplyRequested())
        await lab.until(ReplyArguments)
        lab.send(ReplyCancelled())
        await lab.settle()
        item = lab.one(ReplyItemFinished).item
        assert isinstance(item, FunctionCall)
        assert (item.status, item.arguments) == ("incomplete", '{"ci')
        assert lab.item(item.id) == item
        assert lab.one(ReplyFinished).status == "cancelled"


@in_virtual_time
async def test_arguments_that_hit_the_limit_are_not_complete() -> None:
    llm = Stepwise(ToolCallDelta(0, "call_1", "weather", '{"ci'), Completed("length", Usage()))
    async with laboratory(replace(TEXT, tools=(WEATHER,)), llm=llm) as lab:
        finished = await ask(lab)
        assert (finished.status, finished.reason) == ("incomplete", "max_output_tokens")
        assert lab.one(ReplyItemFinished).item.status == "incomplete"


@in_virtual_time
async def test_speech_during_a_tool_ends_the_reply() -> None:
    llm = ScriptedLanguageModel(call("{}"), "Never said.")
    async with laboratory(llm=llm, tools=[Tool(ADD, hang)]) as lab:
        await lab.says(1.0)
        await lab.silence_until(ToolCalled)
        await lab.says(0.5)
        assert lab.one(ReplyFinished).status == "cancelled"
        assert lab.all(ToolReturned) == []


@in_virtual_time
async def test_the_client_overrules_the_server_where_names_are_equal() -> None:
    llm = ScriptedLanguageModel(call('{"a": 1, "b": 2}'))
    async with laboratory(replace(TEXT, tools=(ADD,)), llm=llm, tools=[Tool(ADD, add)]) as lab:
        await ask(lab)
        assert lab.all(ToolCalled) == []
        assert isinstance(lab.one(ReplyItemFinished).item, FunctionCall)


@in_virtual_time
async def test_a_reply_beside_the_conversation() -> None:
    llm = ScriptedLanguageModel("The answer is long and takes its time to be said.", "Topic: answers.")
    async with laboratory(llm=llm) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyItemStarted)
        options = replace(ReplyRequested().options, in_conversation=False, modality="text", metadata={"for": "title"})
        lab.send(ReplyRequested(options, request_id="title"))
        await lab.silence_until(ReplyFinished, 2)
        assert "".join(text.text for text in lab.all(ReplyText)) == "Topic: answers."
        assert {finished.status for finished in lab.all(ReplyFinished)} == {"completed"}
        assert lab.said()[1:] == [("assistant", "The answer is long and takes its time to be said.")]
        outside = lab.all(ReplyItemStarted)[1]
        assert outside.previous_item_id is None
        assert lab.session.conversation.get(outside.item.id) is None


@in_virtual_time
async def test_a_spoken_reply_beside_the_conversation_comes_to_its_end() -> None:
    settings = SessionSettings(turn_detection=None)
    async with laboratory(settings, llm=ScriptedLanguageModel("word " * 60)) as lab:
        options = replace(ReplyRequested().options, in_conversation=False)
        lab.send(ReplyRequested(options, input=(typed("item_a", "hi"),)))
        finished = await lab.until(ReplyFinished)
        assert finished.status == "completed"
        assert lab.said() == []


@in_virtual_time
async def test_a_reply_beside_the_conversation_is_cancelled_by_its_name() -> None:
    async with laboratory(replace(TEXT, modality="audio"), llm=ScriptedLanguageModel("word " * 60)) as lab:
        options = replace(ReplyRequested().options, in_conversation=False)
        lab.send(ReplyRequested(options, input=(typed("item_a", "hi"),)))
        lab.send(ItemCreated(typed("item_b", "hi")), ReplyRequested())
        await lab.until(ReplyItemStarted, 2)
        beside = lab.all(ReplyItemStarted)[0].reply_id
        lab.send(ReplyCancelled(beside))
        await lab.settle()
        assert lab.one(ReplyFinished).reply_id == beside
        lab.send(ReplyCancelled("resp_unknown", request_id="x"))
        await lab.settle()
        assert lab.refusal() == "response_cancel_not_active"
        await lab.until(ReplyFinished, 2)
        assert lab.all(ReplyFinished)[1].status == "completed"
        assert len(lab.all(ReplyInterrupted)) == 1


@in_virtual_time
async def test_only_one_reply_of_the_conversation_at_a_time() -> None:
    async with laboratory(TEXT, llm=ScriptedLanguageModel("a b c", seconds_per_token=0.1)) as lab:
        lab.send(ItemCreated(typed("item_b", "hi")), ReplyRequested(), ReplyRequested(request_id="two"))
        await lab.until(ReplyFinished)
        assert lab.refusal() == "conversation_already_has_active_response"


@in_virtual_time
async def test_replies_beside_the_conversation_are_not_without_end() -> None:
    async with laboratory(replace(TEXT, modality="audio"), llm=ScriptedLanguageModel("word " * 60)) as lab:
        lab.send(ItemCreated(typed("item_a", "hi")), ReplyRequested())
        options = replace(ReplyRequested().options, in_conversation=False)
        for _ in range(30):
            lab.send(ReplyRequested(options))
            await lab.silence(0.1)
        assert len(lab.all(ReplyStarted)) == 1 + 8
        assert {failed.error.code for failed in lab.all(RequestFailed)} == {"rate_limit_exceeded"}
        await lab.until(ReplyFinished, 9)
        for turn in range(40):
            lab.send(ReplyRequested(replace(options, modality="text")))
            await lab.until(ReplyFinished, 10 + turn)
        assert len(lab.session._ear._replies) <= 20
