"""What a log line looks like to programs, and what is left out."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from benchmarks.emulators import elevenlabs
from benchmarks.emulators.scene import Scene
from benchmarks.emulators.server import Server
from pipeline.providers.elevenlabs.socket import connected
from voice_server.logs import configure_logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logs as the other tests know them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.getLogger("websockets").setLevel(logging.NOTSET)
    structlog.reset_defaults()


async def test_no_key_of_a_provider_is_logged_however_much_is(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("debug", "json")
    async with (
        Server(elevenlabs.application(Scene())) as vendor,
        connected(vendor.url, "/v1/speech-to-text/realtime", {}, "el-canary", "sess_1"),
    ):
        logging.getLogger("theirs").debug("connected")
    logged = capsys.readouterr().err
    assert "connected" in logged
    assert "el-canary" not in logged


def test_each_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json")
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        structlog.get_logger("ours").info("session opened", session="sess_1")
    logging.getLogger("theirs").warning("it is %s", "slow\nindeed")
    logging.getLogger("theirs").info("a request")
    structlog.get_logger("ours").debug("a transcript")
    try:
        int("broken")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["session opened", "it is slow\nindeed", "a request", "failed"]
    assert lines[0]["request_id"] == "req_1"
    assert lines[0]["session"] == "sess_1"
    assert lines[0]["level"] == "info"
    assert lines[0]["logger"] == "ours"
    assert lines[0]["timestamp"].endswith("Z")
    assert "ValueError: invalid literal" in lines[-1]["exception"]


@pytest.mark.parametrize("log_format", ["console", "auto"])
def test_the_level_decides_what_is_left_out(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure_logs("error", log_format)  # type: ignore[arg-type]
    structlog.get_logger("ours").warning("harmless")
    structlog.get_logger("ours").error("grave")
    shown = capsys.readouterr().err
    assert "grave" in shown
    assert "harmless" not in shown
    assert len(shown.splitlines()) == 1
