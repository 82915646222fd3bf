"""What waits for the client: in order, and nothing of a reply that is over."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PipelineError
from pipeline.events import ItemRemoved, Output, ReplyAudio, ReplyFinished, ReplyStarted, ReplyText
from pipeline.outbox import MAX_TOGETHER_SAMPLES, MAX_WAITING, Outbox, OutboxClosed
from pipeline.settings import ReplyOptions
from tests.virtual_time import in_virtual_time, run

SOUND = np.zeros(10, np.int16)
REPLIES = ["r1", "r2"]


def output(kind: str, reply: str, number: int) -> Output:
    match kind:
        case "started":
            return ReplyStarted(reply, ReplyOptions())
        case "audio":
            return ReplyAudio(reply, f"item_{number}", SOUND)
        case "text":
            return ReplyText(reply, "item", str(number))
        case "finished":
            return ReplyFinished(reply, "completed")
        case _:
            return ItemRemoved(str(number))


actions = st.lists(
    st.tuples(st.sampled_from(["started", "audio", "text", "finished", "fact", "discard"]), st.sampled_from(REPLIES)),
    max_size=60,
)


async def everything_of(outbox: Outbox) -> list[Output]:
    outbox.close()
    taken = []
    while True:
        try:
            taken.append(await outbox.get())
        except OutboxClosed:
            return taken


@given(actions)
def test_order_and_ends(actions: list[tuple[str, str]]) -> None:
    outbox, expected, open_replies = Outbox(), list[Output](), set[str]()
    for number, (kind, reply) in enumerate(actions):
        if kind == "discard":
            outbox.discard(reply)
            expected = [one for one in expected if not (isinstance(one, ReplyAudio) and one.reply_id == reply)]
            continue
        one = output(kind, reply, number)
        outbox.put(one)
        if kind == "started":
            open_replies.add(reply)
        if kind in ("fact", "started") or reply in open_replies:
            expected.append(one)
        if kind == "finished":
            open_replies.discard(reply)
    assert [id(one) for one in run(everything_of(outbox))] == [id(one) for one in expected]


@in_virtual_time
async def test_whoever_waits_is_woken_and_let_go() -> None:
    outbox = Outbox()
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(1.0)
    outbox.put(ItemRemoved("a"))
    assert await waiting == ItemRemoved("a")
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(1.0)
    outbox.close()
    with pytest.raises(OutboxClosed):
        await waiting
    outbox.put(ItemRemoved("b"))
    with pytest.raises(OutboxClosed):
        await outbox.get()


@in_virtual_time
async def test_nothing_is_lost_when_whoever_waits_gives_up() -> None:
    outbox = Outbox()
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(1.0)
    outbox.put(ItemRemoved("a"))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await outbox.get() == ItemRemoved("a")


@in_virtual_time
async def test_a_client_that_is_too_slow() -> None:
    outbox = Outbox()
    for _ in range(MAX_WAITING):
        outbox.put(ItemRemoved("a"))
    await outbox.get()
    outbox.put(ItemRemoved("a"))
    outbox.put(ItemRemoved("a"))
    with pytest.raises(PipelineError) as caught:
        await outbox.get()
    assert caught.value.code == "client_too_slow"


@in_virtual_time
async def test_audio_that_waits_leaves_in_larger_pieces() -> None:
    outbox = Outbox()
    outbox.put(ReplyStarted("r1", ReplyOptions()))
    pieces = [np.full(MAX_TOGETHER_SAMPLES // 2, number, np.int16) for number in range(7)]
    put = [
        ReplyAudio("r1", "a", pieces[0], "One"),
        ReplyAudio("r1", "a", pieces[1]),
        ReplyAudio("r1", "a", pieces[2]),
        ReplyAudio("r1", "a", pieces[3], "two"),  # Its words are not shown before it.
        ReplyAudio("r1", "b", pieces[4]),
    ]
    for audio in put:
        outbox.put(audio)
    outbox.put(ItemRemoved("c"))
    outbox.put(ReplyAudio("r1", "b", pieces[5]))
    outbox.put(ReplyAudio("r1", "b", pieces[6]))
    left = [one for one in await everything_of(outbox) if isinstance(one, ReplyAudio)]
    together = [(one.item_id, one.text, [number for number in range(7) if number in one.samples]) for one in left]
    assert together == [
        ("a", "One", [0, 1]),
        ("a", "", [2]),
        ("a", "two", [3]),
        ("b", "", [4]),
        ("b", "", [5, 6]),
    ]
