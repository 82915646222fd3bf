"""The items of a conversation: order, predecessors, and what the model is shown."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversation import Conversation, model_messages
from pipeline.errors import RequestError
from pipeline.items import FunctionCall, FunctionCallOutput, Image, Item, Message, Speech, Text
from pipeline.providers.interfaces import ModelMessage, ToolCall

IDS = [f"item_{number}" for number in range(8)]


def message(item_id: str, text: str = "words") -> Message:
    return Message(item_id, "user", (Text(text),))


operations = st.lists(
    st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from(IDS), st.sampled_from([None, "root", *IDS])),
    max_size=60,
)


@given(operations)
def test_it_is_a_list_in_which_predecessors_are_true(operations: list[tuple[str, str, str | None]]) -> None:
    conversation, model, refusals = Conversation(), list[str](), list[tuple[str, str]]()
    for operation, item_id, previous in operations:
        if operation == "remove":
            removed = conversation.remove(item_id)
            assert (removed is not None) == (item_id in model)
            model = [other for other in model if other != item_id]
            continue
        try:
            predecessor = conversation.add(message(item_id), previous)
        except RequestError as error:
            refusals.append(("duplicate" if item_id in model else "invalid_previous", error.code))
            continue
        place = len(model) if previous is None else 0 if previous == "root" else model.index(previous) + 1
        model.insert(place, item_id)
        assert predecessor == (model[place - 1] if place else None)
        assert [item.id for item in conversation] == model
        assert conversation.last_id == model[-1]
    assert all(expected in code for expected, code in refusals)


def test_a_newer_version_takes_the_place_of_the_older_but_does_not_come_back() -> None:
    conversation = Conversation([message("a"), message("b")])
    conversation.replace(message("a", "new"))
    assert [item.text for item in conversation if isinstance(item, Message)] == ["new", "words"]
    conversation.remove("a")
    conversation.replace(message("a", "again"))
    conversation.set_transcript("a", "again")
    assert [item.id for item in conversation] == ["b"]


def test_the_model_is_shown_what_was_said_and_calls_that_were_answered() -> None:
    items: list[Item] = [
        Message("m1", "user", (Speech("what is this"), Image("data:,x"))),
        Message("m2", "assistant", (Speech("Let me see."),)),
        FunctionCall("f1", "call_1", "look", "{}"),
        FunctionCall("f2", "call_2", "look", "{}"),
        FunctionCall("f3", "call_3", "never answered", "{}"),
        FunctionCallOutput("o1", "call_1", "a cat"),
        FunctionCallOutput("o2", "call_2", "a dog"),
        FunctionCallOutput("o4", "call_4", "never asked"),
        Message("m3", "assistant", (Speech(""),), "incomplete"),
        Message("m4", "user", (Speech(None),)),
    ]
    assert model_messages("Be kind.", items, 100) == [
        ModelMessage("system", "Be kind."),
        ModelMessage("user", "what is this", images=("data:,x",)),
        ModelMessage(
            "assistant",
            "Let me see.",
            tool_calls=(ToolCall("call_1", "look", "{}"), ToolCall("call_2", "look", "{}")),
        ),
        ModelMessage("tool", "a cat", call_id="call_1"),
        ModelMessage("tool", "a dog", call_id="call_2"),
    ]


def test_the_oldest_are_left_out_and_no_result_without_its_call() -> None:
    items: list[Item] = [
        FunctionCall("f", "call_1", "look", "{}"),
        FunctionCallOutput("o", "call_1", "x"),
        message("m"),
    ]
    assert [message.role for message in model_messages("", items, 2)] == ["user"]


def test_a_call_is_shown_where_its_result_is_whatever_was_said_in_between() -> None:
    items = [
        message("m1", "weather?"),
        FunctionCall("f1", "call_1", "weather", "{}"),
        FunctionCall("f2", "call_2", "news", "{}"),
        Message("m2", "assistant", (Speech("Let me see."),)),
        FunctionCallOutput("o1", "call_1", "rain"),
        message("m3", "are you there?"),
        FunctionCallOutput("o2", "call_2", "none"),
        FunctionCallOutput("o3", "call_2", "told twice"),
    ]
    assert model_messages("", items, 100) == [
        ModelMessage("user", "weather?"),
        ModelMessage("assistant", "Let me see.", tool_calls=(ToolCall("call_1", "weather", "{}"),)),
        ModelMessage("tool", "rain", call_id="call_1"),
        ModelMessage("user", "are you there?"),
        ModelMessage("assistant", "", tool_calls=(ToolCall("call_2", "news", "{}"),)),
        ModelMessage("tool", "none", call_id="call_2"),
    ]
