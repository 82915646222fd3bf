"""Erasures: asked for, cancelled, refused, broken off and gone on with, and the receipts in the end."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import jwt
import pytest
from jwt import PyJWK

from tests.voice_server.privacy.private_server import TENANT, PrivateServer, Somebody, private_server
from voice_server.privacy.subject import Subject
from voice_server.storage.postgres.database import Database, StorageUnavailable


class Killed(BaseException):
    """The process ends at this moment."""


class Fragile:
    """A store at which something goes wrong, once."""

    name = "fragile"

    def __init__(self, error: BaseException | None = None, *, at: str = "erase") -> None:
        self.error = error
        self.at = at
        self.held = {"things": 2}

    def _fail(self, at: str) -> None:
        if self.error is not None and self.at == at:
            error, self.error = self.error, None
            raise error

    async def find(self, _subject: Subject) -> Mapping[str, int]:
        self._fail("find")
        return dict(self.held)

    async def erase(self, _subject: Subject) -> None:
        self._fail("erase")
        self.held = {}
        self._fail("erased")


@asynccontextmanager
async def with_store(database: Database, folder: Path, store: Fragile) -> AsyncIterator[tuple[PrivateServer, Somebody]]:
    async with private_server(database, folder, more_traces=[store]) as server, server.somebody() as person:
        await person.register("ada@example.com", name="Ada")
        yield server, person


async def grace(server: PrivateServer, days: int) -> None:
    """As the tenant's admins have set it."""
    await server.execute(
        "INSERT INTO tenant_versions (tenant_id, version, config, created_by) VALUES ($1, 1, $2, 'admin')",
        TENANT,
        {"erasure_grace_days": days},
    )
    await server.execute("UPDATE tenants SET version = 1 WHERE id = $1", TENANT)


async def test_it_is_answered_at_once_and_done_at_once(server: PrivateServer, ada: Somebody) -> None:
    status, job = await ada.gdpr("POST", "erasure")
    assert (status, job["state"], job["can_be_cancelled"]) == (202, "waiting", True)
    again, same = await ada.gdpr("POST", "erasure")
    assert (again, same["id"]) == (202, job["id"])
    assert "receipt_token" not in same
    assert await server.carry_out() == 2
    assert await server.execute("SELECT count(*) FROM accounts") == 0
    assert (await ada.send("GET", "/api/v1/users/me"))[0] == 401
    assert (await ada.send("POST", "/api/v1/auth/login", {"email": "ada@example.com", "password": "x" * 12}))[0] == 401


async def test_within_the_time_that_the_tenant_gives_it_can_be_cancelled(server: PrivateServer, ada: Somebody) -> None:
    await grace(server, 14)
    status, job = await ada.gdpr("POST", "erasure")
    assert status == 202
    assert await server.carry_out() == 0
    days = "SELECT extract(day FROM due_at - created_at)::integer FROM privacy_jobs"
    assert await server.execute(days) == 14
    status, cancelled = await ada.gdpr("DELETE", f"jobs/{job['id']}")
    assert (status, cancelled["state"]) == (200, "cancelled")
    await server.execute("UPDATE privacy_jobs SET due_at = now()")
    assert await server.carry_out() == 0
    assert (await ada.send("GET", "/api/v1/users/me"))[0] == 200
    assert (await ada.gdpr("DELETE", f"jobs/{job['id']}"))[0] == 409


async def test_what_has_begun_cannot_be_cancelled(database: Database, tmp_path: Path) -> None:
    async with with_store(database, tmp_path, Fragile(StorageUnavailable("It is away."))) as (server, person):
        _, job = await person.gdpr("POST", "erasure")
        await server.carry_out()
        async with server.operator() as operator:
            # The person's own token is over; the state says why nothing moves.
            assert (await operator.gdpr("DELETE", f"jobs/{job['id']}"))[0] == 404
        status, seen = await person.gdpr("GET", f"receipts/{job['receipt_token']}")
        assert (status, seen["state"], seen["can_be_cancelled"]) == (200, "running", False)
        assert "tried again" in seen["problem"]
        await server.execute("UPDATE privacy_jobs SET due_at = now()")
        await server.carry_out()
        assert (await person.gdpr("GET", f"receipts/{job['receipt_token']}"))[1]["state"] == "done"


@pytest.mark.parametrize("at", ["find", "erase", "erased"])
async def test_another_task_goes_on_where_one_was_killed(database: Database, tmp_path: Path, at: str) -> None:
    async with with_store(database, tmp_path, Fragile(Killed(), at=at)) as (server, person):
        _, job = await person.gdpr("POST", "erasure")
        with pytest.raises(Killed):
            await server.carry_out()
        assert await server.carry_out() == 0, "it belongs to the killed task for a while"
        await server.execute("UPDATE privacy_jobs SET due_at = now()")
        await server.carry_out()
        _, seen = await person.gdpr("GET", f"receipts/{job['receipt_token']}")
        assert seen["state"] == "done"
        assert seen["claims"]["erased"]["fragile"] == {"things": 2}
        assert seen["claims"]["erased"]["postgres"]["profile"] == 1
        assert await server.execute("SELECT count(*) FROM accounts") == 0


