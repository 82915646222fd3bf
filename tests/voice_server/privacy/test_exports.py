"""Exports: everything that is kept, in files that can be read, at a link that expires."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from tests.voice_server.privacy.planted import plant
from tests.voice_server.privacy.private_server import PrivateServer, Somebody
from voice_server.conversations.archive import Archive
from voice_server.conversations.log import ConversationLog
from voice_server.conversations.spool import Spool
from voice_server.privacy.retention import Retention
from voice_server.storage.postgres.statements import Statements


async def exported(server: PrivateServer, person: Somebody) -> zipfile.ZipFile:
    status, job = await person.gdpr("POST", "export")
    assert (status, job["download"]) == (202, None)
    await server.carry_out()
    _, job = await person.gdpr("GET", f"jobs/{job['id']}")
    assert (job["state"], job["progress"]) == ("done", 1)
    async with person.http.get(f"{server.url}{job['download']['url']}") as answer:
        assert answer.status == 200
        assert "export.zip" in answer.headers["Content-Disposition"]
        return zipfile.ZipFile(io.BytesIO(await answer.read()))


async def test_everything_is_in_it_and_nothing_of_others(server: PrivateServer, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool-of-the-log")
    async with (
        ConversationLog(Archive(server.database), spool, server.shared.live_log) as log,
        server.somebody() as ada,
        server.somebody() as bob,
    ):
        planted = await plant(server, ada, "ada", log, tmp_path)
        await plant(server, bob, "bob", log, tmp_path)
        archive = await exported(server, ada)
    texts = {name: archive.read(name) for name in archive.namelist()}
    everything = b"\n".join(texts.values())
    kept_in_postgres = ("email", "name", "phone", "assistant", "language", "said", "answered", "memory", "replaced")
    for what in (*kept_in_postgres, "consent", "key", "request", "live-principal", "recording"):
        assert planted.canary(what).encode() in everything, what
    assert b"canary-bob" not in everything
    assert b"argon2" not in everything
    memories = json.loads(texts["memories.json"])
    assert {bool(each["replaced_at"]) for each in memories} == {True, False}
    assert len([name for name in texts if name.startswith("audio/")]) == 2
    readme = texts["README.txt"].decode()
    for name in Statements.of("privacy_export"):
        line = next(line for line in readme.splitlines() if line.strip().startswith(f"{name}.json"))
        assert len(line.split()) > 2, "every file is explained"
        assert int(line.split()[1]) == len(json.loads(texts[f"{name}.json"]))


async def test_a_second_request_gives_the_same_job_until_it_is_done(server: PrivateServer, ada: Somebody) -> None:
    _, first = await ada.gdpr("POST", "export")
    _, second = await ada.gdpr("POST", "export")
    assert first["id"] == second["id"]
    await server.carry_out()
    _, third = await ada.gdpr("POST", "export")
    assert third["id"] != first["id"]


async def test_it_goes_from_the_store_after_its_time(server: PrivateServer, ada: Somebody) -> None:
    await exported(server, ada)
    key = await server.execute("SELECT key FROM stored_objects WHERE kind = 'export'")
    days = "SELECT extract(day FROM expires_at - created_at)::integer FROM stored_objects"
    assert await server.execute(days) == 7
    retention = Retention(server.database, server.objects, server.shared.leases)
    assert (await retention.round()).objects == 0
    await server.execute("UPDATE stored_objects SET expires_at = $1", datetime(2026, 1, 1, tzinfo=UTC))
    assert (await retention.round()).objects == 1
    assert await server.objects.get(key) is None
    job_id = await server.execute("SELECT id FROM privacy_jobs")
    assert (await ada.gdpr("GET", f"jobs/{job_id}"))[1]["download"] is None
