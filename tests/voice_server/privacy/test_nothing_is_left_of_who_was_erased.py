"""Canaries of one person in every store, and none of them after the erasure: not in any table, key, object or file.

The search goes through everything there is, not through what the erasure knows of.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.s3 import Bucket
from tests.voice_server.privacy.everything import of_bucket, of_folder, of_postgres, of_redis, places
from tests.voice_server.privacy.planted import CANARIES, Planted, plant, said, still_writing
from tests.voice_server.privacy.private_server import PrivateServer, private_server
from voice_server.conversations.archive import Archive
from voice_server.conversations.entry import Entry
from voice_server.conversations.log import ConversationLog, ConversationWriter
from voice_server.conversations.spool import Spool
from voice_server.privacy.file_traces import SessionLogTraces, SpoolTraces
from voice_server.storage.objects.bucket import BucketObjects
from voice_server.storage.objects.signing import Place
from voice_server.storage.postgres.database import Database
from voice_server.storage.shared.interfaces import Fenced
from voice_server.storage.shared.redis import open_redis

PASSING = {"postgres/ended_access"}
"""Holds the id of an erased account for an hour at most: without it, its tokens would be valid until they expire."""

ELSEWHERE = {"lease", "recording", "session-log", "spool", "item-later"}
"""Canaries that are not in PostgreSQL; the last is planted by one test alone."""


@dataclass
class World:
    """All stores, with two people in them."""

    server: PrivateServer
    log: ConversationLog
    ada: Planted
    bob: Planted
    database_url: str
    redis_url: str
    bucket: Bucket
    data: Path

    async def everything(self) -> dict[str, bytes]:
        """All that is stored anywhere."""
        return {
            **await of_postgres(self.database_url),
            **await of_redis(self.redis_url),
            **await of_bucket(self.bucket),
            **of_folder(self.data),
        }

    async def erase(self, planted: Planted) -> str:
        """Ask for it; gives the secret of the receipt."""
        status, answer = await planted.person.gdpr("POST", "erasure", X_Request_Id=planted.canary("request"))
        assert status == 202, answer
        return str(answer["receipt_token"])


@pytest.fixture
async def world(
    database: Database,
    database_url: str,
    redis_url: str,
    s3_bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(open_redis(redis_url))
        objects = BucketObjects(Place(s3_bucket.name, endpoint=s3_bucket.endpoint))
        server = await stack.enter_async_context(
            private_server(
                database,
                tmp_path,
                objects=objects,
                shared=shared,
                more_traces=(SessionLogTraces(tmp_path / "session-logs"), SpoolTraces(tmp_path / "spool")),
            )
        )
        # Another folder: what lies in the spool of the tests stays there.
        log = await stack.enter_async_context(
            ConversationLog(Archive(database), Spool(tmp_path / "own-spool"), shared.live_log)
        )
        ada = await plant(server, await stack.enter_async_context(server.somebody()), "ada", log, tmp_path)
        bob = await plant(server, await stack.enter_async_context(server.somebody()), "bob", log, tmp_path)
        for planted in (ada, bob):
            assert (await planted.person.gdpr("POST", "export"))[0] == 202
        await server.carry_out()
        yield World(server, log, ada, bob, database_url, redis_url, s3_bucket, tmp_path)


async def test_there_is_a_canary_in_every_store(world: World) -> None:
    """Otherwise finding none would show nothing."""
    everything = await world.everything()
    planted = {
        "postgres": [each for each in CANARIES if each not in ELSEWHERE],
        "redis": ["said", "lease"],
        "bucket": ["recording"],
        "disk": ["session-log", "spool"],
    }
    for store, whats in planted.items():
        for what in whats:
            canary = world.ada.canary(what)
            assert any(place.startswith(store) for place in places(everything, [canary]).get(canary, ())), canary
    exports = [place for place in everything if "exports" in place]
    assert len(exports) == 2


async def test_every_trace_is_gone_and_everybody_else_is_still_there(world: World) -> None:
    before = await world.everything()
    of_bob = places(before, [*world.bob.canaries(), *world.bob.ids()])
    token = await world.erase(world.ada)
    await world.server.carry_out()

    after = await world.everything()
    assert left(after, world.ada) == {}
    assert b"canary-ada" not in b"".join(after.values())
    assert places(after, [*world.bob.canaries(), *world.bob.ids()]) == of_bob
    # The third one lies in the spool: nobody holds it.
    assert set(world.ada.conversations[:2]) <= set(world.server.ended)
    status, answer = await world.bob.person.send("GET", f"/api/v1/gdpr/receipts/{token}")
    assert (status, answer["state"], answer["problem"]) == (200, "done", None)
    erased = answer["claims"]["erased"]
    assert erased["postgres"]["profile"] == 1
    assert erased["postgres"]["conversations"] == 2
    assert erased["postgres"]["memories"] == 2
    assert erased["objects"] == {"objects": 3}
    assert erased["session_logs"] == {"files": 1}
    assert erased["spool"] == {"entries": 1}
    assert erased["leases"] == {"leases": 1}
    assert erased["live_log"]["lines"] >= 1


async def test_a_conversation_that_is_still_being_written_leaves_nothing(world: World) -> None:
    writer = await still_writing(world.ada, world.log)
    number = 2

    async def go_on() -> None:
        nonlocal number
        while True:
            writer.note(said(number, world.ada.canary("item-later")))
            number += 1
            await asyncio.sleep(0.001)

    talking = asyncio.create_task(go_on())
    try:
        await until_kept(world, world.ada.canary("item-later"))
        await world.erase(world.ada)
        await world.server.carry_out()
        await until_refused(writer)
    finally:
        talking.cancel()
        await asyncio.wait([talking])
    written = writer.sequence
    writer.note(said(number, world.ada.canary("item-later")))
    assert writer.sequence == written
    await settle(world)
    after = await world.everything()
    assert left(after, world.ada) == {}
    assert b"canary-ada" not in b"".join(after.values())


async def test_a_log_that_comes_late_from_another_disk_brings_nothing_back(world: World) -> None:
    unknown, in_erased_name = world.ada.header(), world.ada.header(world.ada.customer_id)
    late = [Entry(each, 1, True, 1, (world.ada.canary("spool"),), (), (), None) for each in (unknown, in_erased_name)]
    await world.erase(world.ada)
    await world.server.carry_out()

    assert set((await Archive(world.server.database).write(late)).values()) == {"erased"}
    everything = await of_postgres(world.database_url)
    assert b"canary-ada" not in b"".join(everything.values())


async def test_a_customer_is_erased_in_one_tenant_and_keeps_their_account(world: World) -> None:
    async with world.server.operator() as operator:
        body = {"customer_id": str(world.ada.customer_id)}
        status, answer = await operator.gdpr("POST", "erasure", body)
        assert status == 202
        await world.server.carry_out()
        assert (await operator.gdpr("GET", f"jobs/{answer['id']}"))[1]["state"] == "done"
    everything = await world.everything()
    kept = {"email", "name", "request"}
    gone = [canary for canary in world.ada.canaries() if canary.removeprefix("canary-ada-") not in kept]
    assert places(everything, gone) == {}
    assert places(everything, [str(world.ada.customer_id)]) == {}
    assert await world.server.execute("SELECT count(*) FROM accounts WHERE id = $1", world.ada.person.account_id) == 1
    assert (await world.ada.person.send("GET", "/api/v1/users/me"))[0] == 200


def left(everything: dict[str, bytes], planted: Planted) -> dict[str, list[str]]:
    """Where something of the person is, other than where it passes by itself: see PASSING, and the keys in Redis that
    say, for a day, that nobody may write the log of a conversation any more."""
    found = places(everything, [*planted.canaries(), *planted.ids()])
    return {
        text: others
        for text, all_places in found.items()
        if (others := [place for place in all_places if place not in PASSING and not place.endswith(":epoch")])
    }


async def until_kept(world: World, text: str) -> None:
    """Until PostgreSQL has it."""
    async with asyncio.timeout(20):
        while text.encode() not in (await of_postgres(world.database_url))["postgres/conversation_items"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def until_refused(writer: ConversationWriter) -> None:
    """Until the log has noticed that nobody wants it any more."""
    async with asyncio.timeout(20):
        while writer.is_open:  # noqa: ASYNC110 -- nothing tells when it is so
            await asyncio.sleep(0.02)
    try:
        assert await writer.durable(writer.sequence)
    except Fenced:
        return


async def settle(world: World) -> None:
    """Until what the log was still doing is done."""
    async with asyncio.timeout(20):
        while world.log._tasks:  # noqa: ASYNC110 -- nothing tells when it is so
            await asyncio.sleep(0.02)
