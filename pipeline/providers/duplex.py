"""Sending and receiving at once over one connection."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def received_while(
    sending: Coroutine[Any, Any, None], receive: Callable[[], Awaitable[T]]
) -> AsyncGenerator[T, None]:
    """Give every message that `receive` gives while `sending` runs beside it, and afterwards.

    Raises what `receive` raises, which is how it ends, and what `sending` raises. `sending` has ended when this has.
    """
    sender = asyncio.ensure_future(sending)
    receiver: asyncio.Future[T] | None = None
    try:
        while not sender.done():
            receiver = asyncio.ensure_future(receive())
            await asyncio.wait((receiver, sender), return_when=asyncio.FIRST_COMPLETED)
            if not receiver.done():
                sender.result()
            yield await receiver
        sender.result()
        while True:
            yield await receive()
    finally:
        tasks = [task for task in (sender, receiver) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
