"""A secret gives way to the next: nothing is lost on the way, and afterwards nothing needs the old one."""

import asyncio
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from tests.voice_server.mail.test_outbox import Desk
from tests.voice_server.mail.test_outbox import desk as desk  # noqa: PLC0414 -- a fixture
from voice_server.accounts import signing_keys
from voice_server.accounts.signing_keys import SigningKeys
from voice_server.auth import DEFAULT_TENANT, Principal
from voice_server.mail import outbox
from voice_server.mail.post import FolderPost
from voice_server.storage.postgres.database import Database
from voice_server.storage.resealing import reseal
from voice_server.storage.sealed import CannotOpen, Sealed
from voice_server.tenants import secrets
from voice_server.tenants.secrets import TenantSecrets

OLD, NEW, LOST = (f"the secret of {whose} as long as it must be" for whose in ("last year", "this year", "nobody"))
ROOT = Path(__file__).parents[3]
SOMEBODY = Principal("somebody")


def sealing_with(*keys: str) -> Sealed:
    return Sealed([key.encode() for key in keys])


async def put(database: Database, sealed: Sealed, name: str, value: str) -> None:
    await TenantSecrets(database, sealed).put(SOMEBODY, DEFAULT_TENANT, name, value, "req_1")


async def opened(database: Database, sealed: Sealed, tenant_id: UUID = DEFAULT_TENANT) -> dict[str, str]:
    return await TenantSecrets(database, sealed).open(tenant_id)


async def test_in_each_step_of_a_rotation_every_task_opens_what_any_other_seals(database: Database) -> None:
    """Tasks of two steps run side by side as long as a deployment lasts."""
    steps = [(OLD,), (OLD, NEW), (NEW, OLD)]
    for number, (before, after) in enumerate(pairwise(steps)):
        for sealing, opening in ((before, after), (after, before)):
            await put(database, sealing_with(*sealing), "key", f"{number} by {sealing[0]}")
            assert await opened(database, sealing_with(*opening)) == {"key": f"{number} by {sealing[0]}"}


async def test_after_it_nothing_needs_the_old_secret(desk: Desk, database: Database, tmp_path: Path) -> None:
    old, both, new = sealing_with(OLD), sealing_with(NEW, OLD), sealing_with(NEW)
    await put(database, old, "openai_api_key", "sk-1")
    await put(database, both, "elevenlabs_api_key", "el-1")
    signing, _ = await SigningKeys(database, old).signing()
    await desk.write(desk.outbox(FolderPost(tmp_path), old))
    with pytest.raises(CannotOpen):
        await opened(database, new)

    resealed = [
        await reseal(database, both, rows)
        for rows in (secrets.SEALED_ROWS, signing_keys.SEALED_ROWS, outbox.SEALED_ROWS)
    ]

    assert [(each.done, each.lost) for each in resealed] == [(1, 0)] * 3
    assert await opened(database, new) == {"openai_api_key": "sk-1", "elevenlabs_api_key": "el-1"}
    assert (await SigningKeys(database, new).signing())[0] == signing
    assert await desk.outbox(FolderPost(tmp_path), new).send_one()
    assert await desk.waiting() == 0
    again = await reseal(database, both, secrets.SEALED_ROWS)
    assert (again.done, again.lost) == (0, 0)


async def test_what_no_secret_opens_is_told_and_left(database: Database) -> None:
    await put(database, sealing_with(LOST), "lost_key", "sk-0")
    await put(database, sealing_with(OLD), "openai_api_key", "sk-1")
    resealed = await reseal(database, sealing_with(NEW, OLD), secrets.SEALED_ROWS)
    assert (resealed.done, resealed.lost) == (1, 1)
    assert (await opened(database, sealing_with(NEW, LOST)))["lost_key"] == "sk-0"


async def run_reseal(database_url: str, newest: str, before: Sequence[str]) -> tuple[int, str, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "SECRET_KEY": newest,
        "SECRET_KEY_BEFORE": ",".join(before),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "voice_server", "reseal"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


async def test_the_command_says_what_it_did(database: Database, database_url: str) -> None:
    await put(database, sealing_with(OLD), "openai_api_key", "sk-1")
    code, said, errors = await run_reseal(database_url, NEW, [OLD])
    assert (code, errors) == (0, "")
    assert "tenants' keys: 1 sealed anew, 0 that no secret here opens" in said
    assert "Nothing needs the secrets behind the newest any more." in said
    assert await opened(database, sealing_with(NEW)) == {"openai_api_key": "sk-1"}


async def test_the_command_fails_where_a_secret_is_missing(database: Database, database_url: str) -> None:
    await put(database, sealing_with(LOST), "openai_api_key", "sk-1")
    code, said, errors = await run_reseal(database_url, NEW, [OLD])
    assert code == 1
    assert "tenants' keys: 0 sealed anew, 1 that no secret here opens" in said
    assert errors.startswith("voice-server: SECRET_KEY_BEFORE: ")
    code, _, errors = await run_reseal(database_url, "", [OLD])
    assert (code, errors[:26]) == (2, "voice-server: SECRET_KEY: ")
