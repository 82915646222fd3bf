"""What the command says and how it ends."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.acceptance.command import Command, address_of


def test_serve_says_where_it_is_and_what_runs_and_stops_when_asked(command: Command) -> None:
    began = time.monotonic()
    server = command.start("serve", PORT="0", ELEVENLABS_API_KEY="el-secret", LLM="embedded")
    address, said = address_of(server)
    # A generous bound for a machine that does other things: it takes about two seconds.
    assert time.monotonic() - began < 30
    for expected in (
        "elevenlabs (eleven_flash_v2_5), then embedded",
        "science offline",
        "accounts in .voice-server, until they are deleted",
        "no key",
        "/docs",
    ):
        assert expected in said
    assert "el-secret" not in said
    with urllib.request.urlopen(f"{address}/ready", timeout=10) as answer:
        assert json.load(answer)["status"] == "ready"
    with urllib.request.urlopen(f"{address}/api/v1/about", timeout=10) as answer:
        assert json.load(answer)["assistants"][0]["name"] == "galion"
    server.send_signal(signal.SIGTERM)
    rest, errors = server.communicate(timeout=20)
    assert server.returncode == 0
    assert rest == ""
    assert "Traceback" not in errors


def test_embedded_says_what_it_is_and_what_to_set_for_more(embedded_server: str) -> None:
    with urllib.request.urlopen(f"{embedded_server}/api/v1/about", timeout=10) as answer:
        notices = " ".join(json.load(answer)["notices"])
    for expected in ("small vocabulary", "offline", "robotic", "OPENAI_API_KEY", "ELEVENLABS_API_KEY"):
        assert expected in notices


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"PORT": "eighty"}, "PORT: 'eighty' will not do; write a whole number from 0 to 65535"),
        ({"STT": "openai"}, "STT: openai needs its key; set OPENAI_API_KEY or take openai out"),
        ({"HOST": "0.0.0.0"}, "HOST: 0.0.0.0 can be reached from other machines, and API_KEYS is empty"),
    ],
)
@pytest.mark.parametrize("subcommand", ["serve", "check"])
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    command: Command, settings: dict[str, str], expected: str, subcommand: str
) -> None:
    ended = command.run(subcommand, **settings)
    assert_one_line(ended, 2, expected)


def test_a_port_in_use_is_one_line(command: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = command.run("serve", PORT=port, LOG_LEVEL="error")
    assert_one_line(ended, 1, f"PORT: 127.0.0.1:{port} is in use by another program")


def test_a_foreign_address_is_one_line(command: Command) -> None:
    ended = command.run("serve", PORT="0", HOST="192.0.2.1", API_KEYS="k", LOG_LEVEL="error")
    assert_one_line(ended, 1, "HOST: 192.0.2.1:0 cannot be listened on")


def test_a_data_folder_that_cannot_be_used_is_one_line(command: Command) -> None:
    (command.folder / "file").write_text("")
    ended = command.run("serve", PORT="0", DATA_DIR="file", LOG_LEVEL="error")
    assert_one_line(ended, 1, "DATA_DIR: file cannot be written to")


def test_servers_of_one_database_need_the_same_secret(command: Command) -> None:
    database = f"postgresql://nobody@/nothing?host={command.folder}"
    ended = command.run("serve", PORT="0", DATABASE_URL=database, LOG_LEVEL="error")
    assert_one_line(ended, 2, "SECRET_KEY: it is empty")
    ended = command.run("serve", PORT="0", DATABASE_URL=database, SECRET_KEY="x" * 32, LOG_LEVEL="error")
    assert_one_line(ended, 1, "PostgreSQL cannot be reached")


def test_a_folder_for_session_logs_that_cannot_be_used_is_one_line(command: Command) -> None:
    (command.folder / "file").write_text("")
    ended = command.run("serve", PORT="0", SESSION_LOG_DIR="file/logs", LOG_LEVEL="error")
    assert_one_line(ended, 1, "SESSION_LOG_DIR: file/logs cannot be written to")


def test_a_setting_in_dotenv_counts(command: Command) -> None:
    (command.folder / ".env").write_text("PORT=9123\nOPENAI_API_KEY=sk-secret\n")
    ended = command.run("check")
    assert ended.returncode == 0
    assert "PORT=9123" in ended.stdout
    assert "STT=openai,embedded" in ended.stdout
    assert "OPENAI_API_KEY=(set)" in ended.stdout
    assert "sk-secret" not in ended.stdout + ended.stderr


def test_help_names_the_commands(command: Command) -> None:
    ended = command.run("--help")
    assert ended.returncode == 0
    for name in ("serve", "talk", "check"):
        assert name in ended.stdout
    assert command.run("nonsense").returncode == 2


def test_the_other_commands_do_not_load_the_server(command: Command) -> None:
    program = "import sys, voice_server.cli; voice_server.cli.main(['check']); print('aiohttp' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=command.folder,
        env=command.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == "False"


def assert_one_line(ended: "subprocess.CompletedProcess[str]", code: int, expected: str) -> None:
    assert ended.returncode == code, ended.stderr
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith(f"voice-server: {expected}")
    assert ended.stdout == ""
