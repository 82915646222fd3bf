"""A conversation in the terminal with a server of its own, on nothing but what is embedded."""

import re
import socket
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.acceptance.command import ROOT, Command

SPEECH = ROOT / "tests" / "speech"


def test_a_recorded_question_is_understood_and_answered(command: Command, embedded_server: str, tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    recording = str(SPEECH / "square_root_slt.flac")
    ended = command.run("talk", recording, "--url", embedded_server, "--out", str(answer))
    assert ended.returncode == 0, ended.stderr
    assert "You        what is the square root of one hundred and forty four" in ended.stdout
    assert re.search(r"Assistant  .*\b(12|twelve)\b", ended.stdout)
    measured = re.search(r"^voice to voice +(\d+) ms", ended.stdout, re.MULTILINE)
    total = re.search(r"^on the server +(\d+) ms", ended.stdout, re.MULTILINE)
    spans = re.findall(r"^  (\w+) +(\d+) ms$", ended.stdout, re.MULTILINE)
    assert measured
    assert total
    assert [name for name, _ in spans][:2] == ["pause", "transcript"]
    assert sum(int(ms) for _, ms in spans) == pytest.approx(int(total[1]), abs=len(spans))
    samples, rate = soundfile.read(answer, dtype="int16")
    assert rate == 24_000
    assert len(samples) > rate / 2
    assert np.abs(samples).max() > 1000


def test_a_written_question_is_answered(command: Command, embedded_server: str) -> None:
    ended = command.run("talk", "--text", "What is two plus two?", "--url", embedded_server)
    assert ended.returncode == 0, ended.stderr
    assert "You        What is two plus two?" in ended.stdout
    assert re.search(r"Assistant  .*\b(4|four)\b", ended.stdout)


@pytest.mark.parametrize("arguments", [["--text", "hello"], [str(SPEECH / "square_root_slt.flac")]])
def test_a_server_that_is_not_there_is_one_line(command: Command, arguments: list[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = str(unused.getsockname()[1])
    ended = command.run("talk", *arguments, PORT=port)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert f"http://127.0.0.1:{port}" in ended.stderr
    assert "voice-server serve" in ended.stderr


def test_an_answer_that_cannot_be_written_is_one_line(command: Command, embedded_server: str) -> None:
    ended = command.run("talk", "--text", "hello", "--url", embedded_server, "--out", str(command.folder))
    assert ended.returncode == 1
    assert ended.stderr == f"{command.folder} cannot be written; name a file in a folder that you may write to.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["missing.wav"], 1, "missing.wav does not exist"),
        (["text.wav"], 1, "text.wav cannot be read as a recording"),
        (["text.wav", "--text", "hello"], 2, "not both"),
        (["--text", " "], 2, "--text is empty"),
        (["silent.wav"], 1, "silent.wav is silent"),
        (["--text", "hello", "--out", "nowhere/answer.wav"], 1, "nowhere is no folder"),
        (["--text", "hello", "--url", "ftp://x"], 1, "ftp://x is not the address of a server"),
    ],
)
def test_what_cannot_be_done_is_one_line(command: Command, arguments: list[str], code: int, expected: str) -> None:
    (command.folder / "text.wav").write_text("not audio")
    soundfile.write(command.folder / "silent.wav", np.zeros(24_000), 24_000)
    ended = command.run("talk", *arguments)
    assert ended.returncode == code
    assert len(ended.stderr.splitlines()) == 1
    assert expected in ended.stderr
