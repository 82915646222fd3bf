"""An erasure whose task is killed somewhere: another goes on, nothing is left or miscounted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from tests.voice_server.privacy.everything import of_folder
from tests.voice_server.privacy.private_server import TENANT, PrivateServer, private_server
from voice_server.storage.postgres.database import Database

if TYPE_CHECKING:
    from voice_server.storage.postgres.database import Connection


ROWS = ("profile", "memberships", "customers", "identities", "conversations", "memories", "objects")

STRIDE = 3
"""Before every third transaction: set it to 1 to try all of them, which takes half a minute and passes."""


class Killed(BaseException):
    """The process ends at this moment."""


class Mortal(Database):
    """The way to PostgreSQL of a task that is killed before a transaction."""

    left: int | None = None
    """Transactions until then."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._pool)

    def _count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID) -> AsyncIterator["Connection"]:
        self._count()
        async with super().tenant(tenant_id) as connection:
            yield connection

    @asynccontextmanager
    async def everyone(self) -> AsyncIterator["Connection"]:
        self._count()
        async with super().everyone() as connection:
            yield connection


async def person(server: PrivateServer) -> UUID:
    """Somebody with a conversation, a memory, an object and a log-in, who has asked to be erased; gives the job."""
    account_id, customer_id, conversation_id = uuid4(), uuid4(), f"conv_{uuid4().hex[:20]}"
    owner, key = f"account-{account_id}", f"tenants/{TENANT}/answers/{conversation_id}/one.wav"
    await server.objects.put(key, b"sound", "audio/wav")
    await server.shared.live_log.append(conversation_id, 1, ["one", "two"], epoch=1)
    for into, *values in (
        ("accounts (id, email, password_hash)", account_id, f"{account_id}@example.com", "hash"),
        ("memberships (tenant_id, account_id, role)", TENANT, account_id, "customer"),
        ("customers (id, tenant_id)", customer_id, TENANT),
        (
            "customer_identities (tenant_id, kind, value, customer_id)",
            TENANT,
            "account",
            str(account_id),
            customer_id,
        ),
        (
            "conversations (id, tenant_id, owner, customer_id, assistant, channel)",
            conversation_id,
            TENANT,
            owner,
            customer_id,
            "galion",
            "realtime",
        ),
        (
            "memories (tenant_id, customer_id, topic, value, confidence, source)",
            TENANT,
            customer_id,
            "name",
            "Ada",
            1.0,
            "said",
        ),
        (
            "stored_objects (key, tenant_id, conversation_id, owner, kind, content_type, bytes)",
            key,
            TENANT,
            conversation_id,
            owner,
            "answer",
            "audio/wav",
            5,
        ),
        ("audit_log (tenant_id, actor, action, subject_kind, subject_id)", TENANT, owner, "read", "account", owner),
    ):
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await server.execute(f"INSERT INTO {into} VALUES ({places})", *values)
    job_id: UUID = await server.execute(
        "INSERT INTO privacy_jobs (tenant_id, kind, account_id, requested_by) "
        "VALUES ($1, 'erasure', $2, $3) RETURNING id",
        TENANT,
        account_id,
        owner,
    )
    return job_id


async def test_killed_before_any_transaction_it_is_gone_on_with(database: Database, tmp_path: Path) -> None:
    mortal = Mortal(database)
    async with private_server(mortal, tmp_path) as server:
        await server.accounts.keys.load()
        kills = 0
        while True:
            job_id = await person(server)
            mortal.left = kills
            try:
                await server.carry_out()
            except Killed:
                kills += STRIDE
                was_killed = True
            else:
                was_killed = False
            mortal.left = None
            await server.execute("UPDATE privacy_jobs SET due_at = now() WHERE state IN ('waiting', 'running')")
            await server.carry_out()
            await _check(server, job_id, kills)
            if not was_killed:
                break
    assert kills > 40, "many transactions, each a chance to be killed"


async def _check(server: PrivateServer, job_id: UUID, kills: int) -> None:
    where = f"killed before transaction {kills}"
    receipt = await server.execute("SELECT receipt FROM privacy_jobs WHERE id = $1", job_id)
    assert receipt is not None, where
    assert receipt["claims"]["erased"] == {
        "postgres": dict.fromkeys(ROWS, 1),
        "objects": {"objects": 1},
        "live_log": {"lines": 2},
        "leases": {},
        "rate_limits": {},
    }, where
    for table in ("accounts", "customers", "conversations", "memories", "stored_objects"):
        assert await server.execute(f"SELECT count(*) FROM {table}") == 0, (where, table)
    assert not list(of_folder(server.folder)), where
    left = await server.execute("SELECT count(*) FROM audit_log WHERE actor LIKE 'account-%'")
    assert left == 0, where


async def test_a_task_that_was_given_up_stops_where_it_is(database: Database, tmp_path: Path) -> None:
    async with private_server(database, tmp_path) as server:
        job_id = await person(server)
        slow = await server.jobs.claim()
        assert slow is not None
        await server.execute("UPDATE privacy_jobs SET due_at = now()")
        assert await server.carry_out() == 2
        await server.jobs.put_off(slow, "It was slow.", 0.0)
        await server.jobs.fail(slow, "It was slow.")
        row = await server.execute("SELECT to_jsonb(privacy_jobs) FROM privacy_jobs WHERE id = $1", job_id)
        assert (row["state"], row["problem"]) == ("done", None)
