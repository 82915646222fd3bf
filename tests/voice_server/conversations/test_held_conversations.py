"""Conversations held request by request: in the log and the history, one request at a time, for one owner."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.voice_server.conversations.logs import opened, said
from voice_server.auth import DEFAULT_TENANT, Principal
from voice_server.conversations import held as held_module
from voice_server.conversations.answers import ObjectRecordings
from voice_server.conversations.archive import Archive
from voice_server.conversations.held import HeldConversations
from voice_server.http.errors import ApiError, answer_errors
from voice_server.http.request_id import name_requests
from voice_server.storage.interfaces import ConversationNotFound, Recording
from voice_server.storage.objects.folder import FolderObjects
from voice_server.storage.objects.links import LinkedObjects, Links
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.memory import open_memory

ADA, EVE = Principal("ada"), Principal("eve")


@pytest.fixture
async def held(database: Database) -> AsyncIterator[HeldConversations]:
    async with open_memory() as shared:
        yield HeldConversations(Archive(database), shared.leases)


async def test_a_conversation_goes_on(held: HeldConversations, database: Database) -> None:
    begun = await held.begin(ADA, "galion")
    for number in (1, 2):
        async with held.hold(begun.id, ADA) as conversation:
            assert [item.id for item in conversation.items] == ["item_1"][: number - 1]
            assert conversation.assistant == "galion"
            conversation.facts += [opened(), said(number)]
    async with database.tenant(DEFAULT_TENANT) as connection:
        rows = await connection.fetch("SELECT id, position FROM conversation_items ORDER BY position")
        sequences = await connection.fetch("SELECT sequence FROM conversation_facts ORDER BY sequence")
        channel = await connection.fetchval("SELECT channel FROM conversations WHERE ended_at IS NOT NULL")
    assert [tuple(row) for row in rows] == [("item_1", 0), ("item_2", 1)]
    assert [row["sequence"] for row in sequences] == [1, 2, 3, 4]
    assert channel == "voice_chat"


async def test_nobody_else_may_go_on_with_it(held: HeldConversations) -> None:
    begun = await held.begin(ADA, "galion")
    for conversation_id, owner in ((begun.id, EVE), ("conv_unknown", ADA)):
        with pytest.raises(ConversationNotFound):
            async with held.hold(conversation_id, owner):
                pass


async def test_what_failed_is_forgotten(held: HeldConversations) -> None:
    begun = await held.begin(ADA, "galion")

    async def failing() -> None:
        async with held.hold(begun.id, ADA) as conversation:
            conversation.facts += [opened(), said(1)]
            raise ValueError("failed")

    with pytest.raises(ValueError, match="failed"):
        await failing()
    async with held.hold(begun.id, ADA) as conversation:
        assert conversation.items == []


async def test_requests_wait_for_each_other(held: HeldConversations) -> None:
    begun = await held.begin(ADA, "galion")
    inside = 0

    async def turn() -> None:
        nonlocal inside
        async with held.hold(begun.id, ADA) as conversation:
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            conversation.facts += [opened(), said(len(conversation.items) + 1)]
            inside -= 1

    await asyncio.gather(*(turn() for _ in range(5)))
    async with held.hold(begun.id, ADA) as conversation:
        assert [item.id for item in conversation.items] == [f"item_{number}" for number in range(1, 6)]


async def test_a_request_does_not_wait_for_ever(held: HeldConversations, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = await held.begin(ADA, "galion")
    async with held.hold(begun.id, ADA):
        monkeypatch.setattr(held_module, "WAIT_SECONDS", 0.1)
        with pytest.raises(ApiError) as busy:
            async with held.hold(begun.id, ADA):
                pass
    assert (busy.value.status, busy.value.code) == (409, "conversation_busy")


async def test_whoever_lost_the_lease_writes_nothing(held: HeldConversations, database: Database) -> None:
    begun = await held.begin(ADA, "galion")

    async def slow() -> None:
        async with held.hold(begun.id, ADA) as conversation:
            conversation.facts += [opened(), said(1, "too late")]
            # Another task, which does not know of this one's lease.
            async with open_memory() as shared:
                other = HeldConversations(Archive(database), shared.leases)
                async with other.hold(begun.id, ADA) as same:
                    same.facts += [opened(), said(1, "in time")]

    with pytest.raises(ApiError) as changed:
        await slow()
    assert changed.value.code == "conversation_changed"
    async with held.hold(begun.id, ADA) as conversation:
        assert [getattr(item, "text", "") for item in conversation.items] == ["in time"]


async def test_an_answer_has_an_address_that_works_and_is_swept(
    held: HeldConversations, database: Database, tmp_path: Path
) -> None:
    now = 2_000_000_000.0
    links = Links([b"s" * 32], now=lambda: now)
    begun = await held.begin(ADA, "galion")
    async with FolderObjects(tmp_path, links) as objects:
        recordings = ObjectRecordings(objects, database)
        address = await recordings.add(Recording(b"sound", "audio/mpeg"), ADA, begun.id)
        app = web.Application(middlewares=[name_requests, answer_errors])
        app.add_routes(LinkedObjects(links, objects).routes())
        async with TestClient(TestServer(app)) as client:
            async with client.get(address) as answer:
                assert (answer.status, answer.content_type, await answer.read()) == (200, "audio/mpeg", b"sound")
            assert await recordings.sweep_once() == 0
            async with database.everyone() as connection:
                await connection.execute("UPDATE stored_objects SET expires_at = now() - interval '1 second'")
            assert await recordings.sweep_once() == 1
            async with client.get(address) as answer:
                assert answer.status in (404, 410)
    async with database.everyone() as connection:
        assert await connection.fetchval("SELECT count(*) FROM stored_objects") == 0
