"""Retention: what is older than its tenant keeps it goes, in batches, by one task at a time; nothing else does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from tests.voice_server.privacy.private_server import TENANT, PrivateServer, private_server
from voice_server.privacy.retention import MAX_CONVERSATIONS, Retention
from voice_server.storage.postgres.database import Database

NOW = datetime.now(UTC)
OLD, NEW = NOW - timedelta(days=31), NOW - timedelta(days=29)


async def keeps(server: PrivateServer, days: int | None, tenant_id: UUID = TENANT) -> None:
    """The tenant's configuration."""
    config = {} if days is None else {"retention_days": days}
    await server.execute(
        "INSERT INTO tenant_versions (tenant_id, version, config, created_by) VALUES ($1, 1, $2, 'admin')",
        tenant_id,
        config,
    )
    await server.execute("UPDATE tenants SET version = 1 WHERE id = $1", tenant_id)


async def conversation(server: PrivateServer, at: datetime, tenant_id: UUID = TENANT) -> str:
    """One with everything, last changed then; gives its id."""
    conversation_id = f"conv_{uuid4().hex[:20]}"
    await server.execute(
        "INSERT INTO conversations (id, tenant_id, owner, assistant, channel, began_at, changed_at) "
        "VALUES ($1, $2, 'ada', 'galion', 'realtime', $3, $3)",
        conversation_id,
        tenant_id,
        at,
    )
    await server.execute(
        "INSERT INTO conversation_facts (conversation_id, sequence, tenant_id, fact) VALUES ($1, 1, $2, 'fact')",
        conversation_id,
        tenant_id,
    )
    key = f"tenants/{tenant_id}/answers/{conversation_id}/one.wav"
    await server.objects.put(key, b"sound", "audio/wav")
    await server.execute(
        "INSERT INTO stored_objects (key, tenant_id, conversation_id, owner, kind, content_type, bytes, created_at) "
        "VALUES ($1, $2, $3, 'ada', 'recording', 'audio/wav', 5, $4)",
        key,
        tenant_id,
        conversation_id,
        at,
    )
    return conversation_id


async def test_only_what_is_too_old_goes_in_small_batches(server: PrivateServer) -> None:
    other: UUID = await server.execute("INSERT INTO tenants (slug, name) VALUES ('other', 'Other') RETURNING id")
    await keeps(server, 30)
    await keeps(server, None, other)
    old = [await conversation(server, OLD) for _ in range(MAX_CONVERSATIONS + 3)]
    kept = [await conversation(server, NEW), await conversation(server, OLD, other)]
    customer_id = await server.execute("INSERT INTO customers (tenant_id) VALUES ($1) RETURNING id", TENANT)
    for at in (OLD, NEW):
        await server.execute(
            "INSERT INTO memories (tenant_id, customer_id, topic, value, confidence, source, learned_at) "
            "VALUES ($1, $2, 'name', 'Ada', 1, 'said', $3)",
            TENANT,
            customer_id,
            at,
        )
    made = await Retention(server.database, server.objects, server.shared.leases, pause_seconds=0).round()
    assert (made.conversations, made.memories, made.objects) == (len(old), 1, len(old))
    assert set(await server.execute("SELECT array_agg(id) FROM conversations")) == set(kept)
    assert await server.execute("SELECT count(*) FROM conversation_facts") == 2
    assert await server.objects.get(f"tenants/{TENANT}/answers/{old[0]}/one.wav") is None
    assert await server.objects.get(f"tenants/{TENANT}/answers/{kept[0]}/one.wav") is not None


async def test_what_has_expired_goes(server: PrivateServer) -> None:
    await server.execute(
        "INSERT INTO client_secrets (digest, tenant_id, principal, session_config, expires_at) "
        "VALUES (sha256('a'), $1, '{}', '{}', $2)",
        TENANT,
        OLD,
    )
    for state, finished, receipt in (("done", OLD, None), ("done", OLD, {"receipt": "…"}), ("failed", NEW, None)):
        await server.execute(
            "INSERT INTO privacy_jobs (tenant_id, kind, state, finished_at, receipt) "
            "VALUES ($1, 'export', $2, $3::timestamptz - interval '60 days', $4)",
            TENANT,
            state,
            finished,
            receipt,
        )
    await server.execute(
        "INSERT INTO tombstones VALUES (sha256('a'), now() - interval '2 years'), (sha256('b'), now())"
    )
    made = await Retention(server.database, server.objects, server.shared.leases).round()
    assert made.jobs == 1
    assert await server.execute("SELECT count(*) FROM client_secrets") == 0
    assert await server.execute("SELECT count(*) FROM privacy_jobs") == 2, "receipts stay"
    assert await server.execute("SELECT count(*) FROM tombstones") == 1


async def test_one_task_a_day(server: PrivateServer) -> None:
    tasks = [Retention(server.database, server.objects, server.shared.leases) for _ in range(3)]
    made = [await task.run_if_due() for task in tasks]
    assert [each is not None for each in made] == [True, False, False]


async def test_another_task_makes_the_round_if_one_was_killed_in_it(database: Database, tmp_path: Path) -> None:
    async with private_server(database, tmp_path) as server:
        await server.shared.leases.acquire("privacy retention", "a killed task", 0.001)
        await server.shared.leases.release("privacy retention", "a killed task")
        assert await Retention(database, server.objects, server.shared.leases).run_if_due() is not None
