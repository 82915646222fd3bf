"""Opens a WebSocket to the server, and tells in one sentence why that failed, or why it was lost."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK, InvalidHandshake, InvalidStatus

from voice_client.errors import ConnectionFailed

_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_WAITING_MESSAGES = 256
_FIRST_MESSAGE_SECONDS = 10.0
_GOODBYE_SECONDS = 2.0


class Address:
    """Where a conversation is held, and with whom."""

    def __init__(
        self, url: str, api_key: str | None, assistant: str, *, greeting: bool, heartbeat_seconds: float
    ) -> None:
        """Raises ConnectionFailed if `url` is no address.

        `heartbeat_seconds`: a connection is asked so often whether it is there, and has as long to answer.
        """
        self._url = url
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._assistant = assistant
        self._greeting = greeting
        self._heartbeat_seconds = heartbeat_seconds
        self._parts = urlsplit(url if "://" in url else f"http://{url}")
        if self._parts.scheme not in _SCHEMES or not self._parts.hostname:
            raise ConnectionFailed(f"{url} is not the address of a server; write one such as http://127.0.0.1:8080.")

    async def open(self, resumption: Mapping[str, str], *, is_restart: bool = False) -> ClientConnection:
        """`resumption`: what the query says of a conversation to go on with. Raises ConnectionFailed.

        `is_restart`: in the middle of a conversation nobody is greeted.
        """
        greeting = {} if self._greeting and not is_restart else {"greeting": "0"}
        query = urlencode({"model": self._assistant, "extensions": "1", **greeting, **resumption})
        path = self._parts.path.rstrip("/").removesuffix("/v1/realtime").removesuffix("/v1")
        address = (_SCHEMES[self._parts.scheme], self._parts.netloc, f"{path}/v1/realtime", query, "")
        try:
            # Speech gains nothing from compression, and each frame would pay for it.
            return await connect(
                urlunsplit(address),
                additional_headers=self._headers,
                compression=None,
                max_size=_MAX_MESSAGE_BYTES,
                max_queue=_WAITING_MESSAGES,
                ping_interval=self._heartbeat_seconds,
                ping_timeout=self._heartbeat_seconds,
                close_timeout=min(self._heartbeat_seconds, _GOODBYE_SECONDS),
            )
        except InvalidStatus as error:
            raise ConnectionFailed(_refusal(error), error.response.status_code) from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f"No voice server answers at {self._url} ({reason}); start one with `voice-server serve`."
            raise ConnectionFailed(message) from error


_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


async def first_message(socket: ClientConnection) -> str | bytes:
    """What the server says first. Raises ConnectionFailed."""
    try:
        async with asyncio.timeout(_FIRST_MESSAGE_SECONDS):
            return await socket.recv()
    except TimeoutError as error:
        raise ConnectionFailed(f"The server said nothing for {_FIRST_MESSAGE_SECONDS:g} seconds.") from error
    except ConnectionClosed as error:
        raise lost(error) from error


def close_code(error: ConnectionClosed) -> int:
    """1006 where nobody said goodbye, or the server did not answer."""
    return 1006 if error.rcvd is None else error.rcvd.code


def lost(error: ConnectionClosed) -> ConnectionFailed:
    """In one sentence."""
    if isinstance(error, ConnectionClosedOK) and error.rcvd is not None:
        return ConnectionFailed(f"The server ended the conversation: {error.rcvd.reason or 'it is shutting down'}.")
    return ConnectionFailed("The connection to the server was lost.")


def _refusal(error: InvalidStatus) -> str:
    """The server's own sentence, if it gave one."""
    body = error.response.body or b""
    try:
        message = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = body.decode(errors="replace").strip()[:200] or error.response.reason_phrase
    return f"The server refused the connection ({error.response.status_code}): {message}"
