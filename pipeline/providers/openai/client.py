"""The connection to OpenAI's API that its adapters share."""

import asyncio
import logging

import httpx2
import openai
from openai import AsyncOpenAI, DefaultAioHttpClient

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
"""The longest silence of a connection; the pipeline's own deadlines are shorter."""
KEPT_SECONDS = 300.0
"""How long an idle connection is kept. A user thinks for longer than the five seconds that are the client's default,
and would wait for a new handshake after each thought."""
MAX_CONNECTIONS = 1000
MAX_KEPT_CONNECTIONS = 1000
WARM_CONNECTIONS = 4
"""Connections that are opened ahead: for one utterance, one reply and two of its clauses."""
WARM_UP_SECONDS = 5.0

_log = logging.getLogger(__name__)


def client(api_key: str, base_url: str | None = None) -> AsyncOpenAI:
    """A client to be given to the adapters, which do not close it: `async with client(…) as openai`.

    It never tries again by itself: the SDK waits at least half a second before it does, and as long as a 429 asks for,
    in which a caller hears nothing. Whoever called decides whether to try again or elsewhere.
    """
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    limits = httpx2.Limits(
        max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_KEPT_CONNECTIONS, keepalive_expiry=KEPT_SECONDS
    )
    # aiohttp reads in C what the default client reads in Python: a third of what each word and each request costs.
    http = DefaultAioHttpClient(limits=limits, timeout=timeout)
    connection = AsyncOpenAI(api_key=api_key, base_url=base_url, max_retries=0, timeout=timeout, http_client=http)
    # The SDK imports what belongs to a resource when it is used first: a tenth of a second of somebody's turn.
    _ = connection.models, connection.audio.transcriptions, connection.audio.speech, connection.chat.completions
    return connection


async def warm_up(connection: AsyncOpenAI) -> None:
    """Have connections open before the first turn needs them, by the cheapest request that there is.

    Never fails: a server that does not answer, or does not know the request, is met again when it is needed.
    """
    await asyncio.gather(*(_use_once(connection) for _ in range(WARM_CONNECTIONS)))


async def _use_once(connection: AsyncOpenAI) -> None:
    try:
        async with asyncio.timeout(WARM_UP_SECONDS):
            await connection.models.list()
    except (openai.OpenAIError, httpx2.HTTPError, ValueError, TimeoutError) as error:
        # Whatever was answered, the connection is open now, unless there is nobody; then the first request tells.
        # Not its message: some servers repeat the key that they refuse.
        _log.debug("OpenAI's API did not list its models: %s", type(error).__name__)
