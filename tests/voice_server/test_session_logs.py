"""Session logs on disk: who may read them, what is in them, and what happens when the disk does not keep up."""

import asyncio
import stat
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from pipeline.events import AudioReceived, ItemCreated, ReplyAudio, ReplyFinished, ReplyRequested
from pipeline.session_log import Closed, Entered, Fact, Left, Opened, read, replay
from pipeline.settings import SessionSettings
from tests.voice_server.full_server import FullServer, full_server
from voice_server import session_logs
from voice_server.session_logs import SessionLogs
from voice_server.wire.session_config import SessionConfig, start_session

QUESTION = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How are you?"}]}


async def ask(server: FullServer) -> None:
    """One turn, with some audio in it."""
    async with server.http.ws_connect("/v1/realtime?model=other") as socket:
        await socket.send_json({"type": "input_audio_buffer.append", "audio": "AAAA" * 640})
        await socket.send_json({"type": "conversation.item.create", "item": QUESTION})
        await socket.send_json({"type": "response.create"})
        while (await socket.receive_json())["type"] != "response.done":
            pass


async def metrics(server: FullServer) -> str:
    async with server.http.get("/metrics") as answer:
        return await answer.text()


def written(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def logged(folder: Path) -> list[list[Fact]]:
    return [[read(line) for line in path.read_text().splitlines()] for path in written(folder)]


def config() -> SessionConfig:
    return start_session("sess_1", "tester", SessionSettings(), 1_800_000_000, "realtime")


async def test_nothing_is_written_unless_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with full_server() as server:
        await ask(server)
        kept = server.storage.folder
    assert not [path for path in written(tmp_path) if path.is_file() or not path.is_relative_to(kept)]


@pytest.mark.parametrize("with_audio", [False, True])
async def test_a_conversation_is_written_down_from_its_beginning_to_its_end(tmp_path: Path, with_audio: bool) -> None:
    folder = tmp_path / "logs"
    async with full_server(session_log_dir=folder, session_log_audio=with_audio) as server:
        await ask(server)
        await ask(server)
    first, second = logged(folder)
    for facts in (first, second):
        assert isinstance(facts[0], Opened)
        assert facts[0].assistant == "other"
        assert facts[0].settings.instructions == "You are other."
        assert isinstance(facts[-1], Closed)
        assert facts[-1].reason == "closed with 1000"
        times = [fact.at for fact in facts if not isinstance(fact, Opened)]
        assert times == sorted(times)
        assert {type(event) for _, event in replay(facts)} == {AudioReceived, ItemCreated, ReplyRequested}
        assert any(isinstance(fact, Left) and isinstance(fact.output, ReplyFinished) for fact in facts)
        spoken = [fact.output for fact in facts if isinstance(fact, Left) and isinstance(fact.output, ReplyAudio)]
        assert any(each.samples.any() for each in spoken) == with_audio


async def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    async with full_server(session_log_dir=folder) as server:
        await ask(server)
    (path,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_log_that_cannot_keep_up_ends_early_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as warnings:
        async with SessionLogs(tmp_path, with_audio=False) as logs:
            writer = logs.observer(config())
            writer.entered(ReplyRequested())
            monkeypatch.setattr(session_logs, "MAX_WAITING", 0)
            for _ in range(5):
                writer.entered(ReplyRequested())
            monkeypatch.undo()
            writer.entered(ReplyRequested())
            writer.ended(1000)
    (facts,) = logged(tmp_path)
    assert [type(fact) for fact in facts] == [Opened, Entered, Closed], "no holes: nothing after what was lost"
    assert isinstance(facts[-1], Closed)
    assert facts[-1].reason == "cut short: the disk did not keep up"
    assert [line["event"] for line in warnings] == ["session log cut short"]
    assert logs.cut_short == 1


async def test_a_log_has_an_end_however_long_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_logs, "MAX_FACTS", 3)
    async with SessionLogs(tmp_path, with_audio=False) as logs:
        writer = logs.observer(config())
        for _ in range(10):
            writer.entered(ReplyRequested())
    (facts,) = logged(tmp_path)
    assert [type(fact) for fact in facts] == [Opened, Entered, Entered, Closed]


async def test_a_disk_that_fails_costs_one_log_and_no_conversation(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    with capture_logs() as errors:
        async with full_server(session_log_dir=folder) as server:
            await asyncio.to_thread(folder.rmdir)
            await ask(server)
            async with asyncio.timeout(20):
                while "voice_session_logs_cut_short_total 1.0" not in await metrics(server):
                    pass
            await asyncio.to_thread(folder.mkdir)
            await ask(server)
    assert "session log not written" in [line["event"] for line in errors]
    assert len(logged(folder)) == 1
