"""The embedded PostgreSQL: it keeps what it was given, whoever is killed, and is used by one server at a time."""
# ruff: noqa: ASYNC110, ASYNC220, ASYNC240 -- what is waited for is in another process; nothing else runs in these loops

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest

from voice_server.storage.postgres import cluster, identity
from voice_server.storage.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresFailed

# Runs a server until its input ends, or it is killed; says where it is. The user is changed in it, and not before: the
# interpreter may be where only root can reach it.
HOLDER = """
import asyncio, os, sys
import concurrent.futures.thread, encodings.idna
from pathlib import Path
from voice_server.storage.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresFailed
async def hold():
    try:
        async with EmbeddedPostgres(Path(sys.argv[1])) as url:
            print(url, flush=True)
            await asyncio.to_thread(sys.stdin.read)
    except EmbeddedPostgresFailed as error:
        print(f"failed: {error}", flush=True)
if user := int(sys.argv[2]):
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
asyncio.run(hold())
"""
ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path that everybody can reach, for the path of a socket may not be long."""
    with tempfile.TemporaryDirectory(prefix="vs-") as short:
        Path(short).chmod(0o755)
        yield Path(short) / "postgres"


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def write(url: str) -> None:
    await ask(url, "CREATE TABLE kept AS SELECT 'önly' AS word")


async def read(url: str) -> object:
    return await ask(url, "SELECT word FROM kept")


def server_of(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def runs(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@contextlib.asynccontextmanager
async def holder_of(folder: Path, user: int = 0) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Another process that holds the folder, as another user if one is given; and what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        str(folder),
        str(user),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


async def test_what_is_written_is_there_after_a_restart(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as url:
        assert str(await ask(url, "SHOW server_version")).startswith("18.")
        assert await ask(url, "SHOW server_encoding") == "UTF8"
        assert await ask(url, "SHOW listen_addresses") == ""
        assert await ask(url, "SHOW fsync") == "on"
        assert folder.stat().st_mode & 0o777 == 0o700
        await write(url)
        server = server_of(folder)
    assert not runs(server)

    async with EmbeddedPostgres(folder) as url:
        assert await read(url) == "önly"


async def test_a_server_that_is_killed_is_started_again_with_all_it_committed(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as url:
        await write(url)
        before = server_of(folder)
        os.kill(before, signal.SIGKILL)

        async with asyncio.timeout(60):
            while True:
                try:
                    assert await read(url) == "önly"
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await asyncio.sleep(0.05)
                else:
                    if server_of(folder) != before:
                        break


async def test_a_holder_that_is_killed_leaves_a_folder_that_can_be_used_at_once(folder: Path) -> None:
    async with holder_of(folder) as (holder, url):
        await write(url)
        orphan = server_of(folder)
        holder.kill()
        await holder.wait()
    assert runs(orphan)

    async with EmbeddedPostgres(folder) as url:
        assert not runs(orphan)
        assert await read(url) == "önly"


async def test_both_may_be_killed(folder: Path) -> None:
    async with holder_of(folder) as (holder, url):
        await write(url)
        holder.kill()
        await holder.wait()
        os.kill(server_of(folder), signal.SIGKILL)

    async with EmbeddedPostgres(folder) as url:
        assert await read(url) == "önly"


@pytest.mark.parametrize("note", ["", "{alive}\n/nowhere\n", "4194304\n/nowhere\n"])
async def test_a_stale_note_of_a_server_is_no_obstacle(folder: Path, note: str) -> None:
    async with EmbeddedPostgres(folder) as url:
        await write(url)
    with subprocess.Popen(["sleep", "600"]) as somebody_else:
        (folder / "data" / "postmaster.pid").write_text(note.format(alive=somebody_else.pid))
        async with EmbeddedPostgres(folder) as url:
            assert await read(url) == "önly"
        assert somebody_else.poll() is None
        somebody_else.kill()


async def test_a_second_server_on_the_folder_is_refused(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as url:
        async with holder_of(folder) as (_holder, said):
            assert said == (
                f"failed: Another voice-server (process {os.getpid()}) uses {folder}: stop it, set DATA_DIR to another "
                "folder, or DATABASE_URL to a PostgreSQL that both use."
            )
        with pytest.raises(EmbeddedPostgresFailed, match="Another voice-server"):
            await EmbeddedPostgres(folder).__aenter__()
        assert await ask(url, "SELECT 1") == 1


async def test_a_path_may_be_longer_than_that_of_a_socket(folder: Path) -> None:
    long = folder / ("x" * 100) / "with space, and comma"
    async with EmbeddedPostgres(long) as url:
        await write(url)
        socket = Path(unquote(url.split("host=")[1]))
        assert socket.stat().st_mode & 0o777 == 0o700
    assert not socket.exists()

    async with EmbeddedPostgres(long) as url:
        assert await read(url) == "önly"


async def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    async with EmbeddedPostgres(folder):
        pass
    shutil.rmtree(folder / "data" / "global")

    with pytest.raises(EmbeddedPostgresFailed, match=r"does not start: .*global.*\. See .*postgres\.log\.$"):
        await EmbeddedPostgres(folder).__aenter__()


async def test_a_cluster_of_another_version_is_left_alone(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("17\n")

    with pytest.raises(
        EmbeddedPostgresFailed, match=r"written by PostgreSQL 17, and this version brings PostgreSQL 18"
    ):
        await EmbeddedPostgres(folder).__aenter__()
    assert [file.name for file in (folder / "data").iterdir()] == ["PG_VERSION"]


async def test_a_cluster_that_was_not_finished_is_made_anew(folder: Path) -> None:
    (folder / "unfinished-1").mkdir(parents=True)
    (folder / "unfinished-1" / "PG_VERSION").write_text("18\n")

    async with EmbeddedPostgres(folder) as url:
        assert await ask(url, "SELECT 1") == 1
    assert not list(folder.glob("unfinished-*"))


async def test_a_place_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(
        EmbeddedPostgresFailed, match=r"^The database cannot be kept in .*: Not a directory\. Set DATA_DIR"
    ):
        await EmbeddedPostgres(tmp_path / "file" / "postgres").__aenter__()


async def test_a_wheel_that_is_missing_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _name: None)

    with pytest.raises(EmbeddedPostgresFailed, match=r"^There is no PostgreSQL 18 to run .* set DATABASE_URL"):
        await EmbeddedPostgres(folder).__aenter__()


async def test_the_log_is_shortened_while_the_server_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_LONGEST_LOG", 10)
    log = folder / "postgres.log"
    async with EmbeddedPostgres(folder) as url:
        async with asyncio.timeout(30):
            while log.stat().st_size > 10:
                await asyncio.sleep(0.05)
        assert await ask(url, "SELECT 1") == 1


async def test_what_people_said_does_not_reach_the_log(folder: Path) -> None:
    async with EmbeddedPostgres(folder) as url:
        await ask(url, "CREATE TABLE kept (word text PRIMARY KEY)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(url, "INSERT INTO kept VALUES ('canary'), ('canary')")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            await ask(url, "SELECT 'canary'::integer")
    assert "canary" not in (folder / "postgres.log").read_text()


@pytest.fixture
def programs_for_everybody() -> None:
    program = cluster._programs() / "postgres"
    nobody = pwd.getpwnam("nobody")
    reached = subprocess.run(["test", "-x", program], user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    if reached.returncode:
        pytest.skip(f"the user nobody cannot reach {program}")


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
class TestAsRoot:
    """What differs from an ordinary user, as whom the tests above run otherwise."""

    async def test_an_ordinary_user_can_run_it(self, folder: Path, programs_for_everybody: None) -> None:
        folder.parent.chmod(0o777)
        nobody = pwd.getpwnam("nobody").pw_uid
        async with holder_of(folder, nobody) as (_holder, url):
            await write(url)
            assert Path(f"/proc/{server_of(folder)}").stat().st_uid == nobody
        async with holder_of(folder, nobody) as (_holder, url):
            assert await read(url) == "önly"

    async def test_root_uses_a_folder_of_somebody_else_as_that_one(
        self, folder: Path, programs_for_everybody: None
    ) -> None:
        nobody = pwd.getpwnam("nobody")
        folder.mkdir()
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        async with EmbeddedPostgres(folder) as url:
            await write(url)
            assert (folder / "data").stat().st_uid == nobody.pw_uid
        async with EmbeddedPostgres(folder) as url:
            assert await read(url) == "önly"

    async def test_root_without_namespaces_lets_nobody_run_it(
        self, folder: Path, programs_for_everybody: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with EmbeddedPostgres(folder) as url:
            await write(url)
        monkeypatch.setattr(identity, "_namespace", lambda: ())
        async with EmbeddedPostgres(folder) as url:
            assert await read(url) == "önly"
            assert (folder / "data").stat().st_uid == pwd.getpwnam("nobody").pw_uid

    async def test_root_without_namespaces_says_what_nobody_cannot_reach(
        self, tmp_path: Path, programs_for_everybody: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(identity, "_namespace", lambda: ())
        tmp_path.chmod(0o700)
        with pytest.raises(EmbeddedPostgresFailed, match=r"cannot reach .*: start voice-server as an ordinary user"):
            await EmbeddedPostgres(tmp_path / "postgres").__aenter__()

    async def test_a_folder_that_cannot_be_written_to_is_one_line(
        self, folder: Path, programs_for_everybody: None
    ) -> None:
        async with holder_of(folder, pwd.getpwnam("nobody").pw_uid) as (_holder, said):
            assert said.startswith(f"failed: The database cannot be kept in {folder}: Permission denied. Set DATA_DIR")
