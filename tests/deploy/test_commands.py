"""Every command that a page of deploy/ writes down is one that its program takes."""

import argparse
import importlib
import re
import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "deploy").rglob("*.md"))
SCRIPTS = ROOT / "deploy" / "scripts"
# What people put in.
PLACEHOLDERS = {"sha256:…": f"sha256:{64 * 'a'}", "$(git rev-parse HEAD)": 40 * "a"}


def commands(text: str) -> list[list[str]]:
    """Words of each `python -m deploy.…`, in fenced lines and in sentences."""
    fenced = re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in fenced for line in block.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines += [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", prose)]
    found = []
    for line in lines:
        for placeholder, value in PLACEHOLDERS.items():
            line = line.replace(placeholder, value)
        if line.startswith("python -m deploy."):
            found.append(shlex.split(line, comments=True)[2:])
    # The first lines of a page may say how all of them begin.
    return [words for words in found if "COMMAND" not in words[0]]


def _written() -> list[tuple[str, list[str]]]:
    found = {(page.name, tuple(words)) for page in PAGES for words in commands(page.read_text())}
    return [(name, list(words)) for name, words in sorted(found)]


class _Parsed(Exception):
    """The program has taken its arguments."""


def parser_of(monkeypatch: pytest.MonkeyPatch, module: str, arguments: list[str]) -> argparse.ArgumentParser:
    """The program's own, once it has parsed them. Raises SystemExit if it refuses them."""
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self: argparse.ArgumentParser, *given: object, **named: object) -> argparse.Namespace:
        parse(self, *given, **named)  # type: ignore[arg-type]
        raise _Parsed(self)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    is_package = (ROOT / module.replace(".", "/")).is_dir()
    program = importlib.import_module(f"{module}.__main__" if is_package else module)
    with pytest.raises(_Parsed) as parsed:
        (program.main if is_package else program.command)()
    found = parsed.value.args[0]
    assert isinstance(found, argparse.ArgumentParser)
    return found


@pytest.mark.parametrize(("page", "words"), _written(), ids=lambda value: value if isinstance(value, str) else value[0])
def test_a_command_is_taken(monkeypatch: pytest.MonkeyPatch, page: str, words: list[str]) -> None:
    module, *arguments = words
    # By its name alone, it is only spoken of.
    if arguments or module in ("deploy.costs", "deploy.runbooks"):
        parser_of(monkeypatch, module, arguments)
    else:
        assert (ROOT / f"{module.replace('.', '/')}.py").exists() or (ROOT / module.replace(".", "/")).is_dir()


def test_commands_are_found() -> None:
    found = {(page, words[0]) for page, words in _written()}
    assert {("first-deployment.md", "deploy.scripts.image"), ("upgrades.md", "deploy.scripts.deploy")} <= found
    assert ("README.md", "deploy.policy") in found
    assert commands("`python -m deploy.scripts.scan\n--image-digest sha256:…`") == [
        ["deploy.scripts.scan", "--image-digest", f"sha256:{64 * 'a'}"]
    ]


@pytest.mark.parametrize("arguments", ["", "--environment", "--environment production --images 3"])
def test_what_a_program_does_not_take_is_found(monkeypatch: pytest.MonkeyPatch, arguments: str) -> None:
    with pytest.raises(SystemExit):
        parser_of(monkeypatch, "deploy.scripts.running", arguments.split())


REQUIRED = {
    "image": ["--tag", "abc123"],
    "scan": ["--image-digest", f"sha256:{64 * 'a'}"],
    "deploy": ["--image-digest", f"sha256:{64 * 'a'}"],
    "restore": ["--label", "drill"],
}


def test_the_table_has_every_command() -> None:
    assert _rows().keys() == {
        file.stem for file in SCRIPTS.glob("*.py") if f'parser("{file.stem}", __doc__)' in file.read_text()
    }


def _rows() -> dict[str, str]:
    return dict(re.findall(r"^\| `([a-z]+)\b(.*)\|$", (SCRIPTS / "README.md").read_text(), re.MULTILINE))


@pytest.mark.parametrize(("name", "row"), _rows().items())
def test_the_table_has_options_that_a_command_takes(monkeypatch: pytest.MonkeyPatch, name: str, row: str) -> None:
    arguments = ["--environment", "production", *REQUIRED.get(name, [])]
    told = parser_of(monkeypatch, f"deploy.scripts.{name}", arguments).format_help()

    assert [option for option in re.findall(r"--[a-z-]+", row) if not re.search(rf"{option}\b", told)] == []
