"""One socket to ElevenLabs, carrying JSON."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
import websockets
from websockets.asyncio.client import ClientConnection

from pipeline.providers import certificates

OPEN_SECONDS = 5.0
CLOSE_SECONDS = 0.0
"""The farewell is sent, but nobody waits for the answer to it."""
LARGEST_MESSAGE_BYTES = 1024 * 1024
MESSAGES_AHEAD = 512
"""Messages that may wait to be taken. Speech comes faster than it is heard; a socket that is not read all the time
answers no ping, and the vendor takes it for dead. With a fifth of a second in each message, that is 100 s of speech."""
SCHEMES = {"http": "ws", "https": "wss"}


class UnreadableMessage(Exception):
    """A message is not a JSON object."""


class JsonSocket:
    """Messages in both directions. Raises what `websockets` raises, and UnreadableMessage."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message."""
        await self._connection.send(orjson.dumps(message), text=True)

    async def receive(self) -> dict[str, Any]:
        """Wait for the next message."""
        text = await self._connection.recv()
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise UnreadableMessage(str(error)) from error
        if not isinstance(message, dict):
            raise UnreadableMessage("it is not an object")
        return message


@contextlib.asynccontextmanager
async def connected(
    base_url: str, path: str, query: Mapping[str, str], api_key: str, session_id: str
) -> AsyncIterator[JsonSocket]:
    """A socket that is closed politely at the end of the block, and at once if the block is broken off."""
    scheme, _, rest = base_url.rstrip("/").partition("://")
    scheme = SCHEMES.get(scheme, scheme)
    connection = await websockets.connect(
        f"{scheme}://{rest}{path}?{urlencode(query)}",
        ssl=certificates.trusted() if scheme == "wss" else None,
        additional_headers={"xi-api-key": api_key, "X-Session-Id": session_id},
        open_timeout=OPEN_SECONDS,
        close_timeout=CLOSE_SECONDS,
        max_size=LARGEST_MESSAGE_BYTES,
        max_queue=MESSAGES_AHEAD,
        # Whether the vendor still lives is shown by what it gives within the pipeline's deadlines.
        ping_interval=None,
        compression=None,
    )
    try:
        yield JsonSocket(connection)
    except BaseException:
        # Whoever broke it off, usually a user who interrupts, does not wait for the vendor's goodbye.
        connection.transport.abort()
        raise
    finally:
        await connection.close()
