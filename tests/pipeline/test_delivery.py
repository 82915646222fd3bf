"""What a reply makes leaves at once, or waits."""

import asyncio

import numpy as np

from pipeline.conversation import Conversation
from pipeline.delivery import Delivery
from pipeline.events import Output, ReplyAudio, ReplyItemFinished, ReplyItemStarted, ReplyStarted, ReplyText
from pipeline.items import Message
from pipeline.outbox import Outbox
from pipeline.settings import ReplyOptions
from tests.virtual_time import in_virtual_time

MESSAGE = Message("item_1", "assistant", (), "in_progress")
SAMPLES = np.zeros(240, np.int16)


def opened() -> tuple[Outbox, Conversation]:
    outbox = Outbox()
    outbox.put(ReplyStarted("resp_1", ReplyOptions()))
    outbox.put(ReplyStarted("resp_2", ReplyOptions()))
    return outbox, Conversation(max_kept_audio_seconds=1.0)


async def left(outbox: Outbox) -> list[Output]:
    outbox.close()
    got: list[Output] = []
    while outbox._waiting:
        got.append(await outbox.get())
    return got[2:]


@in_virtual_time
async def test_a_guess_leaves_no_trace_before_it_is_released() -> None:
    outbox, conversation = opened()
    delivery = Delivery("resp_1", outbox, conversation, held=True)
    delivery.begin(MESSAGE)
    delivery.put(ReplyAudio("resp_1", "item_1", SAMPLES))
    assert list(conversation) == []
    assert len(outbox._waiting) == 2
    delivery.release()
    assert [item.id for item in conversation] == ["item_1"]
    assert [type(output) for output in await left(outbox)] == [ReplyItemStarted, ReplyAudio]


@in_virtual_time
async def test_audio_that_waits_is_discarded_and_what_was_written_is_not() -> None:
    outbox, conversation = opened()
    delivery = Delivery("resp_1", outbox, conversation)
    delivery.begin(MESSAGE)
    delivery.hold()
    delivery.put(ReplyAudio("resp_1", "item_1", SAMPLES))
    delivery.put(ReplyText("resp_1", "item_1", "word"))
    delivery.discard_audio()
    delivery.release()
    delivery.finish(MESSAGE)
    delivery.close()
    delivery.put(ReplyText("resp_1", "item_1", "late"))
    assert [type(output) for output in await left(outbox)] == [ReplyItemStarted, ReplyText, ReplyItemFinished]


@in_virtual_time
async def test_what_comes_after_a_reply_leaves_as_another() -> None:
    outbox, conversation = opened()
    stopped = Delivery("resp_1", outbox, conversation)
    nameless = stopped.successor()
    nameless.begin(MESSAGE)
    task = asyncio.create_task(nameless.released())
    Delivery("resp_2", outbox, conversation).take_over(nameless)
    await task
    (started,) = await left(outbox)
    assert isinstance(started, ReplyItemStarted)
    assert started.reply_id == "resp_2"
