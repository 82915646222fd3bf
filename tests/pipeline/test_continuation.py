"""A reply that was cut off with its session is gone on with in another: nothing is lost, and nothing is said twice."""

from collections.abc import AsyncGenerator

import pytest

from pipeline.continuation import GO_ON, Unfinished, without_repetition
from pipeline.conversation import Conversation
from pipeline.errors import ProviderSaidNothing
from pipeline.events import ReplyFinished, ReplyStarted, ReplyWritten
from pipeline.items import Message, Speech
from pipeline.providers.interfaces import Completed, ModelDelta, TextDelta, Usage
from pipeline.providers.scripted import ScriptedLanguageModel
from pipeline.settings import ReplyOptions, SessionSettings
from tests.pipeline.lab import Client, Lab, laboratory, typed
from tests.virtual_time import in_virtual_time

STORY = "The first sentence is here. Then comes a second one. The third one ends it."
OPTIONS = ReplyOptions().completed_by(SessionSettings())
ASKED = typed("item_1", "Tell me a story.")


def cut(heard: str) -> Conversation:
    """As it is restored: with what was heard of the reply."""
    return Conversation([ASKED, Message("item_2", "assistant", (Speech(heard),), "incomplete")])


def unfinished(written: str, heard: str, *, is_complete: bool) -> Unfinished:
    return Unfinished("resp_1", OPTIONS, written, is_complete, start=len(heard))


def answers(lab: Lab) -> list[str]:
    return [text for role, text in lab.said() if role == "assistant"]


@in_virtual_time
async def test_what_was_written_is_said_without_asking_the_model() -> None:
    heard = "The first sentence is here. Then "
    rest = unfinished(STORY, heard, is_complete=True)
    async with laboratory(conversation=cut(heard.strip()), unfinished=rest, client=Client(reports=True)) as lab:
        await lab.until(ReplyFinished)
        await lab.hears_out()
        assert lab.llm.requests == []
        assert answers(lab) == [heard.strip(), "comes a second one. The third one ends it."]
        assert [started.continues for started in lab.all(ReplyStarted)] == ["resp_1"]
        assert [finished.status for finished in lab.all(ReplyFinished)] == ["completed"]


@pytest.mark.parametrize("model", ["goes on", "begins anew", "repeats and goes on in one piece"])
def test_what_was_not_written_is_asked_for(model: str) -> None:
    written = "The first sentence is here. Then comes"
    heard = "The first sentence "
    answer = {
        "goes on": "a second one. The third one ends it.",
        "begins anew": STORY,
        "repeats and goes on in one piece": f" {STORY}",
    }[model]

    @in_virtual_time
    async def scenario() -> None:
        llm = ScriptedLanguageModel(answer)
        rest = unfinished(written, heard, is_complete=False)
        async with laboratory(conversation=cut(heard.strip()), unfinished=rest, llm=llm) as lab:
            await lab.until(ReplyFinished)
            await lab.hears_out()
            assert " ".join(answers(lab)) == STORY
            messages, _ = lab.llm.requests[0]
            assert [(message.role, message.text) for message in messages[-3:]] == [
                ("user", "Tell me a story."),
                ("assistant", written),
                ("system", GO_ON),
            ]

    scenario()


@in_virtual_time
async def test_a_model_that_has_nothing_to_add_ends_the_reply() -> None:
    """It was cut just before it would have said that this was all: nobody apologises."""
    heard = "The first sentence is here. "
    llm = ScriptedLanguageModel(ProviderSaidNothing("It gave no words."))
    rest = unfinished(STORY, heard, is_complete=False)
    async with laboratory(conversation=cut(heard.strip()), unfinished=rest, llm=llm) as lab:
        await lab.until(ReplyFinished)
        await lab.hears_out()
        assert " ".join(answers(lab)) == STORY
        assert [finished.status for finished in lab.all(ReplyFinished)] == ["completed"]


@in_virtual_time
async def test_a_reply_of_which_nothing_was_written_is_given() -> None:
    llm = ScriptedLanguageModel(STORY)
    async with laboratory(
        conversation=Conversation([ASKED]), unfinished=Unfinished("", OPTIONS, "", False, 0), llm=llm
    ) as lab:
        await lab.until(ReplyFinished)
        await lab.hears_out()
        assert answers(lab) == [STORY]
        assert [started.continues for started in lab.all(ReplyStarted)] == [None]
        assert [message.text for message in lab.llm.requests[0][0] if message.role == "user"] == ["Tell me a story."]


@in_virtual_time
async def test_what_is_written_is_noted_before_it_is_said() -> None:
    async with laboratory(llm=ScriptedLanguageModel(STORY)) as lab:
        await lab.says(1.0)
        await lab.silence_until(ReplyFinished)
        assert "".join(written.text for written in lab.all(ReplyWritten)) == STORY
        assert [written.is_complete for written in lab.all(ReplyWritten)][-1]


@pytest.mark.parametrize(
    ("written", "pieces", "new"),
    [
        ("", ["Hello ", "there."], "Hello there."),
        ("One two", ["three"], " three"),
        ("One two ", ["three"], "three"),
        ("One two.", ["One ", "two.", " Three."], " Three."),
        ("One two. ", ["One ", "two.", " Three."], "Three."),
        ("One two.", ["One ", "hundred."], " One hundred."),
        ("One two.", ["One ", "two."], ""),
        ("One two", [", three"], ", three"),
    ],
)
async def test_only_what_is_new_is_left(written: str, pieces: list[str], new: str) -> None:
    async def deltas() -> AsyncGenerator[ModelDelta, None]:
        for piece in pieces:
            yield TextDelta(piece)
        yield Completed("stop", Usage())

    given = [delta async for delta in without_repetition(deltas(), written)]
    assert "".join(delta.text for delta in given if isinstance(delta, TextDelta)) == new
    assert isinstance(given[-1], Completed)
