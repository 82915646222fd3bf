"""Wherever a conversation is broken off, nothing of it is left: no task, no open generator, no entry, no memory."""

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pipeline.audio import Samples
from pipeline.deadlines import with_deadlines
from pipeline.events import (
    AudioCleared,
    AudioCommitted,
    AudioReceived,
    ItemCreated,
    ItemDeleted,
    Output,
    ReplyCancelled,
    ReplyFinished,
    ReplyItemStarted,
    ReplyRequested,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
)
from pipeline.items import Message, Speech
from pipeline.providers.interfaces import ToolCall, ToolDefinition
from pipeline.providers.scripted import ScriptedLanguageModel, ScriptedSpeechToText, ScriptedTextToSpeech
from pipeline.session import Providers, Session
from pipeline.settings import ReplyOptions, SessionSettings
from pipeline.tools import Tool
from pipeline.turn_taking import State
from pipeline.vad import LoudnessVoiceActivity
from tests.pipeline.lab import hush, tone, typed
from tests.virtual_time import VirtualTimeLoop

MOST_STEPS = 5_000


class SteppingLoop(VirtualTimeLoop):
    """Does something before its n-th step, and knows which generators were left open."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.act_at: int | None = None
        self.act: Callable[[], object] = lambda: None
        self.abandoned: list[str] = []

    def _run_once(self) -> None:
        if self.steps == self.act_at:
            self.act()
        self.steps += 1
        super()._run_once()  # type: ignore[misc]

    def _asyncgen_finalizer_hook(self, agen: AsyncGenerator[Any, Any]) -> None:
        self.abandoned.append(repr(agen))
        super()._asyncgen_finalizer_hook(agen)  # type: ignore[misc]

    def left_open(self) -> list[str]:
        """Generators that were begun and neither ended nor closed."""
        return self.abandoned + [repr(agen) for agen in self._asyncgens if agen.ag_frame is not None]  # type: ignore[attr-defined]


def stepping(
    main: Callable[[], Coroutine[Any, Any, None]], act_at: int, act: Callable[[], object] | None = None
) -> bool:
    """Run it and do something at one step (cancel it, if nothing else is said); give whether that step was reached."""
    loop = SteppingLoop()
    try:
        task = loop.create_task(main())
        loop.act_at, loop.act = act_at, act or task.cancel
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        assert asyncio.all_tasks(loop) == set(), f"tasks left over after step {act_at}"
        assert loop.left_open() == [], f"generators left open after step {act_at}"
        return loop.steps > act_at
    finally:
        loop.close()


async def add(arguments: Mapping[str, object]) -> str:
    await asyncio.sleep(0.1)
    return "3"


def new_session(settings: SessionSettings | None = None) -> Session:
    model = ScriptedLanguageModel(
        ToolCall("call_1", "add", "{}"), "Well, that makes three, I would say.", "Yes.", first_token_seconds=0.1
    )
    providers = Providers(
        ScriptedSpeechToText("one plus two", final_seconds=0.1),
        model,
        ScriptedTextToSpeech(first_audio_seconds=0.1),
        LoudnessVoiceActivity,
    )
    tool = Tool(ToolDefinition("add", "", {}), add)
    return Session("sess_test", settings or SessionSettings(), providers, [tool])


async def read(session: Session, outputs: list[Output]) -> None:
    async with aclosing(session.outputs()) as stream:
        async for output in stream:
            outputs.append(output)  # noqa: PERF401 (what was read before a cancellation counts)


async def feed(session: Session, samples: Samples) -> None:
    for start in range(0, len(samples), 1600):
        await asyncio.sleep(0.1)
        session.receive(AudioReceived(samples[start : start + 1600]))


async def converse(session: Session, outputs: list[Output]) -> None:
    """A turn with a tool, a barge-in, a typed message beside a spoken one, and a reply beside the conversation."""
    try:
        async with session, asyncio.TaskGroup() as group:
            reading = group.create_task(read(session, outputs))
            await feed(session, tone(0.6))
            await feed(session, hush(1.8))
            await feed(session, tone(0.4))
            session.receive(ItemCreated(Message("item_audio", "user", (Speech(None, tone(0.4)),))))
            session.receive(ItemCreated(typed("item_text", "hi")))
            beside = ReplyOptions(in_conversation=False, modality="text")
            session.receive(ReplyRequested(beside, input=("item_audio",)))
            await feed(session, hush(1.2))
            await asyncio.sleep(3.0)
            while session._replies.being_given or session._hearing:  # noqa: ASYNC110 (time is virtual)
                await asyncio.sleep(0.5)
            assert session._turns.state is State.IDLE
            reading.cancel()
    finally:
        # The session is left by now, in whatever way.
        if session._is_over:
            assert session._hearing == {}
            assert session._replies.being_given == {}


def broken_off(act: Callable[[Session], object] | None) -> int:
    """Break the conversation off (or meddle with it) at its first step, at its second, and so on; give how many."""
    # Before its first step there is no session yet that could be meddled with.
    for step in range(1 if act else 0, MOST_STEPS):
        session, outputs = new_session(), list[Output]()
        meddle = partial(act, session) if act else None
        if not stepping(partial(converse, session, outputs), step, meddle):
            return step
        assert (session._hearing, session._replies.being_given) == ({}, {})
        if act:
            check(session, outputs, step)
    raise AssertionError("the conversation does not end")


def check(session: Session, outputs: list[Output], step: int) -> None:
    """What was meddled with still came to a good end, and what the client knows is what there is."""
    started = [output.reply_id for output in outputs if isinstance(output, ReplyStarted)]
    finished = [output.reply_id for output in outputs if isinstance(output, ReplyFinished)]
    assert sorted(started) == sorted(finished), f"replies without an end, or with two, after step {step}"
    shown = {output.item.id for output in outputs if isinstance(output, ReplyItemStarted)}
    mine = {item.id for item in session.conversation if isinstance(item, Message) and item.role == "assistant"}
    assert mine <= shown, f"an item in the conversation that the client never saw, after step {step}"
    after_end: set[str] = set()
    for output in outputs:
        if isinstance(output, ReplyFinished):
            after_end.add(output.reply_id)
        elif type(output).__name__ in ("ReplyAudio", "ReplyText", "ReplyItemStarted", "ReplyItemFinished"):
            assert output.reply_id not in after_end  # type: ignore[union-attr]


def delete_everything(session: Session) -> None:
    for item in list(session.conversation):
        session.receive(ItemDeleted(item.id))


def test_left_at_every_step() -> None:
    assert broken_off(None) > 100


@pytest.mark.parametrize(
    "act",
    [
        lambda session: session.receive(ReplyCancelled()),
        lambda session: session.receive(AudioCleared()),
        lambda session: session.receive(AudioCommitted()),
        lambda session: (session.receive(ReplyCancelled()), session.receive(ReplyRequested())),
        delete_everything,
    ],
    ids=["reply cancelled", "audio cleared", "audio committed", "reply replaced", "items deleted"],
)
def test_meddled_with_at_every_step(act: Callable[[Session], object]) -> None:
    assert broken_off(act) > 100


def test_deadlines_close_their_stream_at_every_step() -> None:
    closed: list[bool] = []

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                await asyncio.sleep(1.0)
                yield number
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    async def count() -> None:
        async with aclosing(with_deadlines(numbers(), 5.0, 2.0, "It")) as stream:
            async for _ in stream:
                await asyncio.sleep(0.5)

    step = 0
    while stepping(count, step):
        step += 1
    # A task that is cancelled before its first step, or before it asks for a number, has opened nothing.
    assert step - 2 <= len(closed) <= step + 1


# --- memory ---


async def leave(session: Session) -> None:
    """Open a session and leave it at once."""
    async with session:
        await asyncio.sleep(0)


async def leave_in(session: Session, state: State, outputs: list[Output]) -> None:
    """Leave while the turn taking is in this state."""
    async with session:
        reading = asyncio.create_task(read(session, outputs))
        for samples in (tone(0.6), hush(0.2), hush(0.6), tone(0.4), hush(0.2)):
            for start in range(0, len(samples), 1600):
                if session._turns.state is state and session.outbox._open_replies == set(session._replies.being_given):
                    break
                session.receive(AudioReceived(samples[start : start + 1600]))
                await asyncio.sleep(0.1)
        assert session._turns.state is state
    await reading


async def leave_after(session: Session, kind: type[Output]) -> None:
    """Leave when this has left the session."""
    async with session, aclosing(session.outputs()) as outputs:
        session.receive(AudioReceived(tone(0.6)))
        session.receive(AudioReceived(hush(0.6)))
        async for output in outputs:
            if isinstance(output, kind):
                break


async def leave_unread(session: Session) -> None:
    """Leave a session with much that nobody has read."""
    async with session:
        for number in range(300):
            session.receive(ItemCreated(typed(f"item_{number}", "hi")))
        session.receive(AudioReceived(tone(2.0)))
        await asyncio.sleep(5.0)


def departures() -> Sequence[Coroutine[Any, Any, None]]:
    """Twenty-one ways to leave."""
    overlap = SessionSettings()
    assert overlap.turn_detection
    overlap = replace(overlap, turn_detection=replace(overlap.turn_detection, interrupt_reply=False))
    kinds = (SpeechStarted, SpeechStopped, ReplyStarted, ReplyItemStarted, ReplyFinished)
    return [
        leave(new_session()),
        leave(new_session(replace(SessionSettings(), turn_detection=None))),
        leave_unread(new_session()),
        *(leave_in(new_session(overlap), state, []) for state in State if state is not State.DOUBTING),
        leave_in(new_session(), State.DOUBTING, []),
        *(leave_after(new_session(), kind) for kind in kinds),
        *(leave_after(new_session(overlap), kind) for kind in kinds),
        leave_unread(new_session(replace(SessionSettings(), turn_detection=None))),
    ]


def test_memory_stays_flat() -> None:
    async def round_of_sessions() -> None:
        leaving = departures()
        assert len(leaving) == 21
        await asyncio.gather(*leaving)
        assert len(asyncio.all_tasks()) == 1

    def run_rounds(count: int) -> int:
        for _ in range(count):
            with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
                runner.run(round_of_sessions())
        gc.collect()
        return sys.getallocatedblocks()

    before = run_rounds(10)
    after = run_rounds(50)
    print(f"blocks of memory after 10 rounds: {before}, after 50 more: {after}")
    # The interpreter's free lists still fill up a little. One session in twenty that leaks makes it tens of thousands.
    assert after - before < 3_000
