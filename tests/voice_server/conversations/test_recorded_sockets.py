"""Conversations over a socket are in the log: what the client was shown is safe first, and history is what it saw."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.events import Output
from tests.voice_server.conversations.logs import Kept, kept_in
from tests.voice_server.wire.served import served
from voice_server.call import Unrecorded
from voice_server.conversations import log as log_module
from voice_server.conversations.archive import Archive
from voice_server.conversations.facts import read
from voice_server.conversations.recorder import Recorder
from voice_server.conversations.restore import restored
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.interfaces import Fenced


@pytest.fixture
async def kept(database: Database, tmp_path: Path) -> AsyncIterator[Kept]:
    async with kept_in(database, tmp_path) as opened:
        yield opened


async def history_of(archive: Archive, session_id: str) -> list[tuple[str, str]]:
    found = await archive.read(session_id.replace("sess_", "conv_"))
    assert found is not None
    left = restored(read(line) for _, line in found.lines)
    return [(row.role, row.text) for row in left.fold.rows()]


async def test_a_spoken_turn_is_in_the_history_when_it_is_done(kept: Kept) -> None:
    recorder = Recorder(kept.log)
    async with served(record=lambda config, _: recorder.record(config, _)) as server, server.talk() as talk:
        session_id = talk.messages[0]["session"]["id"]
        await talk.update(instructions="Be brief.", output_modalities=["audio"])
        await talk.speak()
        await talk.be_silent(1.5)
        await talk.until("response.done")
        # Told, hence safe: no waiting.
        assert await history_of(kept.archive, session_id) == [
            ("user", "what time is it"),
            ("assistant", "It is late. Good night."),
        ]
        found = await kept.archive.read(session_id.replace("sess_", "conv_"))
        assert found is not None
        left = restored(read(line) for _, line in found.lines)
        assert left.config is not None
        assert (left.settings.instructions, left.config.settings.instructions) == ("Be brief.", "Be brief.")
        assert left.config.session_id == session_id


async def test_the_client_is_told_once_that_nothing_is_kept(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "DURABLE_SECONDS", 0.2)
    recorder = Recorder(kept.log)
    async with served(record=recorder.record) as server, server.talk() as talk:
        kept.archive.is_away = kept.spool.is_full = True
        await talk.type_text("hello")
        await talk.ask("and again")
        errors = [message["error"] for message in talk.messages if message["type"] == "error"]
        assert [error["code"] for error in errors] == ["storage_unavailable"]
        kept.archive.is_away = kept.spool.is_full = False


@dataclass
class Moved(Unrecorded):
    """Somebody else goes on with the conversation as soon as it has said something."""

    seen: int = 0

    def left(self, output: Output) -> int:
        self.seen += 1
        return self.seen

    async def safe(self, number: int) -> bool:
        raise Fenced("sess_1", 2)


async def test_a_socket_whose_session_has_moved_ends() -> None:
    async with served(record=lambda *_: Moved()) as server, server.talk() as talk:
        await talk.send("conversation.item.create", item=hello())
        assert (await talk.error())["code"] == "session_moved"
        assert await talk.closed() == 1012


class Slow(Unrecorded):
    """Nothing is safe before it is let go."""

    def __init__(self) -> None:
        self.noted: list[Output] = []
        self.waits = 0
        self.may_go_on = asyncio.Event()

    def left(self, output: Output) -> int:
        self.noted.append(output)
        return len(self.noted)

    async def safe(self, number: int) -> bool:
        self.waits += 1
        await self.may_go_on.wait()
        return True


async def test_what_belongs_together_is_waited_for_once_and_not_sent_before() -> None:
    slow = Slow()
    async with served(record=lambda *_: slow) as server, server.talk() as talk:
        await talk.send("conversation.item.create", item=hello())
        async with asyncio.timeout(10):
            while not slow.waits:  # noqa: ASYNC110 (it is told by nobody)
                await asyncio.sleep(0)
        assert [type(output).__name__ for output in slow.noted] == ["ItemAdded", "ItemDone"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.socket.receive(), 0.05)
        slow.may_go_on.set()
        await talk.until("conversation.item.done")
        assert slow.waits == 1


def hello() -> dict[str, object]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
