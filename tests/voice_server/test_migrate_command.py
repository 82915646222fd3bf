"""`voice-server migrate`: a line for each migration, and clear words where it cannot be done."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from voice_server.cli import main
from voice_server.storage.postgres.embedded import EmbeddedPostgres
from voice_server.storage.postgres.migrate import migrate
from voice_server.storage.postgres.migration import read_migrations

APPLIED = [f"applied {migration.title}" for migration in read_migrations()]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings, and nothing kept, but what a test gives."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vs-") as folder:
        monkeypatch.setenv("DATA_DIR", folder)
        yield Path(folder)


def test_each_migration_is_a_line_and_is_applied_once(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate", "--url", empty_database_url]) == 0
    assert capsys.readouterr().out.splitlines() == APPLIED

    assert main(["migrate", "--url", empty_database_url]) == 0
    assert capsys.readouterr().out == "The database is up to date.\n"


def test_the_database_is_that_of_the_environment(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)

    assert main(["migrate"]) == 0
    assert capsys.readouterr().out.splitlines() == APPLIED


def test_who_does_not_listen_needs_no_keys_for_it(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task that migrates has the image's HOST, and none of the server's secrets."""
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.delenv("API_KEYS", raising=False)

    assert main(["migrate", "--url", empty_database_url]) == 0
    assert capsys.readouterr().out.splitlines() == APPLIED


def test_without_one_it_is_the_embedded_one(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def applied_later() -> int:
        async with EmbeddedPostgres(data_dir / "postgres") as url:
            return len(await migrate(url))

    assert main(["migrate"]) == 0
    assert capsys.readouterr().out.splitlines() == APPLIED
    assert asyncio.run(applied_later()) == 0


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--url", f"postgresql://nobody@/nothing?host={tmp_path}"]) == 1

    said = capsys.readouterr().err
    assert said.startswith("voice-server: PostgreSQL cannot be reached: ")
    assert said.count("\n") == 1
