"""A task to be killed: notes facts of several conversations and prints each number as soon as it is acknowledged.

python -m tests.voice_server.conversations.acknowledging DATABASE_URL REDIS_URL|- SPOOL
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from tests.voice_server.conversations.logs import header, opened, said, streamed
from voice_server.conversations.archive import Archive
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.conversations.spool import Spool
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.redis import open_redis


async def talk(writer: ConversationWriter) -> None:
    writer.note(opened())
    for number in range(1, 100_000):
        writer.note(streamed(number))
        if await writer.durable(writer.note(said(number))):
            print(writer.header.id, writer.sequence, flush=True)


async def main(database_url: str, redis_url: str, folder: str) -> None:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(database_url))
        live = None
        if redis_url != "-":
            live = (await stack.enter_async_context(open_redis(redis_url))).live_log
        log = await stack.enter_async_context(ConversationLog(Archive(database), Spool(Path(folder)), live))
        await asyncio.gather(*(talk(log.open(header())) for _ in range(5)))


if __name__ == "__main__":
    # Only acknowledgements go to the standard output.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
