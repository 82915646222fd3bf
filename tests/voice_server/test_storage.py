"""What is kept between requests, how long, and for whom."""

import asyncio
from pathlib import Path

import pytest

from pipeline.events import ItemAdded
from pipeline.items import Message, Text
from pipeline.session_log import Left, Opened
from pipeline.settings import SessionSettings
from voice_server.auth import Principal
from voice_server.storage.folder import FolderRecordings
from voice_server.storage.interfaces import ConversationNotFound, Recording
from voice_server.storage.memory import (
    CONVERSATION_SECONDS,
    MAX_ITEMS,
    RECORDING_SECONDS,
    MemoryConversations,
    MemoryRecordings,
)

ADA, EVE = Principal("ada"), Principal("eve")


class Clock:
    """Time that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 2_000_000_000.0

    def __call__(self) -> float:
        return self.now


OPENED = Opened("sess_1", "galion", SessionSettings(), 0.0)


def said(text: str) -> Left:
    previous = "item_last" if text.isdigit() else None
    return Left(0.0, ItemAdded(Message(f"item_{text}", "user", (Text(text),)), previous))


async def test_a_conversation_goes_on() -> None:
    conversations = MemoryConversations()
    begun = await conversations.begin(ADA, "galion")
    async with conversations.hold(begun.id, ADA) as conversation:
        conversation.facts += [OPENED, said("one")]
    async with conversations.hold(begun.id, ADA) as conversation:
        assert [item.id for item in conversation.items] == ["item_one"]
        assert conversation.assistant == "galion"


async def test_nobody_else_may_go_on_with_it() -> None:
    conversations = MemoryConversations()
    begun = await conversations.begin(ADA, "galion")
    for conversation_id, owner in ((begun.id, EVE), ("conv_unknown", ADA)):
        with pytest.raises(ConversationNotFound):
            async with conversations.hold(conversation_id, owner):
                pass


async def test_what_failed_is_forgotten() -> None:
    conversations = MemoryConversations()
    begun = await conversations.begin(ADA, "galion")

    async def failing_turn() -> None:
        async with conversations.hold(begun.id, ADA) as conversation:
            conversation.facts += [OPENED, said("lost")]
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        await failing_turn()
    async with conversations.hold(begun.id, ADA) as conversation:
        assert conversation.items == []


async def test_requests_of_one_conversation_wait_for_each_other() -> None:
    conversations = MemoryConversations()
    begun = await conversations.begin(ADA, "galion")
    inside = 0

    async def turn(number: int) -> None:
        nonlocal inside
        async with conversations.hold(begun.id, ADA) as conversation:
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            conversation.facts += [OPENED, said(str(number))]
            inside -= 1

    await asyncio.gather(*(turn(number) for number in range(5)))
    async with conversations.hold(begun.id, ADA) as conversation:
        assert len(conversation.items) == 5


async def test_conversations_are_bounded_in_number_age_and_length() -> None:
    clock = Clock()
    conversations = MemoryConversations(limit=2, now=clock)
    first = await conversations.begin(ADA, "galion")
    second = await conversations.begin(ADA, "galion")
    async with conversations.hold(first.id, ADA) as conversation:
        conversation.facts += [OPENED, *(said(str(number)) for number in range(MAX_ITEMS + 10))]
    async with conversations.hold(first.id, ADA) as conversation:
        assert len(conversation.items) == MAX_ITEMS
        assert conversation.items[-1].id == f"item_{MAX_ITEMS + 9}"
    clock.now += 1
    await conversations.begin(ADA, "galion")
    with pytest.raises(ConversationNotFound):
        async with conversations.hold(second.id, ADA):
            pass
    clock.now += CONVERSATION_SECONDS
    with pytest.raises(ConversationNotFound):
        async with conversations.hold(first.id, ADA):
            pass


def id_of(address: str) -> str:
    return address.rpartition("/")[2]


def recordings_in(kind: str, folder: Path, clock: Clock, max_bytes: int = 100) -> MemoryRecordings | FolderRecordings:
    if kind == "memory":
        return MemoryRecordings(max_bytes=max_bytes, now=clock)
    return FolderRecordings(folder / "recordings", max_bytes=max_bytes, now=clock)


@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_a_recording_is_kept_for_an_hour(kind: str, tmp_path: Path) -> None:
    clock = Clock()
    recordings = recordings_in(kind, tmp_path, clock)
    await recordings.open()
    recording = Recording(b"x" * 10, "audio/mpeg")
    recording_id = id_of(await recordings.add(recording, ADA, "conv_1"))
    assert await recordings.get(recording_id) == recording
    clock.now += RECORDING_SECONDS
    assert await recordings.get(recording_id) is None


@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_the_oldest_recordings_make_room(kind: str, tmp_path: Path) -> None:
    clock = Clock()
    recordings = recordings_in(kind, tmp_path, clock, max_bytes=25)
    await recordings.open()
    ids = []
    for number in range(3):
        ids.append(id_of(await recordings.add(Recording(bytes([number]) * 10, "audio/wav"), ADA, "conv_1")))
        clock.now += 1
    assert await recordings.get(ids[0]) is None
    assert await recordings.get(ids[2]) == Recording(b"\x02" * 10, "audio/wav")


@pytest.mark.parametrize("kind", ["memory", "folder"])
@pytest.mark.parametrize("unknown", ["", "audio_0", "../../etc/passwd", "audio_" + "0" * 20, "audio_" + "/" * 20])
async def test_an_unknown_id_is_nothing(kind: str, unknown: str, tmp_path: Path) -> None:
    recordings = recordings_in(kind, tmp_path, Clock())
    await recordings.open()
    assert await recordings.get(unknown) is None


async def test_a_folder_survives_a_restart(tmp_path: Path) -> None:
    first = FolderRecordings(tmp_path)
    await first.open()
    recording_id = id_of(await first.add(Recording(b"x", "audio/wav"), ADA, "conv_1"))
    second = FolderRecordings(tmp_path)
    await second.open()
    assert await second.get(recording_id) == Recording(b"x", "audio/wav")


async def test_a_folder_that_cannot_be_used_is_found_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        await FolderRecordings(tmp_path / "file" / "recordings").open()
