"""Sending and receiving at once."""

import asyncio
import contextlib

import pytest

from pipeline.providers.duplex import received_while


async def send_nothing() -> None:
    """Everything is sent."""


async def test_a_failure_to_send_ends_the_receiving() -> None:
    async def send() -> None:
        raise LookupError("nothing to send")

    async def receive() -> int:
        return await asyncio.get_running_loop().create_future()

    with pytest.raises(LookupError, match="nothing to send"):
        await anext(received_while(send(), receive))


async def test_what_has_arrived_comes_before_the_failure_to_send() -> None:
    async def send() -> None:
        raise LookupError("nothing to send")

    async def receive() -> int:
        return 1

    stream = received_while(send(), receive)
    await asyncio.sleep(0)
    with contextlib.suppress(LookupError):
        assert await anext(stream) == 1


async def test_receiving_goes_on_after_everything_is_sent() -> None:
    messages: asyncio.Queue[int] = asyncio.Queue()
    async with contextlib.aclosing(received_while(send_nothing(), messages.get)) as stream:
        for number in range(3):
            messages.put_nowait(number)
            assert await anext(stream) == number


async def test_closing_cancels_the_sender_and_waits_for_it() -> None:
    ended = asyncio.Event()

    async def send() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    messages: asyncio.Queue[int] = asyncio.Queue()
    messages.put_nowait(1)
    stream = received_while(send(), messages.get)
    assert await anext(stream) == 1
    await stream.aclose()
    assert ended.is_set()
    assert len(asyncio.all_tasks()) == 1


async def test_it_ends_when_the_sender_wants_no_more() -> None:
    enough = asyncio.Event()

    async def send() -> bool:
        await enough.wait()
        return True

    messages: asyncio.Queue[int] = asyncio.Queue()
    messages.put_nowait(1)
    async with contextlib.aclosing(received_while(send(), messages.get)) as stream:
        assert await anext(stream) == 1
        enough.set()
        assert [message async for message in stream] == []
