"""Sending and receiving at once over one connection."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def received_while(
    sending: Coroutine[Any, Any, bool | None], receive: Callable[[], Awaitable[T]]
) -> AsyncGenerator[T, None]:
    """Give every message that `receive` gives while `sending` runs beside it, and afterwards unless it returns True.

    Raises what `receive` raises, which is how it ends otherwise, and what `sending` raises. `sending` has ended when
    this has.
    """
    sender = asyncio.ensure_future(sending)
    receiver: asyncio.Future[T] | None = None
    try:
        while not sender.done():
            receiver = asyncio.ensure_future(receive())
            await asyncio.wait((receiver, sender), return_when=asyncio.FIRST_COMPLETED)
            if not receiver.done() and sender.result():
                return
            yield await receiver
        if sender.result():
            return
        while True:
            yield await receive()
    finally:
        tasks = [task for task in (sender, receiver) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
