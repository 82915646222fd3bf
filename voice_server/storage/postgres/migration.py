"""The numbered files that make the database what this version needs.

`migrations/0007_name.sql` is one migration: it runs in one transaction, so that it happens wholly or not at all. A file
whose first line is `-- no transaction` runs statement by statement (`CREATE INDEX CONCURRENTLY` cannot do otherwise);
it begins again from its first statement if it was interrupted, so each of its statements can be said twice.

A migration is never changed, unless there are databases in which it cannot be run. It then begins with `-- in place of`
and the digest of what it was, which it is known by as before: whoever has either has the same, and a later migration
sees to it that this is true.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.abc import Traversable
from importlib.resources import files

MIGRATIONS: Traversable = files("voice_server.storage.postgres") / "migrations"
_FILE = re.compile(r"^(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.sql$")
_NO_TRANSACTION = "-- no transaction"
_IN_PLACE_OF = re.compile(r"-- in place of (?P<digest>[0-9a-f]{64})\n")
# A semicolon within any of these ends no statement.
_PIECE = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*'|"[^"]*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"""
    r"""|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>;)|(?P<other>[^'"$;/-]+|.)""",
    re.DOTALL,
)


class MigrationError(Exception):
    """The database was not brought up to date. The message says why, and what to do, in one line."""


@dataclass(frozen=True)
class Migration:
    """One file."""

    number: int
    name: str
    sql: str

    @property
    def title(self) -> str:
        """As its file is called, without the ending."""
        return f"{self.number:04}_{self.name}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its text, or of that in whose place it is, in hexadecimal digits."""
        if replaced := _IN_PLACE_OF.match(self.sql):
            return replaced["digest"]
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def in_transaction(self) -> bool:
        """Whether it happens wholly or not at all."""
        return not self.sql.startswith(_NO_TRANSACTION)

    def statements(self) -> list[str]:
        """Its statements one by one, without comments."""
        found = [""]
        for piece in _PIECE.finditer(self.sql):
            if piece["end"]:
                found.append("")
            elif not piece["comment"]:
                found[-1] += piece[0]
        return [statement.strip() for statement in found if statement.strip()]


def read_migrations(folder: Traversable = MIGRATIONS) -> list[Migration]:
    """All files of the folder, the lowest number first. Raises MigrationError."""
    found: dict[int, Migration] = {}
    for file in folder.iterdir():
        if not file.name.endswith(".sql"):
            continue
        parts = _FILE.match(file.name)
        if parts is None:
            raise MigrationError(f"migrations/{file.name} is not called as migrations are: 0001_name.sql.")
        migration = Migration(int(parts["number"]), parts["name"], file.read_text(encoding="utf-8"))
        if migration.number in found:
            raise MigrationError(f"Two migrations have one number: {found[migration.number].title}, {migration.title}.")
        found[migration.number] = migration
    return [found[number] for number in sorted(found)]
