"""Make a snapshot of the database, and wait until it can be restored; then remove what was made here long ago."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.scripts.command import Context, Open, main, open_context, parser
from deploy.scripts.failures import DONE, Wrong
from deploy.scripts.rds import Database

SECONDS = 3600.0
_LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def run(context: Context, options: argparse.Namespace) -> int:
    """Gives the exit code. Raises Failed."""
    label = options.label or datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    if not _LABEL.fullmatch(label):
        raise Wrong(f"--label {label}: RDS takes lower-case letters and digits, with single hyphens between.")
    database = Database(context.session.client("rds"), context.environment.database)
    name = f"{database.identifier}-{label}"
    database.snapshot(name, options.reason)
    context.say(f"Snapshot {name} of {database.identifier}: RDS works on it.")
    snapshot = database.wait_for_snapshot(name, context.clock, seconds=SECONDS)
    context.say(
        f"Ready: {name}, {snapshot['AllocatedStorage']} GB. By itself it never goes; --keep and --days remove it."
    )
    _prune(context, database, snapshot, options)
    return DONE


def _prune(context: Context, database: Database, newest: Mapping[str, Any], options: argparse.Namespace) -> None:
    """Never the newest one, and none that somebody made in another way."""
    name, made_at = newest["DBSnapshotIdentifier"], newest["SnapshotCreateTime"]
    before = [each for each in database.snapshots_made_here() if each["DBSnapshotIdentifier"] != name]
    for kept, each in enumerate(before, start=1):
        is_one_too_many = options.keep is not None and kept >= options.keep
        is_too_old = options.days is not None and made_at - each["SnapshotCreateTime"] > timedelta(days=options.days)
        if is_one_too_many or is_too_old:
            database.drop_snapshot(each)
            context.say(f"Removed: {each['DBSnapshotIdentifier']}, of {each['SnapshotCreateTime']:%Y-%m-%d %H:%M} UTC.")


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 1 is needed")
    return int(text)


def command(arguments: Sequence[str] | None = None, opened: Open = open_context) -> int:
    """Gives the exit code."""
    made = parser("backup", __doc__)
    made.add_argument("--label", metavar="TEXT", help="end of its name; default: the time, in UTC")
    made.add_argument("--reason", default="by hand", metavar="TEXT", help="its tag Reason")
    made.add_argument("--keep", type=_whole, metavar="N", help="remove all that this command made but the newest N")
    made.add_argument("--days", type=_whole, metavar="N", help="remove what this command made more than N days ago")
    return main(made, run, arguments, opened)


if __name__ == "__main__":
    sys.exit(command())
