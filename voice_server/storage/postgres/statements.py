"""The statements that features run: files in `queries/`, one for each noun.

    -- name: find_by_email
    SELECT … WHERE lower(email) = lower($1);

A statement ends where the next one begins. Comments above the first one are about the file.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)
_FOLDER = files("voice_server.storage.postgres") / "queries"


class Statements(Mapping[str, str]):
    """The statements of one file by their names."""

    def __init__(self, noun: str, text: str) -> None:
        self.noun = noun
        parts = _NAME.split(text)[1:]
        names, bodies = parts[::2], parts[1::2]
        self._by_name = {name: body.strip() for name, body in zip(names, bodies, strict=True)}
        if len(self._by_name) < len(names):
            raise ValueError(f"queries/{noun}.sql has two statements of one name")

    @staticmethod
    @cache
    def of(noun: str) -> "Statements":
        """Those in `queries/<noun>.sql`."""
        return Statements(noun, (_FOLDER / f"{noun}.sql").read_text())

    @staticmethod
    def nouns() -> list[str]:
        """The nouns that have a file."""
        return sorted(file.name.removesuffix(".sql") for file in _FOLDER.iterdir() if file.name.endswith(".sql"))

    def __getitem__(self, name: str) -> str:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)
