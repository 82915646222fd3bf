"""The stores one by one: what is found is erased, twice is as good as once, and others' is left alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.voice_server.conversations.logs import header, opened
from tests.voice_server.privacy.everything import of_folder, of_redis
from tests.voice_server.privacy.private_server import PrivateServer, Somebody
from voice_server.accounts.attempts import Attempts
from voice_server.conversations.entry import Entry
from voice_server.conversations.facts import write
from voice_server.conversations.spool import Spool
from voice_server.privacy.file_traces import SessionLogTraces, SpoolTraces
from voice_server.privacy.subject import Subject, Subjects, subject_of
from voice_server.privacy.traces import LiveEndings, LiveLogTraces, RateLimitTraces, account_rate_keys
from voice_server.storage.shared.interfaces import Fenced
from voice_server.storage.shared.memory import open_memory
from voice_server.storage.shared.redis import open_redis

ADA = Subject(None, accounts=("1",), owners=("account-1",), emails=("ada@example.com",), conversations=("conv_1",))


async def test_attempts_that_were_counted_under_an_address_are_forgotten(redis_url: str) -> None:
    async with open_redis(redis_url) as shared:
        attempts = Attempts(shared.rate_limits)
        traces = RateLimitTraces(shared.rate_limits, account_rate_keys)

        async def attempt(email: str, account_id: str) -> None:
            # Without a network, whose attempts are everybody's who comes from there.
            await attempts.change_password(account_id)
            for email_limit in (attempts.register, attempts.forgot):
                await email_limit(f"network-{email}", email)
            await attempts.log_in(f"network-{email}", email, known_device=None)

        await attempt("ada@example.com", "1")
        before = set(await of_redis(redis_url))
        await attempt("bob@example.com", "2")
        of_bob = set(await of_redis(redis_url)) - before
        await traces.erase(ADA)
        left = set(await of_redis(redis_url))
        assert of_bob <= left
        # Three steps of the password, the address at log-in and twice for letters; the rest are the network's.
        assert len(before - left) == 6


@pytest.mark.parametrize("kind", ["memory", "redis"])
async def test_nobody_can_go_on_with_a_live_log(kind: str, redis_url: str) -> None:
    async with open_redis(redis_url) if kind == "redis" else open_memory() as shared:
        live, traces = shared.live_log, LiveLogTraces(shared.live_log)
        for conversation_id in ("conv_1", "conv_2"):
            await live.append(conversation_id, 1, ["one", "two"], epoch=7)
        assert await traces.find(ADA) == {"lines": 2}
        for _ in range(2):
            await traces.erase(ADA)
            assert await traces.find(ADA) == {}
        with pytest.raises(Fenced):
            await live.append("conv_1", 3, ["three"], epoch=8)
        assert await live.read("conv_1", 0) == []
        assert len(await live.read("conv_2", 0)) == 2


async def test_lines_of_the_spool_are_written_over_while_others_read_and_write_it(tmp_path: Path) -> None:
    spool, traces = Spool(tmp_path), SpoolTraces(tmp_path)
    await spool.open()
    of_ada = replace(header("conv_1"), owner="account-1")
    of_bob = replace(header("conv_2"), owner="account-2")
    entries = [Entry(each, 1, True, 1, (write(opened()),), (), (), None) for each in (of_ada, of_bob, of_ada)]
    await spool.append(entries)
    assert await traces.find(ADA) == {"entries": 2}
    await traces.erase(ADA)
    assert await traces.find(ADA) == {}
    await spool.append([entries[1]])
    taken = await spool.oldest()
    assert [entry.header.id for entry in taken.entries] == ["conv_2", "conv_2"]
    assert not any(b"conv_1" in data for data in of_folder(tmp_path).values())
    await spool.close()


async def test_session_logs_of_other_tasks_go_by_tombstones(server: PrivateServer, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for session in ("sess_1", "sess_2"):
        (folder / f"20260101T120000Z-{session}.jsonl").write_text("words\n")
    subjects, traces = Subjects(server.database), SessionLogTraces(folder)
    await traces.erase_buried(subjects)
    assert len(list(folder.iterdir())) == 2
    await subjects.bury(ADA)
    await traces.erase_buried(subjects)
    assert [path.name for path in folder.iterdir()] == ["20260101T120000Z-sess_2.jsonl"]


async def test_every_task_is_asked_to_end_live_conversations() -> None:
    async with open_memory() as shared:
        heard: list[tuple[str, ...]] = []
        told = asyncio.Event()

        async def end_here(ids: Sequence[str]) -> None:
            heard.append(tuple(ids))

        async def end_there(ids: Sequence[str]) -> None:
            heard.append(("there", *ids))
            told.set()

        there = asyncio.create_task(LiveEndings(shared.announcements, end_there).run())
        await asyncio.sleep(0)
        await LiveEndings(shared.announcements, end_here).end(["conv_1", "conv_2"])
        await told.wait()
        there.cancel()
        await asyncio.wait([there])
    assert heard == [("conv_1", "conv_2"), ("there", "conv_1", "conv_2")]


async def test_what_is_of_another_tenant_is_not_a_customers(server: PrivateServer, ada: Somebody) -> None:
    assert ada.account_id is not None
    other = await server.execute("INSERT INTO tenants (slug, name) VALUES ('other', 'Other') RETURNING id")
    here: object = None
    for tenant_id in (None, other):
        tenant = tenant_id or (await server.execute("SELECT id FROM tenants WHERE slug = 'default'"))
        customer_id = await server.execute("INSERT INTO customers (tenant_id) VALUES ($1) RETURNING id", tenant)
        await server.execute(
            "INSERT INTO customer_identities (tenant_id, kind, value, customer_id) VALUES ($1, 'account', $2, $3)",
            tenant,
            str(ada.account_id),
            customer_id,
        )
        await server.execute(
            "INSERT INTO conversations (id, tenant_id, owner, assistant, channel) VALUES ($1, $2, $3, 'x', 'realtime')",
            f"conv_{tenant}",
            tenant,
            f"account-{ada.account_id}",
        )
        here = here or (tenant, customer_id)
    assert isinstance(here, tuple)
    subjects = Subjects(server.database)
    of_tenant = await subjects.resolve(subject_of(here[0], None, here[1]))
    assert of_tenant.conversations == (f"conv_{here[0]}",)
    assert of_tenant.accounts == of_tenant.actors == ()
    everywhere = await subjects.resolve(subject_of(here[0], ada.account_id, None))
    assert set(everywhere.conversations) == {f"conv_{here[0]}", f"conv_{other}"}
    assert len(everywhere.customers) == 2