async def test_the_only_admin_of_a_tenant_is_told_why_not(server: PrivateServer, ada: Somebody, bob: Somebody) -> None:
    await server.execute("UPDATE memberships SET role = 'admin' WHERE account_id = $1", ada.account_id)
    status, answer = await ada.gdpr("POST", "erasure")
    assert (status, answer["error"]["code"]) == (409, "last_admin")
    assert "default" in answer["error"]["message"]
    await server.execute("UPDATE memberships SET role = 'admin' WHERE account_id = $1", bob.account_id)
    assert (await ada.gdpr("POST", "erasure"))[0] == 202
    # The other one leaves before it is due.
    await server.execute("UPDATE memberships SET role = 'staff' WHERE account_id = $1", bob.account_id)
    await server.carry_out()
    assert "only admin" in await server.execute("SELECT problem FROM privacy_jobs")
    assert await server.execute("SELECT count(*) FROM accounts") == 2
    await server.execute("UPDATE memberships SET role = 'admin' WHERE account_id = $1", bob.account_id)
    await server.execute("UPDATE privacy_jobs SET due_at = now()")
    await server.carry_out()
    assert await server.execute("SELECT count(*) FROM accounts") == 1


async def test_the_receipt_is_verified_by_the_server_and_by_anybody_with_the_key(
    server: PrivateServer, ada: Somebody
) -> None:
    _, job = await ada.gdpr("POST", "erasure")
    await server.carry_out()
    _, seen = await ada.gdpr("GET", f"receipts/{job['receipt_token']}")
    receipt = seen["receipt"]
    status, said = await ada.gdpr("GET", f"receipts/verify?receipt={receipt}")
    assert (status, said["valid"], said["claims"]) == (200, True, seen["claims"])
    assert jwt.decode(receipt, PyJWK(seen["key"]).key, algorithms=["EdDSA"])["jti"] == job["id"]
    assert str(ada.account_id) not in str(said)
    brackets = urlsafe_b64encode(b"[" * 4000).decode().rstrip("=")
    for wrong in (receipt[:-4] + "AAAA", "", "a.b.c", receipt + "x" * 20_000, f"{brackets}.AAAA.AAAA", "%00.%00.%00"):
        assert (await ada.gdpr("GET", f"receipts/verify?receipt={wrong[:6000]}"))[0] == 400
    # Also when the key has long been replaced.
    await server.execute("UPDATE signing_keys SET retired_at = now(), private_key = ''")
    await server.accounts.keys.load()
    assert (await ada.gdpr("GET", f"receipts/verify?receipt={receipt}"))[0] == 200


async def test_an_access_token_is_no_receipt_and_a_receipt_opens_nothing(server: PrivateServer, ada: Somebody) -> None:
    token = ada.headers["Authorization"].removeprefix("Bearer ")
    assert (await ada.gdpr("GET", f"receipts/verify?receipt={token}"))[0] == 400
    _, job = await ada.gdpr("POST", "erasure")
    await server.carry_out()
    _, seen = await ada.gdpr("GET", f"receipts/{job['receipt_token']}")
    assert (await ada.send("GET", "/api/v1/users/me", Authorization=f"Bearer {seen['receipt']}"))[0] == 401


async def test_the_audit_log_keeps_that_it_happened_and_not_to_whom(server: PrivateServer, ada: Somebody) -> None:
    account_id = str(ada.account_id)
    await ada.gdpr("POST", "erasure")
    await server.carry_out()
    lines = await server.execute("SELECT jsonb_agg(to_jsonb(audit_log) ORDER BY id) FROM audit_log")
    assert account_id not in str(lines)
    hashes = {line["subject_id"] for line in lines}
    assert len(hashes) == 1
    assert hashes.pop().startswith("erased-")
    assert [line["action"] for line in lines][-2:] == ["ask_erasure", "erase"]


async def test_jobs_of_others_are_the_same_404(server: PrivateServer, ada: Somebody, bob: Somebody) -> None:
    _, job = await ada.gdpr("POST", "export")
    for path in (f"jobs/{job['id']}", f"jobs/{uuid4()}", "jobs/none"):
        for method in ("GET", "DELETE"):
            status, answer = await bob.gdpr(method, path)
            assert (status, answer["error"]["code"]) == (404, "job_not_found")
    assert (await bob.gdpr("GET", "receipts/er_unknown"))[0] == 404


async def test_whoever_has_lost_the_ids_of_their_jobs_finds_them(
    server: PrivateServer, ada: Somebody, bob: Somebody, operator: Somebody
) -> None:
    assert await ada.gdpr("GET", "jobs") == (200, {"jobs": []})
    _, first = await ada.gdpr("POST", "export")
    await server.carry_out()
    _, second = await ada.gdpr("POST", "export")
    assert second["id"] != first["id"]
    await server.carry_out()
    await bob.gdpr("POST", "export")
    _, found = await ada.gdpr("GET", "jobs")
    assert [(job["id"], job["state"]) for job in found["jobs"]] == [(second["id"], "done")]
    assert found["jobs"][0]["download"]["url"]
    assert (await operator.gdpr("GET", "jobs"))[0] == 403


async def test_only_admins_ask_for_customers(server: PrivateServer, ada: Somebody, operator: Somebody) -> None:
    customer_id: UUID = await server.execute("INSERT INTO customers (tenant_id) VALUES ($1) RETURNING id", TENANT)
    for kind in ("export", "erasure"):
        assert (await ada.gdpr("POST", kind, {"customer_id": str(customer_id)}))[0] == 403
        assert (await operator.gdpr("POST", kind, {"customer_id": str(uuid4())}))[0] == 404
        assert (await operator.gdpr("POST", kind, {"customer_id": "x"}))[0] == 400
        assert (await operator.gdpr("POST", kind, {}))[0] == 403
        assert (await operator.gdpr("POST", kind, {"customer_id": str(customer_id)}))[0] == 202
